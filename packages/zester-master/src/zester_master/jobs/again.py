"""A closed job once more, or its rest: a child over a part of its frozen list (bus.md 6.7)."""

from typing import Final, NamedTuple

import msgspec

from zester_master.api.requests import Asked, Denied
from zester_master.context import Context
from zester_master.jobs import starting, store
from zester_master.jobs.asking import asked_of
from zester_master.jobs.bond import check
from zester_master.jobs.ledger import Row
from zester_master.jobs.live import Task
from zester_master.jobs.reading import find, reading
from zester_proto.link import LinkError
from zester_proto.messages.jobs import SILENT, SUCCESSES
from zester_proto.messages.operators import AgainAsk, Part, RunAsk
from zester_proto.messages.records import JobRecord

_NOBODY: Final[dict[Part, str]] = {
    "all": "it had no peels",
    "failed": "none of its peels failed",
    "missing": "none of its peels is missing",
    "unasked": "each of its peels was asked",
}


class _Before(NamedTuple):
    """A job that is over."""

    record: JobRecord
    ids: tuple[str, ...]
    rows: list[Row]


async def start_again(context: Context, asked: Asked, ask: AgainAsk) -> Task:
    """Create a job that does what another did, on a part of its peels.

    Raises:
        Denied: it cannot be; the code says why.
    """
    before = await reading(_read(context, ask.parent))
    ids = [
        peel_id
        for peel_id, row in zip(before.ids, before.rows, strict=True)
        if belongs(row, ask.part)
    ]
    if not ids:
        raise Denied("no-match", f"{_NOBODY[ask.part]}: job {ask.parent}", hint=_show(ask.parent))
    whole = _whole(context, before.record, ask)
    starting.check(whole)
    everybody = len(ids) == len(context.index) and all(one in context.index for one in ids)
    meant = starting.Meant(ids, everybody)
    task = await starting.begin(context, asked, whole, meant, ask.part)
    try:
        await store.add_child(context.link, ask.parent, ask.jid, ask.part)
    except LinkError as error:
        raise Denied("unavailable", f"the store does not answer: {error.message}") from error
    return task


async def _read(context: Context, jid: str) -> _Before:
    """Read a job that is over.

    Raises:
        Denied: there is none, or it still runs.
        Gone: it is damaged.
        LinkError: it cannot be read.
    """
    record = (await find(context.link, jid)).record
    summary = await store.summary(context.link, jid)
    if summary is None:
        raise Denied(
            "conflict",
            f"job {jid} still runs",
            hint=f"zester job wait {jid}, or zester job cancel {jid}",
        )
    ids = (await store.members(context.link, record)).ids
    check(context.keys.settings, record, ids, context.keys.also)
    return _Before(record, ids, await store.outcomes(context.link, summary))


def belongs(row: Row, part: Part) -> bool:
    """Say whether a peel with this outcome is meant by a part of the list."""
    missing = row.outcome in SILENT or not row.asked
    match part:
        case "all":
            return True
        case "failed":
            return row.outcome not in SUCCESSES and not missing
        case "missing":
            return missing
        case "unasked":
            return not row.asked


def _whole(context: Context, parent: JobRecord, ask: AgainAsk) -> RunAsk:
    """Give what the child does: what its parent did, but for what the operator says now.

    Raises:
        Denied: the parent's request cannot be read.
    """
    try:
        before, _ = asked_of(context, parent)
    except store.Gone as error:
        raise Denied("conflict", error.message, hint="run it anew") from error
    if ask.part == "unasked":
        # who goes on has seen the failures that stopped it
        before = msgspec.structs.replace(before, canary=0, max_fail="")
    return msgspec.structs.replace(
        before,
        jid=ask.jid,
        parent=parent.jid,
        timeout=ask.timeout or before.timeout,
        test=ask.test or before.test,
        batch=ask.batch or before.batch,
        batch_wait=ask.batch_wait or before.batch_wait,
        canary=ask.canary or before.canary,
        max_fail=ask.max_fail or before.max_fail,
        follow=ask.follow,
    )


def _show(jid: str) -> str:
    return f"zester job show {jid}"
