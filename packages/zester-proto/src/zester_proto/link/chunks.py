"""Values larger than one message: chunks `.1` to `.n` first, then the head that names them.

The head is the plain key, empty, with the number of chunks, the size and the BLAKE2b of the whole
in its headers (bus.md 4 and 6.6). Who reads checks both, so a value that is being replaced is read
again, and never half.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NamedTuple

from zester_proto.buckets import CHUNK
from zester_proto.codec import digest
from zester_proto.link import kv
from zester_proto.link.errors import AlreadyThere, BadReply
from zester_proto.link.jsapi import Entry
from zester_proto.link.link import NatsLink
from zester_proto.link.options import NO_HEADERS

COUNT: Final = "Zester-Chunks"
SIZE: Final = "Zester-Size"
DIGEST: Final = "Zester-Digest"
MAX_VALUE: Final = 64 * 1024 * 1024
"""Bytes of a value that is read whole."""

MAX_CHUNKS: Final = 9999
"""The highest number of a chunk (subjects.parse_return_key)."""

_AT_ONCE: Final = 8
_TRIES: Final = 4

Put = Callable[[str, bytes, Mapping[str, str]], Awaitable[int]]


class Head(NamedTuple):
    """What the head of a chunked value says."""

    total: int
    size: int
    digest: bytes


def head_headers(value: bytes, chunk: int = CHUNK) -> dict[str, str]:
    """Give the headers of the head of a value that travels in chunks of `chunk` bytes."""
    return {
        COUNT: str(-(-len(value) // chunk)),
        SIZE: str(len(value)),
        DIGEST: digest(value).hex(),
    }


def read_head(headers: Mapping[str, str]) -> Head | None:
    """Read an entry's headers; None if its value is not chunked.

    Raises:
        BadReply: they say something impossible.
    """
    if COUNT not in headers:
        return None
    try:
        head = Head(
            int(headers[COUNT]), int(headers.get(SIZE, "")), bytes.fromhex(headers.get(DIGEST, ""))
        )
    except ValueError as error:
        raise BadReply("the head of a chunked value makes no sense") from error
    if not (0 < head.total <= MAX_CHUNKS and head.size > 0 and len(head.digest) == 32):
        raise BadReply("the head of a chunked value makes no sense")
    return head


async def write(
    link: NatsLink,
    bucket: str,
    key: str,
    value: bytes,
    *,
    chunk: int = CHUNK,
    put: Put | None = None,
) -> int:
    """Write a value, in chunks if it is larger than one; give the revision of its head.

    A chunk that a write-once bucket has already is taken as written by an earlier try: the digest
    in the head tells if it was not.

    Args:
        link: the bus.
        bucket: name of the bucket.
        key: the key, as it travels.
        value: the bytes.
        chunk: bytes of one chunk.
        put: stores (key, value, headers) and gives the revision; `put_until_acked` if none.

    Raises:
        LinkError: as `put` raises.
    """

    async def until_acked(key: str, value: bytes, headers: Mapping[str, str]) -> int:
        return await kv.put_until_acked(link, bucket, key, value, headers=headers)

    store = put or until_acked
    if len(value) <= chunk:
        return await store(key, value, NO_HEADERS)
    for number, start in enumerate(range(0, len(value), chunk), 1):
        try:
            await store(f"{key}.{number}", value[start : start + chunk], NO_HEADERS)
        except AlreadyThere:
            continue
    return await store(key, b"", head_headers(value, chunk))


async def read(
    link: NatsLink,
    bucket: str,
    key: str,
    *,
    limit: int = MAX_VALUE,
    seconds: float | None = None,
) -> Entry | None:
    """Read a value, whole and checked; None if the key has none.

    Raises:
        BadReply: its chunks do not make what the head says, or more than `limit` bytes.
        LinkError: it cannot be read.
    """
    for attempt in range(_TRIES):
        entry = await kv.get(link, bucket, key, seconds=seconds)
        if entry is None or (head := read_head(entry.headers)) is None:
            return entry
        if head.size > limit:
            raise BadReply(f"{key} in {bucket} has {head.size} bytes, at most {limit} are read")
        value = await _join(link, bucket, key, head, seconds)
        if value is not None:
            return entry._replace(value=value)
        await asyncio.sleep(0.05 * 2**attempt)  # it is being replaced: its head comes last
    raise BadReply(f"the chunks of {key} in {bucket} do not make the value that its head names")


async def _join(
    link: NatsLink, bucket: str, key: str, head: Head, seconds: float | None
) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    for first in range(1, head.total + 1, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, head.total + 1))
        found = await asyncio.gather(
            *(kv.get(link, bucket, f"{key}.{number}", seconds=seconds) for number in numbers)
        )
        for part in found:
            if part is None or (size := size + len(part.value)) > head.size:
                return None
            parts.append(part.value)
    value = b"".join(parts)
    return value if len(value) == head.size and digest(value) == head.digest else None


async def delete(link: NatsLink, bucket: str, key: str) -> None:
    """Delete a value: its head first, then its chunks.

    Raises:
        LinkError: as `kv.put`.
    """
    entry = await kv.get(link, bucket, key)
    if entry is None:
        return
    head = read_head(entry.headers)
    await kv.delete(link, bucket, key)
    for number in range(1, head.total + 1 if head else 1):
        await kv.delete(link, bucket, f"{key}.{number}")
