"""Jobs to look at: those of this master, of another, and closed ones (bus.md 3)."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, Final

from zester_master.api.requests import Denied
from zester_master.context import Context
from zester_master.jobs import store
from zester_master.jobs.desk import Desk
from zester_master.jobs.reading import find, reading
from zester_master.jobs.view import JobView
from zester_proto.link import Message
from zester_proto.subjects import job_event

POLL: Final = 1.0
"""Seconds between two looks whether another master has closed a job."""

FIRST: Final = 2.0
"""Seconds in which what has returned so far is read before anything is shown."""

_IDLE: Final = 3


class Shows:
    """What operators look at."""

    def __init__(self, context: Context, desk: Desk) -> None:
        self._context = context
        self._desk = desk

    async def view(self, jid: str) -> JobView:
        """Give a job as far as it is known.

        Raises:
            Denied: there is none, or the store does not answer.
        """
        job = self._desk.live.get(jid)
        if job is not None:
            return job
        mirror = self._desk.mirrors.get(jid)
        if mirror is not None:
            await self._refresh(mirror)
            return mirror
        found = await find(self._context.link, jid)
        members = await reading(store.members(self._context.link, found.record))
        view = JobView(self._context, found.record, found.revision, members.ids)
        if not await self._settle(view):
            self._note_stages(view, members.absent)
            caught_up = asyncio.Event()
            self._desk.mirrors[jid] = view
            self._desk.spawn(self._mirror(view, caught_up), f"mirror {jid}")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FIRST):
                    await caught_up.wait()
        return view

    def _note_stages(self, view: JobView, absent: frozenset[int]) -> None:
        """Say of a job without batches that it was sent, and who says to be running it."""
        if not view.record.batch and not view.record.canary:
            view.ledger.resume(absent, self._context.clock())
        for place, peel_id in enumerate(view.ids):
            seen = self._context.presence.get(peel_id)
            if seen is not None and view.record.jid in seen.running:
                view.ledger.acked(place)

    async def _refresh(self, view: JobView) -> bool:
        """Take what another master wrote since: who owns the job now, how it ended; true if it did.

        Raises:
            Denied: it cannot be read.
        """
        found = await find(self._context.link, view.record.jid)
        view.record, view.epoch = found.record, found.revision
        return view.summary is not None or await self._settle(view)

    async def _settle(self, view: JobView) -> bool:
        """Take the outcomes of a job that is closed; false if it is not."""
        link = self._context.link
        summary = await reading(store.summary(link, view.record.jid))
        if summary is None:
            return False
        rows = await reading(store.outcomes(link, summary))
        view.ledger.settle(rows, summary.state, self._context.clock())
        await reading(view.find_late())
        view.summary = summary
        view.changed()
        return True

    async def _mirror(self, view: JobView, caught_up: asyncio.Event) -> None:
        """Follow a job that another master owns, for as long as somebody looks on."""
        jid = view.record.jid
        closed = asyncio.Event()
        told = await self._context.link.subscribe(job_event(jid, "closed"), _setter(closed))
        collector = asyncio.create_task(view.collect(caught_up.set), name=f"collect {jid}")
        try:
            await self._follow(view, collector, closed)
        finally:
            self._desk.mirrors.pop(jid, None)
            if view.summary is None:
                view.abandon()
            collector.cancel()
            await asyncio.gather(collector, return_exceptions=True)
            await self._context.link.unsubscribe(told)

    async def _follow(
        self, view: JobView, collector: "asyncio.Task[None]", closed: asyncio.Event
    ) -> None:
        idle = 0
        while idle < _IDLE and not collector.done():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await closed.wait()
            closed.clear()
            with contextlib.suppress(Denied):
                if await self._refresh(view):
                    return
            idle = 0 if view.looked_at else idle + 1


def _setter(event: asyncio.Event) -> Callable[[Message], Coroutine[Any, Any, None]]:
    async def heard(_message: Message) -> None:
        event.set()

    return heard
