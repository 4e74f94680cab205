"""From an operator's wish to a job in the store: resolved, frozen, created (bus.md 6.2)."""

import asyncio
import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from zester_master.api.requests import Asked, Denied
from zester_master.context import Context
from zester_master.fleet.index import Result
from zester_master.jobs import secrets, store
from zester_master.jobs.bond import bound
from zester_master.jobs.live import Task
from zester_master.jobs.plan import LONGEST, BadPlan, job_seconds, plan_of
from zester_proto.codec import encode, unpack
from zester_proto.errors import CodecError, ZesterError
from zester_proto.ids import is_jid
from zester_proto.link import LinkError, WrongRevision
from zester_proto.messages.operators import RunAsk
from zester_proto.messages.records import PEELS_PER_KEY, JobRecord
from zester_proto.messages.trees import STATES
from zester_proto.target import SettingsUnavailable, TargetError, parse
from zester_proto.target.ast import Globs, Listed
from zester_proto.target.globs import glob_test

MAX_ARGUMENTS: Final = 256 * 1024
"""Bytes of a job's arguments: its message must fit into what a peel may receive."""

MAX_NAME: Final = 200
_NAMED: Final = 32
_PATIENCE: Final = 2.0
"""Seconds in which a master that froze a list has made the job, or never will."""

_POLL: Final = 0.1


class Meant(NamedTuple):
    """Whom a target means."""

    ids: list[str]
    everybody: bool
    """These are all peels that there are."""


async def resolve(context: Context, target: str) -> Meant:
    """Say whom a target means now.

    Raises:
        Denied: it is malformed.
    """
    found = await resolved(context, target)
    return Meant(found.ids(), found.count == len(context.index))


async def resolved(context: Context, target: str) -> Result:
    """Give the index's answer to a target.

    Raises:
        Denied: it is malformed, or asks for settings that are not known.
    """
    if not context.fleet_ready.is_set():
        raise Denied(
            "unavailable",
            f"{context.name} has not read the facts of the fleet yet",
            hint="ask again; zester status says what keeps it",
        )
    try:
        node = await context.settle(parse(target, groups=context.groups))
        with context.meter.targeting.time():
            return context.index.resolve(node)
    except (TargetError, SettingsUnavailable) as error:
        raise Denied("usage", error.message, hint=error.hint) from error
    except ZesterError as error:
        raise Denied("unavailable", error.message, hint=error.hint) from error


def revoked_by_name(context: Context, target: str) -> list[str]:
    """Give the revoked peels whose ids a target names, by globs or in a list."""
    try:
        node = parse(target, groups=context.groups)
    except TargetError:
        return []
    if isinstance(node, Listed):
        test = frozenset(node.ids).__contains__
    elif isinstance(node, Globs):
        tests = [glob_test(pattern) for pattern in node.patterns]

        def test(peel_id: str, /) -> bool:
            return any(one(peel_id) for one in tests)
    else:
        return []
    return sorted(one for one in context.revoked if context.is_revoked(one) and test(one))


def nobody(context: Context, target: str) -> Denied:
    """Give what to say where a target means nobody."""
    gone = revoked_by_name(context, target)
    if not gone:
        return Denied(
            "no-match", f"nobody matches {target!r}", hint="zester peel list shows who is there"
        )
    more = f" and {len(gone) - 5} more" if len(gone) > 5 else ""
    return Denied(
        "no-match",
        f"nobody matches {target!r}: {', '.join(gone[:5])}{more} "
        f"{'is' if len(gone) == 1 else 'are'} revoked",
        hint="a host comes back with other keys: docs/identity.md",
    )


def may_broadcast(context: Context, meant: Meant) -> bool:
    """Say whether one message to all reaches those who are meant, and nobody else."""
    if not meant.everybody or len(meant.ids) < 2:
        return False
    if context.presence.duplicates or context.quarantined:
        return False
    return all(peel_id in context.index for peel_id in context.presence.connected())


async def start(context: Context, asked: Asked, ask: RunAsk) -> Task:
    """Create a job as its owner, or find that it is there already.

    Raises:
        Denied: it cannot be; the code says why.
    """
    if ask.parent:
        raise Denied("usage", "a job with a parent is asked for by rerun or resume")
    check(ask)
    meant = await resolve(context, ask.target)
    if not meant.ids:
        raise nobody(context, ask.target)
    return await begin(context, asked, ask, meant)


async def begin(context: Context, asked: Asked, ask: RunAsk, meant: Meant, part: str = "") -> Task:
    """Create a job on a list of peels.

    Args:
        context: this master.
        asked: the request.
        ask: what it comes to.
        meant: the list.
        part: which part of its parent's list that is, if it has a parent.

    Raises:
        Denied: it cannot be; the code says why.
    """
    await secrets.check(context, asked, ask)
    ids = tuple(meant.ids)
    record = make_record(context, asked, ask, meant)
    if part:
        whole = store.seal_request(context.keys.returning.public, ask.jid, encode(ask))
        record = msgspec.structs.replace(record, part=part, ask=whole)
    record = bound(context.keys.settings, record, ids)
    found = await create(context, record, ids)
    if found.record != record and found.record.request_digest != record.request_digest:
        raise Denied(
            "conflict",
            f"job {ask.jid} exists and is another one",
            hint="every job has a jid of its own: ask again",
        )
    return Task(found.record, found.revision, ids, ask, asked.request.id if ask.follow else "")


def check(ask: RunAsk) -> None:
    """Refuse what no job can be.

    Raises:
        Denied: something is malformed; the text says what.
    """
    if not is_jid(ask.jid):
        raise Denied("usage", "the job has no valid jid")
    if not 0 < len(ask.function) <= MAX_NAME or "." not in ask.function:
        raise Denied("usage", f"{ask.function[:MAX_NAME]!r} is not the name of a function")
    if not (math.isfinite(ask.timeout) and 0 < ask.timeout <= LONGEST):
        raise Denied("usage", f"a job cannot take {ask.timeout:g} s", hint=f"at most {LONGEST:g} s")
    size = len(bytes(ask.args)) + len(bytes(ask.kwargs))
    if size > MAX_ARGUMENTS:
        raise Denied(
            "usage",
            f"the arguments have {size} bytes, at most {MAX_ARGUMENTS} travel",
            hint="let the peels fetch what is large",
        )
    try:
        fits = isinstance(unpack(bytes(ask.args)), list) and isinstance(
            unpack(bytes(ask.kwargs)), dict
        )
    except CodecError as error:
        raise Denied("usage", f"the arguments cannot be read: {error}") from error
    if not fits:
        raise Denied("usage", "the arguments are no list, or those by name no map")


def make_record(context: Context, asked: Asked, ask: RunAsk, meant: Meant) -> JobRecord:
    """Say what a job is.

    Raises:
        Denied: batch or max_fail are malformed.
    """
    now = context.wall()
    count = len(meant.ids)
    try:
        seconds = job_seconds(count, ask.timeout, ask.batch, ask.batch_wait, ask.canary)
        record = JobRecord(
            jid=ask.jid,
            owner=context.instance,
            owners=(context.name,),
            operator=asked.operator,
            request=store.seal_request(context.keys.returning.public, ask.jid, asked.signed),
            request_digest=asked.digest,
            target=ask.target,
            function=ask.function,
            argument_names=argument_names(ask),
            created=now,
            first_issued=now,
            deadline=now + seconds,
            timeout=ask.timeout,
            count=count,
            parts=-(-count // PEELS_PER_KEY),
            broadcast=_in_one(ask) and may_broadcast(context, meant),
            test=ask.test,
            tree=tree_of(context, ask.function),
            batch=ask.batch,
            batch_wait=ask.batch_wait,
            canary=ask.canary,
            max_fail=ask.max_fail,
            parent=ask.parent,
        )
        plan_of(record, seconds, 0)
    except BadPlan as error:
        raise Denied("usage", error.message, hint=error.hint) from error
    return record


def _in_one(ask: RunAsk) -> bool:
    """Say whether all peels may be asked at once and alike; secrets go to each by itself."""
    return not (ask.batch or ask.canary or secrets.secrets_of(ask))


def tree_of(context: Context, function: str) -> bytes:
    """Give the root of the trees that a job is asked for; nothing if it needs none."""
    head = context.tree_head
    return head.root if head is not None and function.startswith(STATES) else b""


def argument_names(ask: RunAsk) -> tuple[str, ...]:
    """Give what may be told of the arguments: their names, and how many have none."""
    named: dict[str, object] = unpack(bytes(ask.kwargs))
    given: list[object] = unpack(bytes(ask.args))
    places = [secrets.shown(f"#{n}", value) for n, value in enumerate(given, 1)]
    names = [secrets.shown(name, value) for name, value in sorted(named.items())]
    return tuple([*places, *names][:_NAMED])


async def create(context: Context, record: JobRecord, ids: Sequence[str]) -> store.Found:
    """Write the list and the record.

    Raises:
        Denied: the store does not answer, or what is there cannot be read.
    """
    absent = [place for place, one in enumerate(ids) if not context.presence.is_present(one)]
    try:
        try:
            await store.freeze(context.link, record.jid, record.owner, ids, absent)
        except WrongRevision:
            if found := await _made_by_another(context, record.jid):
                return found
            await store.freeze(context.link, record.jid, record.owner, ids, absent, anew=True)
        return await store.create(context.link, record)
    except (LinkError, store.Gone) as error:
        raise Denied(
            "unavailable",
            f"the job could not be written down: {error.message}",
            hint="look at the nats-servers: zester status; then ask again",
        ) from error


async def _made_by_another(context: Context, jid: str) -> store.Found | None:
    """Wait for the master that froze this job's list: an operator's second try came to us."""
    end = context.clock() + _PATIENCE
    while context.clock() < end:
        if found := await store.read(context.link, jid):
            return found
        await asyncio.sleep(_POLL)
    return None
