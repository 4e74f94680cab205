"""Which peels take no jobs, in one sealed value that the masters share (bus.md 6.10)."""

from typing import Final, NamedTuple

import msgspec

from zester_master.context import Context
from zester_proto.codec import decode, encode
from zester_proto.errors import CodecError
from zester_proto.identity.sealing import SealError, open_with, seal_with
from zester_proto.link import WrongRevision, kv
from zester_proto.link.jsapi import Entry
from zester_proto.link.watch import watch
from zester_proto.logs import Log

BUCKET: Final = "site"
KEY: Final = "store.drains"
_AAD: Final = b"zester/site/store.drains/v1"
_TRIES: Final = 10
_LIMIT: Final = 8 * 1024 * 1024
_log: Final = Log("zester.drains")


class Drain(NamedTuple):
    """The last word on one peel; numbers only rise."""

    number: int = 0
    on: bool = False


class _Drains(msgspec.Struct, frozen=True, tag="drains", tag_field="t"):
    peels: dict[str, Drain]


class Drains:
    """The drains of the site, as this master last read them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[str, Drain] = {}

    def get(self, peel_id: str) -> Drain:
        """Give the last word on a peel."""
        return self._known.get(peel_id, Drain())

    async def run(self) -> None:
        """Read what other masters write, until cancelled."""
        async with watch(self._context.link, BUCKET, KEY) as entries:
            async for batch in entries:
                for entry in batch.entries:
                    self._read(entry)

    def _read(self, entry: Entry | None) -> None:
        if entry is None or entry.operation != "put":
            self._known = {}
            return
        try:
            plain = open_with(self._context.keys.settings, _AAD, entry.value)
            stored = decode(plain, _Drains, limit=_LIMIT)
        except (SealError, CodecError) as error:
            _log.error("what is stored of drained peels cannot be read", error=error.message)
            return
        self._known = stored.peels

    async def set(self, peel_ids: list[str], number: int, *, on: bool) -> list[str]:
        """Store a word on some peels; give those for which it is news.

        Args:
            peel_ids: which.
            number: of this word; for a peel that has a later one it does nothing.
            on: drain, or undrain.

        Raises:
            LinkError: it is not stored.
        """
        link = self._context.link
        for _ in range(_TRIES):
            entry = await kv.get(link, BUCKET, KEY, fresh=True)
            self._read(entry)
            news = [one for one in peel_ids if self.get(one).number < number]
            changed = {**self._known, **{one: Drain(number, on) for one in news}}
            plain = encode(_Drains(changed))
            value = seal_with(self._context.keys.settings, _AAD, plain)
            try:
                if entry is None:
                    await kv.create(link, BUCKET, KEY, value)
                else:
                    await kv.update(link, BUCKET, KEY, value, entry.revision)
            except WrongRevision:
                continue
            self._known = changed
            return news
        raise WrongRevision("other masters keep changing who is drained")
