"""Looks at a bucket again whenever it may have changed: after a connect, a note, a welcome."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from zester_proto.errors import ZesterError
from zester_proto.health import Condition, Health
from zester_proto.link import Message, NatsLink
from zester_proto.link.backoff import Backoff


class Follower:
    """One part's looking; what it finds is checked by whoever looks.

    Args:
        look: reads what there is; raises ZesterError or OSError where it cannot be had.
        link: the bus.
        health: gets the condition of what cannot be had.
        code: of that condition.
        what: begins its text.
        jitter: seconds over which the peels of a fleet spread their reading after a note.
    """

    def __init__(
        self,
        look: Callable[[], Awaitable[None]],
        *,
        link: NatsLink,
        health: Health,
        code: str,
        what: str,
        jitter: float,
    ) -> None:
        self._look = look
        self._link = link
        self._health = health
        self._code = code
        self._what = what
        self._jitter = jitter
        self._changed = asyncio.Event()
        self._vouched = asyncio.Event()

    async def connected(self, _epoch: int) -> None:
        """Look again: notes may have passed while there was no connection."""
        self._changed.set()

    async def noted(self, _message: Message) -> None:
        """Hear that the bucket changed; whoever said so, it is only a hint to look."""
        self._changed.set()

    def ask(self) -> None:
        """Look again soon."""
        self._changed.set()

    def vouch(self) -> None:
        """Begin to look: a master has said what is the least that may be believed."""
        self._vouched.set()

    async def serve(self) -> None:
        """Look whenever there may be something new, until cancelled."""
        backoff = Backoff(base=1.0, cap=60.0)
        while True:
            await self._changed.wait()
            await self._vouched.wait()  # else an old one would do for a host that knows none
            await asyncio.sleep(random.uniform(0, self._jitter))  # noqa: S311  # no secret
            self._changed.clear()
            await self._link.wait_connected()
            try:
                await self._look()
            except (ZesterError, OSError) as error:
                self._complain(error)
                asyncio.get_running_loop().call_later(backoff.next(), self._changed.set)
            else:
                backoff.reset()
                self._health.clear(self._code)

    def _complain(self, error: ZesterError | OSError) -> None:
        text = error.message if isinstance(error, ZesterError) else str(error)
        hint = error.hint if isinstance(error, ZesterError) else ""
        self._health.set(Condition(self._code, "warning", f"{self._what}: {text}", hint))
