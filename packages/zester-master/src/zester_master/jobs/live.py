"""A job that runs: its ledger fed from the bus, its orders sent, its books closed (bus.md 6)."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from zester_master.context import Context
from zester_master.fleet.guard import Guard
from zester_master.jobs import store
from zester_master.jobs.dispatch import Dispatch
from zester_master.jobs.ledger import Ask, Close, Effect
from zester_master.jobs.plan import Plan
from zester_master.jobs.view import JobView
from zester_proto.codec import decode
from zester_proto.errors import CodecError, ZesterError
from zester_proto.link import LinkError, Message, StoreRefused, Subscription
from zester_proto.link.backoff import Backoff
from zester_proto.messages.jobs import Ack
from zester_proto.messages.operators import RunAsk
from zester_proto.messages.records import JobEvent, JobRecord
from zester_proto.subjects import acks_of

PROGRESS: Final = 30.0
"""Seconds between two `progress` events of one job."""

_HEARD: Final = 2.0
_MAX_ACK: Final = 4096
_TOKEN: Final = len("zester.ack.") + 27 + 1
"""Where the peel's token begins in the subject of an ack."""


class Task(NamedTuple):
    """A job as its owner holds it."""

    record: JobRecord
    epoch: int
    ids: tuple[str, ...]
    ask: RunAsk
    request: str
    """The id of the operator's request; empty for a master's own job."""


class LiveJob(JobView):
    """A job that this master owns.

    Attributes:
        ask: what the operator wants.
        request: the id of the request; pages go to it.
        started: by the monotonic clock.
        told_at: when it was last told how far the job is, by the same.
    """

    def __init__(self, context: Context, guard: Guard, task: Task, plan: Plan) -> None:
        super().__init__(context, task.record, task.epoch, task.ids, plan=plan, highest=task.epoch)
        self._guard = guard
        self.ask = task.ask
        self.request = task.request
        self.started = context.clock()
        self._dispatch = Dispatch(context, task.record, task.ask, task.epoch)
        self._event = asyncio.Event()
        self.told_at = context.clock()
        self._cancelled = False

    def changed(self) -> None:
        """Wake the owner too."""
        self._event.set()
        super().changed()

    def cancel(self) -> None:
        """Begin to end the job."""
        self._cancelled = True
        self._event.set()

    async def run(self, absent: frozenset[int] | None = None, *, replay: bool = False) -> None:
        """Carry the job to its end.

        Args:
            absent: for a job that another owner sent to all: places that were absent then.
            replay: read first what returned to another owner.

        Raises:
            NotOurs: another master took it over meanwhile.
            StoreRefused: the books cannot be written; whoever calls tries again.
        """
        acks = await self._hear_acks()
        caught_up = asyncio.Event()
        collector = asyncio.create_task(self.collect(caught_up.set), name=f"{self.record.jid}")
        try:
            if replay:
                await _first(caught_up.wait(), collector)
            if absent is not None:
                self.ledger.resume(absent, self.context.clock())
            await _first(self._drive(), collector)
        finally:
            collector.cancel()
            await asyncio.gather(collector, return_exceptions=True)
            await self.context.ears.unsubscribe(acks)

    async def _hear_acks(self) -> Subscription:
        """Subscribe, and wait until the server knows: orders leave by another connection."""
        ears = self.context.ears
        acks = await ears.subscribe(acks_of(self.record.jid), self._ack)
        with contextlib.suppress(LinkError):
            # without it an ack may be missed, and the peel is asked once more
            await ears.flush(_HEARD)
        return acks

    async def _ack(self, message: Message) -> None:
        place = self.places.get(message.subject[_TOKEN:])
        if place is None:
            self.context.meter.dropped.inc(reason="ack-unlisted")
            return
        if not self._guard.allows("ack", self.ids[place]):
            return
        try:
            ack = decode(message.data, Ack, limit=_MAX_ACK)
        except CodecError:
            self.context.meter.dropped.inc(reason="ack")
            return
        self.context.presence.spoke(self.ids[place], ack.instance)
        self.ledger.acked(place)
        self.changed()

    async def _drive(self) -> None:
        """Do what the ledger wants until it is closed."""
        clock = self.context.clock
        while self.ledger.state is None:
            self._event.clear()
            now = clock()
            cancelled, self._cancelled = self._cancelled, False
            effects = self.ledger.cancel(now) if cancelled else self.ledger.advance(now)
            for effect in effects:
                await self._do(effect)
            self._tell_progress(now)
            wake = self.ledger.wake(clock())
            if wake is not None:
                await _wait(self._event, min(wake, self.told_at + PROGRESS) - clock())

    async def _do(self, effect: Effect) -> None:
        broadcast = self.record.broadcast
        if isinstance(effect, Close):
            await self._close()
            return
        ids = [self.ids[place] for place in effect.peels]
        try:
            if isinstance(effect, Ask):
                whole = broadcast and not effect.again and len(ids) == len(self.ids)
                await self._dispatch.send(ids, everybody=whole)
            else:
                await self._dispatch.cancel(ids, everybody=broadcast)
        except LinkError as error:
            # who did not get it is asked again, or told again, by the ledger's own times
            self._log.warn("not all orders were sent", error=error.message)

    def _tell_progress(self, now: float) -> None:
        if now - self.told_at >= PROGRESS and self.ledger.state is None:
            self.told_at = now
            self.context.journal.tell(self.event("progress"))

    def event(self, what: Any, **fields: Any) -> JobEvent:
        """Give an event of this job's life."""
        return JobEvent(
            jid=self.record.jid,
            what=what,
            time=self.context.wall(),
            master=self.context.name,
            operator=self.record.operator,
            function=self.record.function,
            target=self.record.target,
            count=self.record.count,
            counts=self.ledger.counts(),
            epoch=self.epoch,
            **fields,
        )

    async def _check_owner(self) -> None:
        """Make sure that nobody took over while this process was frozen or cut off.

        Raises:
            NotOurs: somebody did.
            LinkError: it cannot be read.
        """
        found = await store.read(self.context.link, self.record.jid)
        if found is None or found.revision != self.epoch:
            raise NotOurs(f"job {self.record.jid} is another master's now")

    async def _close(self) -> None:
        """Write how the job ended, however long the store takes to take it."""
        state = self.ledger.state
        assert state is not None  # Close comes with it
        await _until_stored(self._check_owner)
        summary, parts = store.summary_of(self.record, self.ledger, state, self.context.wall())
        await _until_stored(lambda: store.close(self.context.link, summary, parts))
        self.summary = summary
        self.changed()
        await _until_stored(lambda: store.drop_active(self.context.link, self.record.jid))
        self.context.journal.tell(self.event("closed"))
        self.context.meter.jobs.inc(status=state)
        self.context.meter.job_seconds.observe(self.context.clock() - self.started)
        self._log.info("job closed", state=state, counts=summary.counts)


class NotOurs(ZesterError):
    """Raised when another master has taken the job over: what we know of it no longer counts."""


async def _first(work: Awaitable[Any], beside: "asyncio.Task[None]") -> None:
    """Wait for some work; what runs beside it for ever ends it too if it fails."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task, beside}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            beside.result()
            raise RuntimeError("what runs beside ended")
        task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await event.wait()
    except TimeoutError:
        return


async def _until_stored(write: Callable[[], Awaitable[None]]) -> None:
    backoff = Backoff(base=0.2, cap=5.0)
    while True:
        try:
            await write()
        except StoreRefused as error:
            if error.status != 503:
                raise
        except LinkError:
            pass
        else:
            return
        await asyncio.sleep(backoff.next())
