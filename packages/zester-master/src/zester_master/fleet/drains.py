"""Which peels take no jobs, in one sealed value that the masters share (bus.md 6.10)."""

from typing import Final, NamedTuple

import msgspec

from zester_master.context import Context
from zester_master.fleet.shared import Shared
from zester_proto.link.watch import watch

KEY: Final = "store.drains"


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
        self._shared = Shared(context, KEY, _Drains)
        self._known: dict[str, Drain] = {}

    def get(self, peel_id: str) -> Drain:
        """Give the last word on a peel."""
        return self._known.get(peel_id, Drain())

    async def run(self) -> None:
        """Read what other masters write, until cancelled."""
        async with watch(self._context.link, self._shared.bucket, KEY) as entries:
            async for batch in entries:
                for entry in batch.entries:
                    stored = self._shared.read(entry)
                    if stored is not None:
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
        news: list[str] = []

        def change(stored: _Drains | None) -> _Drains:
            known = stored.peels if stored is not None else {}
            news[:] = [one for one in peel_ids if known.get(one, Drain()).number < number]
            return _Drains({**known, **{one: Drain(number, on) for one in news}})

        changed = await self._shared.change(change)
        if changed is not None:
            self._known = changed.peels
        return news
