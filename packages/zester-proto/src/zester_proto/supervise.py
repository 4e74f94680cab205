"""Keeps the parts of a daemon running: one that fails comes back, and never takes the rest."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from zester_proto.errors import ZesterError
from zester_proto.health import Condition, Health
from zester_proto.link.backoff import Backoff
from zester_proto.logs import Log
from zester_proto.metrics import Counter

STEADY: Final = 30.0
"""Seconds after which a part that came back counts as well."""


class Supervisor:
    """Restarts parts with backoff, and shows in /readyz which of them failed.

    Args:
        whose: what the parts are those of, for people: `the agent`.
        health: gets a condition for each part that fails.
        restarts: counts them, by `part`.
        log: where lines go.
        base: seconds to wait at first.
    """

    def __init__(
        self, whose: str, health: Health, restarts: Counter, log: Log, *, base: float = 0.5
    ) -> None:
        self._whose = whose
        self._health = health
        self._restarts = restarts
        self._log = log
        self._base = base

    async def keep(self, name: str, serve: Callable[[], Awaitable[None]]) -> None:
        """Run a part for ever; only being cancelled ends it."""
        loop = asyncio.get_running_loop()
        backoff = Backoff(base=self._base, cap=30.0)
        while True:
            began = loop.time()
            timer = loop.call_later(STEADY, self._health.clear, _code(name))
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
        self._log.failure(f"a part of {self._whose} failed: {name}", error)
        self._restarts.inc(part=name)
        self._health.set(
            Condition(
                _code(name),
                "error",
                f"{self._whose}'s {name} failed: {error}",
                "it is started again by itself; if it fails again and again, look into the log",
            )
        )


def _code(name: str) -> str:
    return f"part-{name}"
