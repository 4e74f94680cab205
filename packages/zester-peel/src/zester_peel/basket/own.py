"""The values that this peel shares: when they are looked at, and how they reach the masters."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import msgspec

from zester_proto import PROTOCOL
from zester_proto.codec import decode, encode
from zester_proto.errors import CodecError, FileProblem, ZesterError
from zester_proto.files import make_private_folder, write_atomic
from zester_proto.health import Condition, Health
from zester_proto.identity.bundle import TrustStore
from zester_proto.identity.sealing import BoxKey, seal_return
from zester_proto.identity.signing import key_id
from zester_proto.link import NatsLink, kv
from zester_proto.logs import Log
from zester_proto.messages.basket import (
    BUCKET,
    NAMES,
    BasketEntry,
    BasketValue,
    entry_aad,
    entry_key,
)

FILE: Final = "own"
FILE_LIMIT: Final = 16 * 1024 * 1024

SETTLE: Final = 2.0
"""Seconds until a change is looked at: more of them may come at once."""

AGAIN: Final = 60.0
"""Seconds until a look that failed as a whole is tried again."""

PACE: Final = 0.5
"""Seconds that a put takes of the peel's budget (two a second, bus.md 7)."""

_SPREAD: Final = 0.1


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """A value of this peel."""

    value: BasketValue | None = None
    """None: it was not found yet."""
    interval: float = 0.0
    """Seconds between two looks; 0: nobody declares it, it was sent by hand."""


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    values: dict[str, Own] = msgspec.field(default_factory=dict[str, Own])


Look = Callable[[tuple[str, ...]], Coroutine[Any, Any, ZesterError | None]]
"""Runs `basket.update` for some names, or for all that is declared; gives why it failed."""


class OwnValues:
    """What this peel shares.

    Args:
        peel_id: whose values they are.
        box: seals them.
        folder: where they are remembered.
        link: the bus.
        trust: names the masters' key.
        health: gets the condition `basket` where a value fails.
        look: finds values; it calls `give` and `planned` by way of the worker.
        log: where lines go.
    """

    def __init__(
        self,
        peel_id: str,
        *,
        box: BoxKey,
        folder: Path,
        link: NatsLink,
        trust: TrustStore,
        health: Health,
        look: Look,
        log: Log,
    ) -> None:
        self.values: dict[str, Own] = {}
        self._peel_id = peel_id
        self._box = box
        self._file = folder / FILE
        self._link = link
        self._trust = trust
        self._health = health
        self._look = look
        self._log = log
        self._due: dict[str, float] = {}
        self._failing: dict[str, str] = {}
        self._plans = 0
        """How often a worker said what is declared."""
        self._whole = False
        """All that is declared has to be looked at."""
        self._wake = asyncio.Event()
        self._dirty: dict[str, None] = {}
        self._changed = asyncio.Event()
        self._return_key = b""

    def load(self) -> None:
        """Take up what the process before this one shared.

        Raises:
            FileProblem: the folder cannot be used.
        """
        make_private_folder(self._file.parent)
        try:
            self.values = decode(self._file.read_bytes(), _Kept, limit=FILE_LIMIT).values
        except FileNotFoundError:
            return
        except (OSError, CodecError) as error:
            self._log.warn("what was shared is not known any more", error=str(error))

    async def connected(self, _epoch: int) -> None:
        """Share anew where the masters have another key."""
        keys = self._trust.return_keys
        if keys and keys[0] != self._return_key:
            self._share(*self.values)

    # -- what workers say ----------------------------------------------------------------------

    def give(self, value: BasketValue) -> None:
        """Take a value that a worker found.

        Raises:
            ZesterError: there are too many.
        """
        before = self.values.get(value.name, Own())
        if value.name not in self.values and len(self.values) >= NAMES:
            raise ZesterError(
                f"this host shares {len(self.values)} values already, and no more are taken",
                hint="zester PEEL basket.delete NAME",
            )
        self.values[value.name] = msgspec.structs.replace(before, value=value)
        self._failing.pop(value.name, None)
        self._share(value.name)

    def planned(self, intervals: dict[str, float], failed: dict[str, str]) -> None:
        """Take what is declared now; what was declared before and is not any more goes."""
        for name in [name for name, one in self.values.items() if one.interval]:
            if name not in intervals:
                self.drop((name,))
        now = _now()
        for name, seconds in intervals.items():
            before = self.values.get(name, Own())
            self.values[name] = msgspec.structs.replace(before, interval=seconds)
            self._due[name] = now + seconds * random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311  # no secret
        self._plans += 1
        self._wake.set()
        self._keep()
        failing = {**self._failing, **failed}
        known = {*intervals, *failed}  # a name that can be none is declared, and never looked at
        self._failing = {name: why for name, why in failing.items() if name in known}
        self._say(self._failing)

    def drop(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Share some values no longer, or none at all; give those that were shared."""
        known = tuple(name for name in (names or tuple(self.values)) if name in self.values)
        for name in known:
            del self.values[name]
            self._due.pop(name, None)
        self._share(*known)
        return known

    def _share(self, *names: str) -> None:
        self._dirty.update(dict.fromkeys(names))
        self._changed.set()
        self._keep()

    def _keep(self) -> None:
        try:
            write_atomic(self._file, encode(_Kept(values=self.values)))
        except FileProblem as error:
            self._log.warn("what is shared is not remembered", error=error.message)

    def _say(self, failed: dict[str, str]) -> None:
        if not failed:
            self._health.clear("basket")
            return
        named = "; ".join(f"{name}: {why}" for name, why in sorted(failed.items())[:5])
        self._health.set(
            Condition(
                "basket",
                "warning",
                f"{len(failed)} values are not shared anew: {named}",
                "the last ones stay; zester PEEL basket.update tries again",
            )
        )

    # -- looking -------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Look at all that is declared soon: what declares it may have changed."""
        self._whole = True
        self._wake.set()

    async def serve_looking(self) -> None:
        """Look at values when their time has come, until cancelled."""
        while True:
            await self._wait()
            self._wake.clear()
            await asyncio.sleep(SETTLE * random.uniform(0.5, 1.5))  # noqa: S311  # no secret
            whole, self._whole = self._whole, False
            now = _now()
            names = () if whole else tuple(name for name, due in self._due.items() if due <= now)
            if not whole and not names:
                continue
            # a worker that dies says nothing: nobody may ask for it again at once
            for name in names or tuple(self._due):
                self._due[name] = now + max(AGAIN, self.values[name].interval)
            before = self._plans
            problem = await self._look(names)
            if problem is not None and self._plans == before:
                self._say({"basket.update": problem.message})
                self._whole = self._whole or whole
                asyncio.get_running_loop().call_later(AGAIN, self._wake.set)

    async def _wait(self) -> None:
        left = min(self._due.values(), default=_now() + 3600.0) - _now()
        try:
            async with asyncio.timeout(max(0.0, left)):
                await self._wake.wait()
        except TimeoutError:
            return

    # -- sharing -------------------------------------------------------------------------------

    async def serve_sharing(self) -> None:
        """Put what changed, until cancelled."""
        while True:
            await self._changed.wait()
            await self._link.wait_connected()
            self._changed.clear()
            names, self._dirty = list(self._dirty), {}
            for name in names:
                await self._put(name)
            # so many at once are within the budget; what comes after them waits
            await asyncio.sleep(PACE * len(names))

    async def _put(self, name: str) -> None:
        key, own = entry_key(self._peel_id, name), self.values.get(name)
        try:
            if own is None:
                await kv.put_until_acked(
                    self._link, BUCKET, key, b"", headers={"KV-Operation": "DEL"}
                )
            elif own.value is not None and (entry := self._entry(own.value)) is not None:
                await kv.put_until_acked(self._link, BUCKET, key, entry)
            self._health.clear("basket-refused")
        except ZesterError as error:
            self._health.set(
                Condition("basket-refused", "warning", f"{name}: {error.message}", error.hint)
            )

    def _entry(self, value: BasketValue) -> bytes | None:
        keys = self._trust.return_keys
        if not keys:
            return None
        self._return_key = keys[0]
        name = key_id(keys[0])
        aad = entry_aad(self._peel_id, value.name, name, PROTOCOL)
        sealed = seal_return(self._box, keys[0], aad, encode(value))
        return encode(BasketEntry(return_key=name, sealed=sealed))


def _now() -> float:
    return asyncio.get_running_loop().time()
