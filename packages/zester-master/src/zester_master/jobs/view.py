"""A job to look at: its ledger, fed with what peels return, and who looks on (bus.md 6.6)."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from zester_master.context import Context
from zester_master.jobs.ledger import Ledger, Row
from zester_master.jobs.plan import Plan
from zester_master.jobs.returns import BUCKET, FalseReturn, Head, Sender, read_head
from zester_master.jobs.values import AHEAD, Values, verify_parts
from zester_proto.link import LinkError
from zester_proto.link.backoff import Backoff
from zester_proto.link.jsapi import Entry
from zester_proto.link.watch import watch
from zester_proto.logs import Log
from zester_proto.messages.jobs import Return
from zester_proto.messages.records import JobRecord, JobSummary

_JID: Final = 27
"""Letters of a jid; in a key a dot and the peel's token follow."""

_ANY_EPOCH: Final = 2**63
_ONLOOKER: Final = Plan(float("inf"))


class JobView:
    """A job of which this master shows pages: its own, another's, or a closed one.

    Attributes:
        record: as stored.
        epoch: of its owner.
        ids: the frozen list.
        ledger: where it stands.
        highest: the highest epoch that a return may bear.
        values: what peels returned.
        summary: how it ended; nothing while it runs.
        children: jobs that are a part of it once more, as last read.
        abandoned: this master knows nothing more of it: who looks on asks again.
    """

    def __init__(
        self,
        context: Context,
        record: JobRecord,
        epoch: int,
        ids: tuple[str, ...],
        *,
        plan: Plan = _ONLOOKER,
        highest: int = _ANY_EPOCH,
    ) -> None:
        """Begin with every peel pending.

        Args:
            context: this master.
            record: the job.
            epoch: its revision.
            ids: the frozen list.
            plan: of who owns it; onlookers need none.
            highest: the highest epoch that a return may bear: for an owner its own. Who looks on
                learns late of a takeover, and what a return bears is sealed by its peel.
        """
        self.context = context
        self.record = record
        self.epoch = epoch
        self.ids = ids
        self.ledger = Ledger(ids, plan, lambda place: context.presence.is_present(ids[place]))
        self.highest = highest
        self.values = Values(context, record.jid, highest)
        self.summary: JobSummary | None = None
        self.children: tuple[str, ...] = ()
        self.abandoned = False
        self._watchers: set[asyncio.Event] = set()
        self.places = {one.replace(".", "=2E"): place for place, one in enumerate(ids)}
        self._unread: set[int] = set()
        self._group: asyncio.TaskGroup | None = None
        self._reading = asyncio.Semaphore(4)
        self._log = Log("zester.jobs", {"jid": record.jid})

    # -- who looks on ----------------------------------------------------------------------------

    def watch(self, event: asyncio.Event) -> None:
        """Set `event` whenever something changes."""
        self._watchers.add(event)
        self.values.readers += 1

    def unwatch(self, event: asyncio.Event) -> None:
        """End what `watch` began."""
        self._watchers.discard(event)
        self.values.readers -= 1

    def abandon(self) -> None:
        """Send away who looks on."""
        self.abandoned = True
        self.changed()

    def changed(self) -> None:
        """Tell everybody who looks on."""
        for event in self._watchers:
            event.set()

    @property
    def looked_at(self) -> bool:
        """Whether anybody looks on."""
        return bool(self._watchers)

    def place_of(self, peel_id: str) -> int | None:
        """Give the place of a peel in the list."""
        return self.places.get(peel_id.replace(".", "=2E"))

    def running_on(self, peel_id: str) -> None:
        """Note that a peel's heartbeat names the job."""
        place = self.place_of(peel_id)
        if place is not None:
            self.ledger.acked(place)
            self.changed()

    def shut_out(self, peel_id: str, why: str) -> None:
        """Wait no longer for a peel that is shut out."""
        place = self.place_of(peel_id)
        if place is not None:
            self.ledger.refuse(place, why, self.context.clock())
            self.changed()

    def info(self) -> dict[str, Any]:
        """Give what is said of the job itself."""
        info = job_info(self.record, self.summary, self.ledger.counts())
        return {**info, "children": list(self.children)}

    # -- returns ---------------------------------------------------------------------------------

    async def collect(self, caught_up: Callable[[], None]) -> None:
        """Take returns as they are stored, until cancelled.

        Args:
            caught_up: called whenever all that is stored has been taken.
        """
        async with (
            asyncio.TaskGroup() as self._group,
            watch(self.context.link, BUCKET, f"{self.record.jid}.*") as returns,
        ):
            async for batch in returns:
                for entry in batch.entries:
                    self._take(entry)
                if batch.caught_up:
                    caught_up()
                self.changed()
                await asyncio.sleep(0)

    def _take(self, entry: Entry) -> None:
        place = self.places.get(entry.key[_JID + 1 :])
        if place is None:
            self._drop(entry.key[_JID + 1 :], "unlisted", "it is not one of this job's peels")
            return
        known = self.ledger.rows[place]
        if (known is not None and known.returned) or place in self._unread:
            return
        peel_id = self.ids[place]
        if peel_id in self.context.quarantined:
            self.context.meter.dropped.inc(reason="quarantined")
            return
        key = self.context.boxes.get(peel_id)
        if key is None:
            self._drop(peel_id, "keyless", "its facts, which vouch for its key, are not here")
            return
        sender = Sender(self.record.jid, peel_id, key)
        try:
            head = read_head(entry.value, sender, self.highest)
        except FalseReturn as error:
            self._drop(peel_id, "false", error.message)
            return
        if isinstance(head, Head):
            self._took(place, head)
        elif self._group is not None:
            self._unread.add(place)
            self._group.create_task(self._take_parts(place, sender, head))

    def _took(self, place: int, head: Head) -> None:
        self.values.keep(place, head)
        self.context.meter.returns.inc()
        self.ledger.returned(
            place,
            head.ret.outcome,
            self.context.clock(),
            seconds=head.meta.seconds,
            error=head.meta.error,
        )

    async def _take_parts(self, place: int, sender: Sender, ret: Return) -> None:
        """Count a large return when each of its parts has been opened."""
        backoff = Backoff(base=0.2, cap=5.0)
        async with self._reading:
            while True:
                try:
                    self._took(place, await verify_parts(self.context.link, ret, sender))
                except FalseReturn as error:
                    self._drop(sender.peel_id, "false", error.message)
                except LinkError:
                    await asyncio.sleep(backoff.next())
                    continue
                break
        self._unread.discard(place)
        self.changed()

    async def find_late(self) -> None:
        """Look what came from peels whose outcome was decided without them.

        Raises:
            LinkError: it cannot be read.
        """
        silent = {
            place: self.ids[place]
            for place, row in enumerate(self.ledger.rows)
            if row is not None and not row.returned and place not in self.ledger.late
        }
        places = list(silent)
        for start in range(0, len(places), AHEAD):
            some = {place: silent[place] for place in places[start : start + AHEAD]}
            for place, ret in (await self.values.heads(some)).items():
                self.ledger.late[place] = Row(ret.outcome, returned=True)

    def _drop(self, peel_id: str, reason: str, error: str) -> None:
        self.context.meter.dropped.inc(reason=f"return-{reason}")
        known = peel_id in self.context.index
        data = {"jid": self.record.jid, "error": error}
        self.context.journal.audit("return", reason, peel_id if known else "", **data)


def job_info(
    record: JobRecord, summary: JobSummary | None, counts: dict[str, int]
) -> dict[str, Any]:
    """Give what is said of a job beside its peels (messages/operators.py)."""
    return {
        "jid": record.jid,
        "state": summary.state if summary is not None else "running",
        "target": record.target,
        "function": record.function,
        "arguments": list(record.argument_names),
        "operator": record.operator,
        "created": record.created,
        "deadline": record.deadline,
        "timeout": record.timeout,
        "count": record.count,
        "counts": summary.counts if summary is not None else counts,
        "owners": list(summary.owners if summary is not None else record.owners),
        "closed": summary.closed if summary is not None else 0,
        "parent": record.parent,
        "part": record.part,
        "test": record.test,
        "batch": record.batch,
    }
