"""Peels that are shut out, in one sealed value that the masters share (bus.md 7)."""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from zester_master.context import Context
from zester_master.fleet.shared import Shared
from zester_proto.health import Condition
from zester_proto.link.watch import watch
from zester_proto.logs import Log
from zester_proto.units import few

KEY: Final = "store.quarantine"
_NAMED: Final = 5
_log: Final = Log("zester.quarantine")


class Case(msgspec.Struct, frozen=True):
    """Why a peel is shut out, since when, and which master saw it."""

    why: str
    since: float
    master: str


class _Cases(msgspec.Struct, frozen=True, tag="quarantine", tag_field="t"):
    peels: dict[str, Case]


class Quarantine:
    """The peels that are shut out, as this master last read them; `Context.quarantined` mirrors it.

    Attributes:
        ready: what was stored has been read once.
    """

    def __init__(self, context: Context) -> None:
        self.ready = asyncio.Event()
        self._context = context
        self._shared = Shared(context, KEY, _Cases)
        self._hooks: list[Callable[[str, bool], None]] = []

    def on_change(self, hook: Callable[[str, bool], None]) -> None:
        """Call `hook(peel, whether)` when a peel is shut out, or let in again."""
        self._hooks.append(hook)

    async def run(self) -> None:
        """Read what other masters write, until cancelled."""
        async with watch(self._context.link, self._shared.bucket, KEY) as entries:
            async for batch in entries:
                for entry in batch.entries:
                    stored = self._shared.read(entry)
                    if stored is not None:
                        self._take(stored.peels)
                if batch.caught_up:
                    self.ready.set()

    async def add(self, peel_id: str, why: str) -> bool:
        """Shut a peel out; false if it is already.

        Raises:
            LinkError: it is not stored.
        """
        case = Case(why, self._context.wall(), self._context.name)

        def change(stored: _Cases | None) -> _Cases | None:
            known = stored.peels if stored is not None else {}
            return None if peel_id in known else _Cases({**known, peel_id: case})

        return await self._change(change)

    async def lift(self, peel_id: str) -> bool:
        """Let a peel in again; false if it is not shut out.

        Raises:
            LinkError: it is not stored.
        """

        def change(stored: _Cases | None) -> _Cases | None:
            known = dict(stored.peels) if stored is not None else {}
            return _Cases(known) if known.pop(peel_id, None) is not None else None

        return await self._change(change)

    async def _change(self, change: Callable[[_Cases | None], _Cases | None]) -> bool:
        changed = await self._shared.change(change)
        if changed is None:
            return False
        self._take(changed.peels)
        return True

    def _take(self, cases: dict[str, Case]) -> None:
        known = self._context.quarantined
        news = [(one, True) for one in cases if one not in known]
        news += [(one, False) for one in known if one not in cases]
        known.clear()
        known.update((one, case.why) for one, case in cases.items())
        for peel_id, shut in news:
            _log.warn("a peel is shut out" if shut else "a peel is let in again", peel_id=peel_id)
            for hook in self._hooks:
                hook(peel_id, shut)
        self._tell()

    def _tell(self) -> None:
        known = self._context.quarantined
        if not known:
            self._context.health.clear("quarantine")
            return
        cases = [f"{one}: {why}" for one, why in sorted(known.items())]
        self._context.health.set(
            Condition(
                "quarantine",
                "warning",
                f"{len(known)} peels are shut out: {few(cases, _NAMED, between='; ')}",
                "look at those hosts; zester peel unquarantine ID lets one in again",
            )
        )
