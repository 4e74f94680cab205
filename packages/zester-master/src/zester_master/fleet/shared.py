"""A sealed value in the bucket `site` that all masters read and change by compare-and-set."""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

import msgspec

from zester_master.context import Context
from zester_master.site.keyring import open_any
from zester_proto.codec import decode, encode
from zester_proto.errors import CodecError
from zester_proto.identity.sealing import SealError, seal_with
from zester_proto.link import LinkError, WrongRevision, kv
from zester_proto.link.jsapi import Entry
from zester_proto.logs import Log

T = TypeVar("T", bound=msgspec.Struct)
_TRIES: Final = 10
_LIMIT: Final = 8 * 1024 * 1024
_log: Final = Log("zester.shared")


class Unreadable(LinkError):
    """Raised when what masters share cannot be read here: it must not be lost by a change."""


def shared_aad(key: str) -> bytes:
    """Give what binds a sealed value to its key."""
    return f"zester/site/{key}/v1".encode()


class Shared(Generic[T]):
    """One value.

    Attributes:
        bucket: where it lies.
        key: under which key.
    """

    bucket: Final = "site"

    def __init__(self, context: Context, key: str, kind: type[T]) -> None:
        self.key = key
        self._context = context
        self._kind = kind
        self._aad = shared_aad(key)

    def read(self, entry: Entry | None) -> T | None:
        """Open what is stored; nothing if nothing is, or it cannot be read."""
        if entry is None or entry.operation != "put":
            return None
        try:
            keys = self._context.keys
            plain = open_any(keys.settings, keys.also, self._aad, entry.value)
            return decode(plain, self._kind, limit=_LIMIT)
        except (SealError, CodecError) as error:
            _log.error("a shared value cannot be read", key=self.key, error=error.message)
            return None

    async def change(self, change: Callable[[T | None], T | None]) -> T | None:
        """Put another value in the place of the one that is stored; give it.

        Args:
            change: gives the new value for the old one, or nothing to leave it; called again when
                another master was first.

        Raises:
            LinkError: it is not stored.
        """
        link = self._context.link
        for _ in range(_TRIES):
            entry = await kv.get(link, self.bucket, self.key, fresh=True)
            old = self.read(entry)
            if old is None and entry is not None:
                raise Unreadable(
                    f"{self.key} in the bucket {self.bucket} is sealed under another settings key",
                    hint="this master lacks a key that others hold: zester-master settings "
                    "rotate-key says which",
                )
            changed = change(old)
            if changed is None:
                return None
            value = seal_with(self._context.keys.settings, self._aad, encode(changed))
            try:
                if entry is None:
                    await kv.create(link, self.bucket, self.key, value)
                else:
                    await kv.update(link, self.bucket, self.key, value, entry.revision)
            except WrongRevision:
                continue
            return changed
        raise WrongRevision(f"other masters keep changing {self.key}")
