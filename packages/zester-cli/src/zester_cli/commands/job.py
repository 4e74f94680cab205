"""`zester job`: what ran, what runs, and how it ended."""

import time
from typing import Any, Final, NamedTuple

from zester_cli import jobs
from zester_cli.client import Client, answer_value
from zester_cli.commands.run import exit_code, show
from zester_cli.duration import read_span, shown_seconds
from zester_cli.errors import UsageError
from zester_cli.invocation import Invocation, with_client
from zester_cli.output import forms
from zester_cli.output.listing import Column, field, moment, moment_of, write_list
from zester_cli.output.progress import Progress
from zester_cli.pages import as_map, read_map
from zester_cli.results import JobResult, said_counts
from zester_proto.errors import BadId
from zester_proto.ids import check_jid
from zester_proto.messages.jobs import Stage
from zester_proto.messages.operators import JobAsk, JobsAsk
from zester_proto.terminal import harmless_line

_NOT_YET: Final = frozenset(one.value for one in Stage)


def check(jid: str) -> str:
    """Give the jid back.

    Raises:
        UsageError: it is none.
    """
    try:
        return check_jid(jid)
    except BadId as error:
        raise UsageError(error.message, hint=error.hint) from error


def listing(invocation: Invocation, ask: JobsAsk) -> int:
    """Show jobs, newest first."""

    async def get(client: Client) -> list[dict[str, Any]]:
        _, reader = await client.ask_list("jobs", ask)
        return [
            {"jid": key, "state": item.outcome, **read_map(item.data)}
            for key, item in reader.items.items()
        ]

    items = with_client(invocation, get)
    items.sort(key=_created, reverse=True)
    columns = (
        field("jid"),
        moment_of("created"),
        Column("OPERATOR", _operator),
        field("state", is_state=True),
        Column("OUTCOMES", _counts),
        field("function"),
        field("target"),
    )
    nothing = "no job runs now" if ask.active else "no job is kept that fits"
    write_list(invocation, columns, items, raw=lambda item: str(item["jid"]), nothing=nothing)
    return 0


def _created(item: dict[str, Any]) -> float:
    created = item.get("created")
    return created if isinstance(created, (int, float)) else 0


def _operator(item: dict[str, Any]) -> str:
    """Give who asked; masters ask for catalogues of their own accord."""
    return str(item.get("operator") or "-")


def _counts(item: dict[str, Any]) -> str:
    return said_counts(item.get("counts") or {}) or str(item.get("count", ""))


class Selection(NamedTuple):
    """Which part of a job is shown."""

    peel: str = ""
    failed: bool = False
    slowest: int = 0


def show_job(invocation: Invocation, jid: str, selection: Selection) -> int:
    """Show one job as it stands; the exit code is that of its outcomes so far."""
    check(jid)

    async def get(client: Client) -> jobs.Watched:
        return await jobs.show(client, jid, selection.peel)

    watched = with_client(invocation, get)
    job = jobs.job_result(jid, watched)
    if invocation.options.output == "table":
        _write_head(invocation, job, watched.reader.counts)
    shown = _select(job, selection)
    show(invocation, shown, told=True, slowest=bool(selection.slowest))
    missing = [name for name in watched.reader.stages if not selection.peel]
    if missing:
        invocation.screen.note(f"{len(missing)} peels have not answered yet")
    return exit_code(job, invocation.options)


def _select(job: JobResult, selection: Selection) -> JobResult:
    if selection == Selection():
        return job
    peels = job.peels
    if selection.failed:
        peels = {peel_id: one for peel_id, one in peels.items() if not one.succeeded}
    if selection.slowest:
        by_time = sorted(peels.items(), key=lambda pair: -pair[1].seconds)
        peels = dict(by_time[: selection.slowest])
    return job._replace(peels=peels, told={})


def _write_head(invocation: Invocation, job: JobResult, counts: dict[str, int]) -> None:
    """Write what is known of the job itself; only a table has a head."""
    info, screen = job.info, invocation.screen
    closed = info.get("closed")
    took = ""
    if (
        isinstance(closed, (int, float))
        and closed
        and isinstance(info.get("created"), (int, float))
    ):
        took = f", ended after {shown_seconds(max(closed - info['created'], 0))}"
    arguments = " ".join(map(str, info.get("arguments") or ()))
    rows = {
        "job": f"{job.jid} {job.state}{took}",
        "function": f"{job.function} {arguments}".strip(),
        "target": f"{job.target} ({info.get('count', len(job.peels))} peels)",
        "operator": f"{info.get('operator', '')}, {moment(info.get('created'))}",
        "masters": ", ".join(map(str, info.get("owners") or ())),
        "parent": _parent(info),
        "children": ", ".join(map(str, info.get("children") or ())),
        "outcomes": said_counts(counts),
    }
    lines = [f"{key + ':':<10} {harmless_line(str(text))}" for key, text in rows.items() if text]
    screen.write("".join(f"{line}\n" for line in lines) + "\n")


_PARTS: Final = {
    "all": "all of its peels",
    "failed": "those that failed",
    "missing": "those that were missing",
    "unasked": "those that were never asked",
}


def _parent(info: dict[str, Any]) -> str:
    """Give the job of which this is a part once more."""
    parent, part = info.get("parent") or "", _PARTS.get(str(info.get("part")), "")
    return f"{parent}, {part}" if parent and part else str(parent)


def watch(invocation: Invocation, jid: str, *, live: bool) -> int:
    """Wait for the end of a job and show it."""
    check(jid)
    screen = invocation.screen

    async def get(client: Client) -> jobs.Watched:
        seconds = invocation.options.timeout
        if not live:
            return await jobs.follow(client, jid, lambda _: None, seconds)
        async with Progress(screen) as progress:
            return await jobs.follow(client, jid, progress.update, seconds)

    return show(invocation, jobs.job_result(jid, with_client(invocation, get)), told=True)


def cancel(invocation: Invocation, jid: str) -> int:
    """End a job on every peel."""
    check(jid)

    async def ask(client: Client) -> dict[str, Any]:
        return as_map(answer_value(await client.ask("cancel", JobAsk(jid=jid))))

    found = with_client(invocation, ask)
    screen, form = invocation.screen, invocation.options.output
    if form in {"json", "yaml"}:
        forms.structured(screen, form, found)
        return 0
    state = str(found.get("state", ""))
    if state == "running":
        screen.note(f"job {jid} is being cancelled; zester job wait {jid} shows how it ends")
    else:
        screen.note(f"job {jid} is {harmless_line(state)}")
    return 0


def since(text: str) -> float:
    """Give the Unix time that lies so long ago.

    Raises:
        UsageError: it is no span of time.
    """
    return time.time() - read_span("--since", text) if text else 0.0
