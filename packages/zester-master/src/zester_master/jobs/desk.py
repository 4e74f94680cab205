"""The jobs that one master owns, and the tasks in which they live (bus.md 6)."""

import asyncio
import hashlib
from collections.abc import Coroutine
from typing import Any, Final

from zester_master.api.requests import Asked, Denied
from zester_master.context import Context
from zester_master.fleet.guard import Guard
from zester_master.jobs import starting
from zester_master.jobs.again import start_again
from zester_master.jobs.live import LiveJob, NotOurs, Task
from zester_master.jobs.pager import Pager, Reader
from zester_master.jobs.plan import plan_of
from zester_master.jobs.secrets import secrets_of
from zester_master.jobs.view import JobView
from zester_proto.codec import pack
from zester_proto.logs import Log
from zester_proto.messages.operators import AgainAsk, RunAsk
from zester_proto.messages.records import JobEvent

MAX_PAGERS: Final = 2000
"""Requests that one master shows jobs to at the same time."""

_DUPLICATE: Final = "two live peels bear this id, and neither gets jobs: they are at {}"
_SHUT_OUT: Final = "this peel is in quarantine: {}"
_REVOKED: Final = "this peel is revoked"
_KEYLESS: Final = "its key is not known, so that no secret can be sealed for it"
_log: Final = Log("zester.jobs")


class Desk:
    """The jobs of one master.

    Attributes:
        live: the jobs that it owns, by jid.
        mirrors: jobs of other masters that it shows to somebody.
    """

    def __init__(self, context: Context, guard: Guard) -> None:
        self.live: dict[str, LiveJob] = {}
        self.mirrors: dict[str, JobView] = {}
        self._context = context
        self._guard = guard
        self._group: asyncio.TaskGroup | None = None
        self._pagers = 0
        context.presence.on_running(self._running)

    async def run(self) -> None:
        """Be there for jobs, until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._group:
                await asyncio.Event().wait()
        finally:
            self._group = None

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Have something done beside; what it raises is logged.

        Raises:
            Denied: this master begins or ends.
        """
        if self._group is None:
            work.close()
            raise Denied("unavailable", "this master is not ready", hint="ask again")
        self._group.create_task(_guarded(work, name), name=name)

    def shut_out(self, peel_id: str, shut: bool) -> None:  # a hook's form
        """Have the jobs that run wait no longer for a peel that is shut out."""
        if shut:
            self._refuse(peel_id, _SHUT_OUT.format(self._context.quarantined[peel_id]))

    def revoked(self, peel_id: str) -> None:  # a hook's form
        """Have the jobs that run wait no longer for a peel that is revoked."""
        if self._context.is_revoked(peel_id):
            self._refuse(peel_id, _REVOKED)

    def _refuse(self, peel_id: str, why: str) -> None:
        for job in [*self.live.values(), *self.mirrors.values()]:
            job.shut_out(peel_id, why)

    def _running(self, peel_id: str, jids: tuple[str, ...]) -> None:
        for jid in jids:
            job = self.live.get(jid) or self.mirrors.get(jid)
            if job is not None:
                job.running_on(peel_id)

    async def start(self, asked: Asked, ask: RunAsk) -> Task:
        """Create a job and carry it; or find that it is carried already.

        Raises:
            Denied: it cannot be.
        """
        return self._begin(await starting.start(self._context, asked, ask))

    async def again(self, asked: Asked, ask: AgainAsk) -> Task:
        """Create a job that does what another did, and carry it.

        Raises:
            Denied: it cannot be.
        """
        return self._begin(await start_again(self._context, asked, ask))

    def _begin(self, task: Task) -> Task:
        if task.record.owner == self._context.instance and task.record.jid not in self.live:
            self._context.journal.tell(self._dispatched(task))
            self.own(task)
        return task

    def own(
        self, task: Task, absent: frozenset[int] | None = None, *, replay: bool = False
    ) -> LiveJob:
        """Carry a job to its end.

        Args:
            task: the job.
            absent: for one that another master sent to all: places that were absent then.
            replay: another master began it: read first what returned.

        Raises:
            Denied: this master ends.
        """
        context, jid = self._context, task.record.jid
        left = max(0.0, task.record.deadline - context.wall())
        job = LiveJob(context, self._guard, task, plan_of(task.record, left, context.clock()))
        self._refuse_duplicates(job)
        self._refuse_keyless(job)
        for peel_id, why in context.quarantined.items():
            job.shut_out(peel_id, _SHUT_OUT.format(why))
        for peel_id in filter(context.is_revoked, context.revoked):
            job.shut_out(peel_id, _REVOKED)
        self.live[jid] = job
        if task.request:
            self.show(job, Reader(task.record.operator, task.request))
        self.spawn(self._carry(job, absent, replay=replay), f"job {jid}")
        return job

    async def _carry(self, job: LiveJob, absent: frozenset[int] | None, *, replay: bool) -> None:
        try:
            await job.run(absent, replay=replay)
        except NotOurs as error:
            _log.warn(error.message, jid=job.record.jid)
        finally:
            self.live.pop(job.record.jid, None)
            if job.summary is None:
                # whoever scans for jobs without an owner finds it, this master included
                job.abandon()

    def _refuse_duplicates(self, job: LiveJob) -> None:
        presence, now = self._context.presence, self._context.clock()
        for peel_id in presence.duplicates:
            place = job.place_of(peel_id)
            if place is not None:
                where = " and ".join(presence.addresses(peel_id)) or "places that are not known"
                job.ledger.refuse(place, _DUPLICATE.format(where), now)

    def _refuse_keyless(self, job: LiveJob) -> None:
        if secrets_of(job.ask):
            now = self._context.clock()
            for place, peel_id in enumerate(job.ids):
                if self._context.boxes.public(peel_id) is None:
                    job.ledger.refuse(place, _KEYLESS, now)

    def _dispatched(self, task: Task) -> JobEvent:
        record = task.record
        return JobEvent(
            jid=record.jid,
            what="dispatch",
            time=record.created,
            master=self._context.name,
            operator=record.operator,
            function=record.function,
            target=record.target,
            argument_names=record.argument_names,
            arguments_digest=self._arguments_digest(task.ask),
            count=record.count,
            epoch=task.epoch,
        )

    def _arguments_digest(self, ask: RunAsk) -> bytes:
        """Tell sets of arguments apart without telling what they are (bus.md 6.2)."""
        data = pack([bytes(ask.args), bytes(ask.kwargs)])
        return hashlib.blake2b(data, digest_size=16, key=self._context.keys.settings).digest()

    def show(self, job: JobView, reader: Reader) -> None:
        """Send the pages of a job.

        Raises:
            Denied: too many are shown already.
        """
        if self._pagers >= MAX_PAGERS:
            raise Denied("busy", "this master shows as many jobs as it can", hint="ask again later")
        self._pagers += 1
        self.spawn(self._page(Pager(job, reader)), f"pages {reader.request}")

    async def write_off(self, seconds: float) -> None:
        """Give jobs that are being closed a moment to be closed; others go to another master."""
        end = self._context.clock() + seconds
        while any(job.ledger.state is not None for job in self.live.values()):
            if self._context.clock() > end:
                return
            await asyncio.sleep(0.02)

    async def _page(self, pager: Pager) -> None:
        try:
            await pager.run()
        finally:
            self._pagers -= 1


async def _guarded(work: Coroutine[Any, Any, None], name: str) -> None:
    """Keep a failure in one job from ending the others."""
    try:
        await work
    except Exception as error:  # noqa: BLE001  # whatever it is, the others go on
        _log.failure(f"{name} failed", error)
