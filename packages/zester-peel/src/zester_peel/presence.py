"""How a peel shows that it is there, and learns the site's time (bus.md 5 and 6.8)."""

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
from typing import Final

from zester_peel.answers import BadAnswer, answer_of
from zester_peel.clock import OFF, SiteClock
from zester_peel.trust import TrustWalk
from zester_proto.codec import encode
from zester_proto.errors import ZesterError
from zester_proto.health import Condition, Health
from zester_proto.identity.bundle import TrustError
from zester_proto.identity.signing import BadSignature
from zester_proto.link import LinkError, LinkTimeout, NatsLink, NoResponders
from zester_proto.link.backoff import Backoff
from zester_proto.logs import Log
from zester_proto.messages.presence import Heartbeat, Hello, Welcome
from zester_proto.subjects import heartbeat, peel_asks

RENEW: Final = 600.0
"""Seconds between questions for the time (bus.md 5)."""

BEAT: Final = 10.0
"""Seconds between heartbeats, give or take a fifth (bus.md 4)."""

_ASK: Final = 5.0
_NAMED: Final = 64
"""Jids in a heartbeat."""


class Presence:
    """Asks for the time and beats.

    Args:
        peel_id: whose presence it is.
        instance: of this agent.
        version: of this agent.
        link: the bus.
        trust: says which masters are believed.
        clock: gets the time.
        health: gets the conditions.
        welcomed: told of each welcome, after the clock is set.
        jobs: gives the jids that are under way.
        log: where lines go.
    """

    def __init__(
        self,
        peel_id: str,
        instance: str,
        *,
        version: str,
        link: NatsLink,
        trust: TrustWalk,
        clock: SiteClock,
        health: Health,
        welcomed: Callable[[Welcome], Awaitable[None]],
        jobs: Callable[[], Iterable[str]],
        log: Log,
    ) -> None:
        self.sure = True
        """Whether the last welcome said all; a master that is young asks to be asked again."""
        self.last_beat: float | None = None
        """Monotonic time of the last heartbeat that was sent."""
        self._peel_id = peel_id
        self._instance = instance
        self._version = version
        self._link = link
        self._trust = trust
        self._clock = clock
        self._health = health
        self._welcomed = welcomed
        self._jobs = jobs
        self._log = log
        self._asked = 0
        self._beaten = 0
        """Numbers of the connections over which it was done last."""
        self._ask_again = asyncio.Event()
        self._beat_again = asyncio.Event()

    async def connected(self, epoch: int) -> None:
        """Ask and beat at once where the connection is new to us."""
        if epoch != self._asked:
            self._ask_again.set()
        if epoch != self._beaten:
            self._beat_again.set()

    def ask(self) -> None:
        """Ask for a welcome soon: something that it says may have changed."""
        self._ask_again.set()

    # -- the time ------------------------------------------------------------------------------

    async def serve_time(self) -> None:
        """Ask after each connect, again until a master answers, and then every ten minutes."""
        backoff, unsure = Backoff(base=0.5, cap=15.0), Backoff(base=1.0, cap=60.0)
        while True:
            self._asked = await self._link.wait_connected()
            self._ask_again.clear()
            try:
                await self._hello()
            except (LinkError, BadAnswer, TrustError, BadSignature) as error:
                self._unwelcome(error)
                patience = backoff.next()
            else:
                self._health.clear("no-welcome")
                patience = RENEW if self.sure else unsure.next()
                backoff.reset()
                if self.sure:
                    unsure.reset()
            await _event_or(self._ask_again, patience)

    def _unwelcome(self, error: ZesterError) -> None:
        if self._clock.welcomed is not None:
            self._log.debug("the time was not renewed", error=error.message)
            return
        silent = isinstance(error, (NoResponders, LinkTimeout))
        text = "no master answers" if silent else f"no welcome: {error.message}"
        remedy = "start a master of this site" if silent else error.hint
        self._health.set(
            Condition("no-welcome", "error", f"{text}; this peel takes no jobs yet", remedy)
        )

    async def _hello(self) -> None:
        nonce, asked = os.urandom(16), self._clock.steady()
        question = Hello(
            nonce=nonce,
            instance=self._instance,
            version=self._version,
            clock=time.time(),
            bundle=self._trust.store.version,
        )
        answer = await self._link.request(
            peel_asks(self._peel_id, "hello"), encode(question), seconds=_ASK
        )
        answered = self._clock.steady()
        welcome = await answer_of(
            answer.data, "welcome", Welcome,
            trust=self._trust, peel_id=self._peel_id, nonce=nonce,
        )  # fmt: skip
        self._clock.set(welcome.time, asked, answered)
        self._report_clock()
        self.sure = welcome.settings >= 0
        await self._welcomed(welcome)
        if welcome.bundle > self._trust.store.version:
            await self._trust.walk(wanted=welcome.bundle)

    def _report_clock(self) -> None:
        off = self._clock.off
        if abs(off) <= OFF:
            self._health.clear("clock-off")
            return
        side = "ahead of" if off > 0 else "behind"
        self._health.set(
            Condition(
                "clock-off",
                "warning",
                f"the clock of this host is {abs(off):.0f} s {side} the site's time",
                "set the clock, and run an NTP client; jobs go by the site's time meanwhile",
            )
        )

    # -- the heartbeat -------------------------------------------------------------------------

    async def serve_beats(self) -> None:
        """Beat after each connect and then every ten seconds or so."""
        while True:
            self._beaten = await self._link.wait_connected()
            self._beat_again.clear()
            try:
                await self._beat()
            except LinkError as error:
                self._log.debug("a heartbeat was not sent", error=error.message)
            spread = random.uniform(0.8, 1.2)  # noqa: S311  # it spreads a fleet, it keeps no secret
            await _event_or(self._beat_again, BEAT * spread)

    async def _beat(self) -> None:
        running = tuple(islice(self._jobs(), _NAMED))
        beat = Heartbeat(instance=self._instance, version=self._version, running=running)
        await self._link.publish(heartbeat(self._peel_id), encode(beat))
        self.last_beat = time.monotonic()


async def _event_or(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
