"""Peels that were admitted under a settings key that is gone: the new one's word for their keys.

Their JWTs carry the tag of the old key until they are renewed, for 15 days. When a rotation ends,
masters write down the tags that the new key would have given; each tag is a word of its own, which
whoever runs the store cannot make.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from zester_master.site.revocations import BUCKET, LIFE
from zester_proto.codec import decode, encode
from zester_proto.errors import CodecError
from zester_proto.link import NatsLink, chunks

KEY: Final = "store.admitted"
_LIMIT: Final = 64 * 1024 * 1024


class Vouched(msgspec.Struct, frozen=True, kw_only=True, tag="vouched", tag_field="t"):
    """Who was admitted when a rotation ended."""

    at: float
    """Unix time; after 31 days each of them was renewed, or has to join again."""
    tags: tuple[str, ...]


async def read_vouched(link: NatsLink, now: float) -> frozenset[str]:
    """Give the tags that hold now.

    Raises:
        LinkError: they cannot be read.
    """
    entry = await chunks.read(link, BUCKET, KEY, limit=_LIMIT)
    if entry is None:
        return frozenset()
    try:
        stored = decode(entry.value, Vouched, limit=_LIMIT)
    except CodecError:
        return frozenset()
    return frozenset(stored.tags) if now - stored.at < LIFE else frozenset()


async def write_vouched(link: NatsLink, tags: Iterable[str], now: float) -> None:
    """Write down who is admitted.

    Raises:
        LinkError: it is not stored.
    """
    await chunks.write(link, BUCKET, KEY, encode(Vouched(at=now, tags=tuple(sorted(tags)))))
