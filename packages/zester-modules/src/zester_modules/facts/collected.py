"""The facts of a host at one moment, as they travel between processes."""

from typing import Any, Final

import msgspec

from zester_proto import codec

FACTS_LIMIT: Final = 120 * 1024
"""Bytes of all facts of a host, packed; sealed they have to stay below 128 KiB (bus.md 7)."""


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """Facts in canonical bytes: two runs on an idle host give the same."""

    data: bytes
    """The packed map."""
    warnings: tuple[str, ...] = ()
    """What could not be found out or was left out, one sentence each."""
    seconds: float = 0.0
    """How long it took."""

    def facts(self) -> dict[str, Any]:
        """Give the map, made anew at each call."""
        return codec.unpack(self.data, limit=FACTS_LIMIT)

    def digest(self) -> bytes:
        """Give the digest by which two collections are compared."""
        return codec.digest(self.data)
