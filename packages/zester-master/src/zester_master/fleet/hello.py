"""What peels say of themselves, and the site time that they get for it (bus.md 5)."""

from typing import Final

from zester_master.context import Context
from zester_master.fleet.drains import Drains
from zester_master.fleet.guard import Guard
from zester_proto.codec import decode
from zester_proto.errors import BadId, CodecError
from zester_proto.health import Condition
from zester_proto.link import LinkError, Message
from zester_proto.logs import Log
from zester_proto.messages.presence import Heartbeat, Hello, Welcome
from zester_proto.subjects import (
    HEARTBEAT_ALL,
    HELLO_ALL,
    MASTERS,
    parse_heartbeat,
    parse_peel_asks,
)
from zester_proto.units import few

CLOCK_OFF: Final = 30.0
"""Seconds by which a peel's wall clock may be wrong before it is a condition (bus.md 5)."""

MAX_NONCE: Final = 64
MAX_BEAT: Final = 64 * 1024
_WAITING: Final = 4 * 1024 * 1024
"""Bytes of unread messages that are kept: the heartbeats of 50,000 peels."""

_NAMED: Final = 5
_log: Final = Log("zester.hello")


class Ears:
    """Hears heartbeats and hellos, and answers the latter."""

    def __init__(self, context: Context, drains: Drains, guard: Guard) -> None:
        self._context = context
        self._guard = guard
        self._drains = drains
        self._wrong: dict[str, float] = {}

    async def listen(self) -> None:
        """Subscribe; the link keeps it up."""
        link = self._context.ears
        await link.subscribe(HEARTBEAT_ALL, self._beat, pending_bytes=_WAITING)
        # every master sees every hello, one of them answers it
        await link.subscribe(HELLO_ALL, self._overheard, pending_bytes=_WAITING)
        await link.subscribe(HELLO_ALL, self._hello, queue=MASTERS, pending_bytes=_WAITING)

    async def _beat(self, message: Message) -> None:
        try:
            peel_id = parse_heartbeat(message.subject)
            if not self._guard.allows("heartbeat", peel_id):
                return
            beat = decode(message.data, Heartbeat, limit=MAX_BEAT)
        except (BadId, CodecError):
            self._context.meter.dropped.inc(reason="heartbeat")
            return
        self._context.presence.heard(peel_id, beat.instance, beat.version, beat.running)

    async def _overheard(self, message: Message) -> None:
        found = self._read(message)
        if found is not None:
            peel_id, hello = found
            presence = self._context.presence
            presence.spoke(peel_id, hello.instance, hello.clock)
            self._watch_clock(peel_id, hello.clock - self._context.wall())

    async def _hello(self, message: Message) -> None:
        found = self._read(message)
        if found is None or not message.reply:
            self._context.meter.dropped.inc(reason="hello")
            return
        peel_id, hello = found
        drain = self._drains.get(peel_id)
        welcome = Welcome(
            site=self._context.site,
            id=peel_id,
            nonce=hello.nonce,
            time=self._context.wall(),
            bundle=self._context.trust.version,
            drain=drain.number,
            drained=drain.on,
            tree=head.generation if (head := self._context.tree_head) else 0,
            settings=self._context.least_settings(peel_id),
        )
        try:
            await self._context.ears.publish(
                message.reply, self._context.signed("welcome", welcome)
            )
        except LinkError as error:
            _log.debug("a hello is not answered", peel_id=peel_id, error=error.message)

    def _read(self, message: Message) -> tuple[str, Hello] | None:
        try:
            peel_id, _ = parse_peel_asks(message.subject)
            if not self._guard.allows("hello", peel_id):
                return None
            hello = decode(message.data, Hello, limit=MAX_BEAT)
        except (BadId, CodecError):
            return None
        return (peel_id, hello) if len(hello.nonce) <= MAX_NONCE else None

    def _watch_clock(self, peel_id: str, off: float) -> None:
        if abs(off) <= CLOCK_OFF:
            if self._wrong.pop(peel_id, None) is None:
                return
        else:
            self._wrong[peel_id] = off
        if not self._wrong:
            self._context.health.clear("clock-off")
            return
        worst = sorted(self._wrong.items(), key=lambda pair: -abs(pair[1]))
        named = few([f"{one} ({by:+.0f} s)" for one, by in worst], _NAMED)
        self._context.health.set(
            Condition(
                "clock-off",
                "warning",
                f"the clocks of {len(worst)} peels are wrong: {named}",
                "jobs run all the same; set those clocks, or this master's if all are wrong",
            )
        )
