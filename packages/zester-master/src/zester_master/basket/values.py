"""Values that peels share, opened and checked, by name; read when somebody asks (settings.md 6)."""

import asyncio
import time
from typing import Final, NamedTuple

from zester_master.context import Context
from zester_proto.codec import decode, unpack
from zester_proto.errors import BadId, CodecError, ZesterError
from zester_proto.identity.sealing import SealError, open_with
from zester_proto.ids import dot_token, from_token
from zester_proto.kept import Kept
from zester_proto.link import kv
from zester_proto.link.jsapi import Entry
from zester_proto.messages.basket import (
    BUCKET,
    ENTRY_LIMIT,
    VALUE_LIMIT,
    BasketEntry,
    BasketValue,
    check_name,
    entry_aad,
    entry_key,
)

FRESH: Final = 2.0
"""Seconds for which what was read serves all who ask."""

NAMES: Final = 64
"""Names whose values are kept in memory; those not asked for longest go."""

MOST: Final = 64 * 1024 * 1024
"""Bytes of all values of one name."""

_SLICE: Final = 0.01


class BadValue(ZesterError):
    """Raised when what lies in the basket is not what its peel may put there."""


class Opened(NamedTuple):
    """One peel's value; none where it cannot be used."""

    revision: int
    at: float
    value: BasketValue | None


class _Name:
    def __init__(self) -> None:
        self.read_at = float("-inf")
        self.lock = asyncio.Lock()
        self.values: dict[str, Opened] = {}


class Values:
    """Reads the bucket `basket` for one master."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._names = Kept[str, _Name](NAMES)

    async def of(self, name: str) -> dict[str, Opened]:
        """Give what peels share under a name, by peel; not to be changed.

        Raises:
            BadName: it is no name.
            LinkError: it cannot be read.
        """
        known = self._names.get(check_name(name)) or _Name()
        self._names.put(name, known)
        async with known.lock:
            if self._context.clock() - known.read_at > FRESH:
                entries = await kv.get_many(
                    self._context.link, BUCKET, f"*.{dot_token(name)}", most=MOST
                )
                known.values = await self._open_all(name, entries, known.values)
                known.read_at = self._context.clock()
        return known.values

    async def of_peel(self, peel_id: str) -> dict[str, Opened]:
        """Give all that one peel shares, by name.

        Raises:
            LinkError: it cannot be read.
        """
        head = entry_key(peel_id, "x").removesuffix("x")
        entries = await kv.get_many(self._context.link, BUCKET, f"{head}*", most=MOST)
        return {
            (name := key.removeprefix(head).replace("=2E", ".")): self._open(peel_id, name, entry)
            for key, entry in entries.items()
        }

    async def _open_all(
        self, name: str, entries: dict[str, Entry], before: dict[str, Opened]
    ) -> dict[str, Opened]:
        found: dict[str, Opened] = {}
        until = time.monotonic() + _SLICE
        for key, entry in entries.items():
            try:
                peel_id = from_token(key.partition(".")[0])
            except BadId:
                continue
            known = before.get(peel_id)
            if known is not None and known.revision == entry.revision:
                found[peel_id] = known
                continue
            found[peel_id] = self._open(peel_id, name, entry)
            if time.monotonic() > until:
                await asyncio.sleep(0)
                until = time.monotonic() + _SLICE
        return found

    def _open(self, peel_id: str, name: str, entry: Entry) -> Opened:
        try:
            value = self._checked(peel_id, name, entry.value)
        except (BadValue, CodecError, SealError) as error:
            self._context.meter.dropped.inc(reason="basket")
            self._context.journal.audit("basket", "dropped", peel_id, error=error.message)
            value = None
        return Opened(entry.revision, entry.created, value)

    def _checked(self, peel_id: str, name: str, data: bytes) -> BasketValue:
        """Open a value and see that it is what it says.

        Raises:
            BadValue: it is too large, or another's.
            CodecError: it cannot be read, or is not in normal form.
            SealError: that peel has not sealed it for us and for this place.
        """
        check_name(name)
        shared = self._context.boxes.get(peel_id)
        if shared is None:
            raise BadValue(f"{peel_id} has brought no facts that say whose key it has")
        message = decode(data, BasketEntry, limit=ENTRY_LIMIT)
        aad = entry_aad(peel_id, name, message.return_key, message.v)
        value = decode(open_with(shared, aad, message.sealed), BasketValue)
        if value.name != name:
            raise BadValue(f"{peel_id} shares {value.name} under the name {name}")
        unpack(value.value, limit=VALUE_LIMIT)
        return value
