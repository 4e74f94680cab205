"""What operators ask about jobs: run, rerun, resume, follow, job, jobs, cancel."""

import heapq
from typing import Any, Final, NamedTuple

import msgspec

from zester_master.api.answers import Item, Reply, listing
from zester_master.api.requests import Asked, Denied
from zester_master.context import Context
from zester_master.jobs import store
from zester_master.jobs.cancelling import Cancels
from zester_master.jobs.desk import Desk
from zester_master.jobs.live import Task
from zester_master.jobs.pager import Reader
from zester_master.jobs.reading import reading
from zester_master.jobs.showing import Shows
from zester_master.jobs.view import JobView, job_info
from zester_proto.codec import pack, pack_normal
from zester_proto.ids import is_jid, jid_time
from zester_proto.link.jsapi import ask as ask_api
from zester_proto.messages.operators import AgainAsk, JobAsk, JobsAsk, RunAsk
from zester_proto.messages.records import JobSummary
from zester_proto.together import together

MOST: Final = 1000
"""Jobs in one list."""

_AT_ONCE: Final = 32
_SLACK: Final = 86_400.0
"""Seconds by which a jid, made by the clock of who asked, may be older than its job."""


class _Subjects(msgspec.Struct, frozen=True):
    subjects: dict[str, int] | None = None


class _StreamInfo(msgspec.Struct, frozen=True):
    state: _Subjects


class Known(NamedTuple):
    """A job in a list."""

    jid: str
    info: dict[str, Any]

    @property
    def state(self) -> str:
        """How it ended, or that it runs."""
        return str(self.info["state"])


class JobVerbs:
    """The verbs about jobs."""

    def __init__(self, context: Context, desk: Desk, shows: Shows, cancels: Cancels) -> None:
        self._context = context
        self._desk = desk
        self._shows = shows
        self._cancels = cancels

    async def run(self, asked: Asked) -> Reply:
        """Start a job; its pages follow by themselves."""
        ask = asked.arguments(RunAsk)
        task = await self._desk.start(asked, ask)
        return Reply(_started(task), _nothing if ask.follow else None)

    async def rerun(self, asked: Asked) -> Reply:
        """Start a closed job once more, on all of its peels or a part of them."""
        return await self._again(asked, asked.arguments(AgainAsk))

    async def resume(self, asked: Asked) -> Reply:
        """Start a job on the peels that a stopped one never asked."""
        ask = msgspec.structs.replace(asked.arguments(AgainAsk), part="unasked")
        return await self._again(asked, ask)

    async def _again(self, asked: Asked, ask: AgainAsk) -> Reply:
        _checked(ask.parent)
        task = await self._desk.again(asked, ask)
        return Reply(_started(task), _nothing if ask.follow else None)

    async def follow(self, asked: Asked) -> Reply:
        """Show a job to its end."""
        return await self._show(asked, live=True)

    async def job(self, asked: Asked) -> Reply:
        """Show a job as far as it is now."""
        return await self._show(asked, live=False)

    async def _show(self, asked: Asked, *, live: bool) -> Reply:
        ask = asked.arguments(JobAsk)
        view = await self._shows.view(_checked(ask.jid))
        if ask.peel and view.place_of(ask.peel) is None:
            raise Denied("no-match", f"{ask.peel} is not one of the peels of job {ask.jid}")
        view.children = await reading(store.children(self._context.link, ask.jid))
        reader = Reader(asked.operator, asked.request.id, ask.peel, values=ask.values, live=live)
        return Reply(_counted(view), lambda: self._pages(view, reader))

    async def _pages(self, view: JobView, reader: Reader) -> None:
        self._desk.show(view, reader)

    async def cancel(self, asked: Asked) -> Reply:
        """End a job."""
        ask = asked.arguments(JobAsk)
        state = await self._cancels.cancel(asked, _checked(ask.jid))
        return Reply(pack({"jid": ask.jid, "state": state}))

    # -- lists -----------------------------------------------------------------------------------

    async def jobs(self, asked: Asked) -> Reply:
        """List jobs, the newest first."""
        ask = asked.arguments(JobsAsk)
        jids = await self._active() if ask.active else await self._jids(ask.since)
        found: list[Known] = []
        wanted = max(1, min(ask.limit, MOST))
        for start in range(0, len(jids), _AT_ONCE):
            some = await together(self._known(jid) for jid in jids[start : start + _AT_ONCE])
            found += [one for one in some if one is not None and _fits(one, ask)]
            if len(found) >= wanted:
                break
        items = [Item(one.jid, pack_normal(one.info), one.state) for one in found[:wanted]]
        return listing(self._context, asked, items)

    async def _active(self) -> list[str]:
        active = await reading(store.active(self._context.link))
        return sorted({one.jid for one in active} | set(self._desk.live), reverse=True)

    async def _jids(self, since: float) -> list[str]:
        prefix = f"$KV.{store.BUCKET}."
        body = {"subjects_filter": f"{prefix}*"}
        info = await reading(
            ask_api(self._context.link, f"STREAM.INFO.KV_{store.BUCKET}", body, _StreamInfo)
        )
        jids = (subject[len(prefix) :] for subject in info.state.subjects or ())
        recent = (jid for jid in jids if is_jid(jid) and jid_time(jid) >= since - _SLACK)
        return heapq.nlargest(MOST * 10, recent)

    async def _known(self, jid: str) -> Known | None:
        live = self._desk.live.get(jid)
        if live is not None:
            return Known(jid, live.info())
        try:
            found = await reading(store.read(self._context.link, jid))
            if found is None:
                return None
            summary: JobSummary | None = await reading(store.summary(self._context.link, jid))
        except Denied:
            return None
        counts = {} if summary is not None else {"sent": found.record.count}
        return Known(jid, job_info(found.record, summary, counts))


def _fits(known: Known, ask: JobsAsk) -> bool:
    info = known.info
    return (
        (not ask.state or known.state == ask.state)
        and (not ask.function or info["function"] == ask.function)
        and (not ask.target or info["target"] == ask.target)
        and (not ask.operator or info["operator"] == ask.operator)
        and info["created"] >= ask.since
    )


def _checked(jid: str) -> str:
    if not is_jid(jid):
        raise Denied("usage", f"{jid[:60]!r} is not a job id", hint="zester job list")
    return jid


def _started(task: Task) -> bytes:
    record = task.record
    return pack({
        "jid": record.jid,
        "count": record.count,
        "epoch": task.epoch,
        "target": record.target,
        "function": record.function,
    })  # fmt: skip


def _counted(view: JobView) -> bytes:
    return pack({"jid": view.record.jid, "count": view.record.count, "epoch": view.epoch})


async def _nothing() -> None:
    """Pages come from the job itself."""
