"""Keeps the parts of a master running: one that fails comes back, and never takes the rest."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from zester_master.meter import Meter
from zester_proto.errors import ZesterError
from zester_proto.health import Condition, Health
from zester_proto.link.backoff import Backoff
from zester_proto.logs import Log

STEADY: Final = 30.0
"""Seconds after which a part that came back counts as well."""


class Supervisor:
    """Restarts parts with backoff, and shows in /readyz which of them failed."""

    def __init__(self, health: Health, meter: Meter, *, base: float = 0.5) -> None:
        self._health = health
        self._meter = meter
        self._base = base
        self._log = Log("zester.master")

    async def keep(self, name: str, serve: Callable[[], Awaitable[None]]) -> None:
        """Run a part for ever; only being cancelled ends it."""
        loop = asyncio.get_running_loop()
        backoff = Backoff(base=self._base, cap=30.0)
        while True:
            began = loop.time()
            timer = loop.call_later(STEADY, self._health.clear, f"part-{name}")
            try:
                await serve()
                self._failed(name, ZesterError("it ended by itself"))
            except Exception as error:  # noqa: BLE001  # whatever it is, the rest goes on
                self._failed(name, error)
            finally:
                timer.cancel()
            if loop.time() - began > STEADY:
                backoff.reset()
            await asyncio.sleep(backoff.next())

    def _failed(self, name: str, error: Exception) -> None:
        self._log.failure(f"a part of the master failed: {name}", error)
        self._meter.restarts.inc(part=name)
        self._health.set(
            Condition(
                f"part-{name}",
                "error",
                f"the master's {name} failed: {error}",
                "it is started again by itself; if it fails again and again, look into the log",
            )
        )
