"""Jobs whose master is gone, found and carried on (bus.md 6.9)."""

import asyncio
from typing import Final

import msgspec

from zester_master.context import Context
from zester_master.jobs import store
from zester_master.jobs.asking import asked_of
from zester_master.jobs.bond import bound, check
from zester_master.jobs.cancelling import Cancels
from zester_master.jobs.desk import Desk
from zester_master.jobs.live import Task
from zester_proto.link import LinkError, kv
from zester_proto.logs import Log
from zester_proto.messages.records import ActiveJob

PERIOD: Final = 2.0
"""Seconds between two scans."""

MISSED: Final = 2
"""Scans in a row in which an owner must be missing."""

MOST: Final = 3
"""Takeovers of one job; the master after that only closes it."""

UNMADE: Final = 30.0
"""Seconds after which a job that is said to be active and was never made is forgotten."""

_log: Final = Log("zester.takeover")


class Takeover:
    """Scans for jobs without a living owner."""

    def __init__(self, context: Context, desk: Desk, cancels: Cancels) -> None:
        self._context = context
        self._desk = desk
        self._cancels = cancels
        self._missed: dict[str, int] = {}

    async def run(self) -> None:
        """Scan until cancelled."""
        while True:
            await asyncio.sleep(PERIOD)
            try:
                await self.scan()
            except LinkError as error:
                # what cannot be read is not gone
                _log.debug("a scan for orphaned jobs failed", error=error.message)

    async def scan(self) -> None:
        """Look once at every active job.

        Raises:
            LinkError: they, or who is alive, cannot be read.
        """
        link = self._context.link
        jobs = await store.active(link)
        alive = set(await kv.get_many(link, "master-heartbeat")) if jobs else set[str]()
        orphans = [one for one in jobs if self._is_orphan(one, alive)]
        before, self._missed = self._missed, {}
        for one in orphans:
            missed = before.get(one.jid, 0) + 1
            self._missed[one.jid] = missed
            if missed >= MISSED and await self._is_truly_gone(one):
                await self._adopt(one)

    def _is_orphan(self, active: ActiveJob, alive: set[str]) -> bool:
        if active.owner == self._context.instance:
            return active.jid not in self._desk.live
        return active.owner not in alive

    async def _is_truly_gone(self, active: ActiveJob) -> bool:
        if active.owner == self._context.instance:
            return True
        beat = await kv.get(self._context.link, "master-heartbeat", active.owner, fresh=True)
        return beat is None

    async def _adopt(self, active: ActiveJob) -> None:
        link, jid = self._context.link, active.jid
        try:
            found = await store.read(link, jid)
            if found is None:
                # its master went between freezing the list and making the job: nobody was told yes
                if self._missed[jid] * PERIOD > UNMADE:
                    await store.drop_active(link, jid)
            elif await store.summary(link, jid) is not None:
                await store.drop_active(link, jid)
            elif found.record.owner in {active.owner, self._context.instance} or (
                await kv.get(link, "master-heartbeat", found.record.owner, fresh=True) is None
            ):
                await self.take_over(found)
        except store.Gone as error:
            _log.error("an orphaned job cannot be carried on", jid=jid, error=error.message)

    async def take_over(self, found: store.Found) -> None:
        """Become the owner, unless another master is first.

        Raises:
            LinkError: the store does not answer; the next scan sees what came of it.
            Gone: what is stored of the job is damaged.
        """
        context, old = self._context, found.record
        record = msgspec.structs.replace(
            old,
            owner=context.instance,
            owners=(*old.owners, context.name),
            takeovers=old.takeovers + 1,
        )
        if record.takeovers > MOST:
            record = msgspec.structs.replace(record, deadline=min(old.deadline, context.wall()))
        members = await store.members(context.link, record)
        check(context.keys.settings, old, members.ids, context.keys.also)
        ask, request = asked_of(context, old)
        record = bound(context.keys.settings, record, members.ids)
        epoch = await store.take_over(context.link, found, record)
        if epoch is None:
            return
        await store.set_active(context.link, record.jid, context.instance, epoch)
        cancelled = await self._cancels.was_cancelled(record.jid)
        in_turn = record.batch or record.canary
        absent = None if in_turn else members.absent
        job = self._desk.own(Task(record, epoch, members.ids, ask, request), absent, replay=True)
        if cancelled:
            job.cancel()
        context.meter.takeovers.inc()
        context.journal.tell(job.event("owner"))
        _log.warn("took a job over", jid=record.jid, owners=list(record.owners))
