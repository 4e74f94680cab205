"""Jobs as they lie in the bucket `jobs`: list, record, who is active, outcomes (bus.md 6.2)."""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple, TypeVar

from zester_master.jobs.ledger import Ledger, Row
from zester_proto.codec import decode, encode
from zester_proto.errors import CodecError, ZesterError
from zester_proto.identity.sealing import BoxKey, open_from, seal_to
from zester_proto.link import NatsLink, WrongRevision, kv
from zester_proto.messages.jobs import Outcome
from zester_proto.messages.records import (
    PEELS_PER_KEY,
    ActiveJob,
    JobRecord,
    JobState,
    JobSummary,
    OutcomeRow,
    Outcomes,
    PeelList,
)
from zester_proto.together import together

BUCKET: Final = "jobs"
LIMIT: Final = 2 * 1024 * 1024
"""Bytes of one entry of the bucket."""

T = TypeVar("T")
ROWS_PER_KEY: Final = 2000
_ERROR: Final = 300
"""Characters of an error that the books keep; the return has all of it."""


class Gone(ZesterError):
    """Raised when what is stored of a job cannot be read any more."""


class Found(NamedTuple):
    """A job's record and the revision under which it lies, which is its epoch."""

    record: JobRecord
    revision: int


class Members(NamedTuple):
    """The frozen list, and which of it were absent."""

    ids: tuple[str, ...]
    absent: frozenset[int]


def active_key(jid: str) -> str:
    """The key of what the scan for orphans reads."""
    return f"active.{jid}"


def seal_request(public: bytes, jid: str, signed: bytes) -> bytes:
    """Seal an operator's request for the masters: its arguments may be secret."""
    return seal_to(public, f"jobs/{jid}".encode(), signed)


def open_request(key: BoxKey, jid: str, sealed: bytes) -> bytes:
    """Open what `seal_request` sealed.

    Raises:
        SealError: it was not sealed for this key and job.
    """
    return open_from(key, f"jobs/{jid}".encode(), sealed)


async def freeze(
    link: NatsLink,
    jid: str,
    owner: str,
    ids: Sequence[str],
    absent: Collection[int],
    *,
    anew: bool = False,
) -> None:
    """Write the frozen list, and that somebody is at it.

    Args:
        link: the bus.
        jid: the job.
        owner: instance of the master.
        ids: the list.
        absent: places of those who are absent.
        anew: write over a list whose maker never came to make the job.

    Raises:
        WrongRevision: a list is there: somebody else makes this job, or began to.
        LinkError: not all of it is stored.
    """
    write = kv.put if anew else kv.create
    gone = sorted(absent)
    active = ActiveJob(jid=jid, owner=owner, epoch=0)
    puts = [kv.put(link, BUCKET, active_key(jid), encode(active))]
    for part, start in enumerate(range(0, len(ids), PEELS_PER_KEY)):
        end = start + PEELS_PER_KEY
        peels = PeelList(
            ids=tuple(ids[start:end]),
            absent=tuple(place - start for place in gone if start <= place < end),
        )
        puts.append(write(link, BUCKET, f"{jid}.peels.{part}", encode(peels)))
    await together(puts)


async def create(link: NatsLink, record: JobRecord) -> Found:
    """Create a job, or find that it was created before; give what is stored.

    Raises:
        LinkError: it may or may not be created.
        Gone: what is there cannot be read.
    """
    try:
        return Found(record, await kv.create(link, BUCKET, record.jid, encode(record)))
    except WrongRevision:
        found = await read(link, record.jid)
        if found is None:
            raise
        return found


async def read(link: NatsLink, jid: str) -> Found | None:
    """Read a job's record.

    Raises:
        LinkError: it cannot be read.
        Gone: it is damaged.
    """
    entry = await kv.get(link, BUCKET, jid, fresh=True)
    if entry is None:
        return None
    return Found(_decoded(entry.value, JobRecord, jid), entry.revision)


def _decoded(data: bytes, kind: type[T], what: str) -> T:
    try:
        return decode(data, kind, limit=LIMIT)
    except CodecError as error:
        raise Gone(f"what is stored of job {what} is damaged: {error}") from error


async def take_over(link: NatsLink, found: Found, record: JobRecord) -> int | None:
    """Put a record in the place of the one found; give the new epoch, or nothing if too late.

    Raises:
        LinkError: it may or may not be stored.
    """
    try:
        return await kv.update(link, BUCKET, record.jid, encode(record), found.revision)
    except WrongRevision:
        return None


async def set_active(link: NatsLink, jid: str, owner: str, epoch: int) -> None:
    """Say whose a job is.

    Raises:
        LinkError: it is not stored.
    """
    active = ActiveJob(jid=jid, owner=owner, epoch=epoch)
    await kv.put(link, BUCKET, active_key(jid), encode(active))


async def drop_active(link: NatsLink, jid: str) -> None:
    """Take a job out of what the scan for orphans reads.

    Raises:
        LinkError: it is not done.
    """
    await kv.purge(link, BUCKET, active_key(jid))


async def active(link: NatsLink) -> list[ActiveJob]:
    """Give all jobs that are not closed.

    Raises:
        LinkError: they cannot be read.
    """
    entries = await kv.get_many(link, BUCKET, "active.*")
    found: list[ActiveJob] = []
    for entry in entries.values():
        try:
            found.append(decode(entry.value, ActiveJob))
        except CodecError:
            continue
    return found


async def members(link: NatsLink, record: JobRecord) -> Members:
    """Read the frozen list of a job.

    Raises:
        LinkError: it cannot be read.
        Gone: a part is missing or damaged.
    """
    keys = [f"{record.jid}.peels.{part}" for part in range(record.parts)]
    entries = await together(kv.get(link, BUCKET, key) for key in keys)
    ids: list[str] = []
    absent: list[int] = []
    for key, entry in zip(keys, entries, strict=True):
        if entry is None:
            raise Gone(f"{key} is missing: the list of job {record.jid} is not whole")
        peels = _decoded(entry.value, PeelList, key)
        absent += (len(ids) + place for place in peels.absent)
        ids += peels.ids
    return Members(tuple(ids), frozenset(absent))


async def add_child(link: NatsLink, parent: str, jid: str, part: str) -> None:
    """Write that a job is a part of another one once more.

    Raises:
        LinkError: it is not stored.
    """
    await kv.put(link, BUCKET, f"{parent}.child.{jid}", part.encode())


async def children(link: NatsLink, jid: str) -> tuple[str, ...]:
    """Give the jobs that are a part of this one once more, oldest first.

    Raises:
        LinkError: they cannot be read.
    """
    found = await kv.get_many(link, BUCKET, f"{jid}.child.*")
    return tuple(sorted(key.rpartition(".")[2] for key in found))


def summary_of(
    record: JobRecord, ledger: Ledger, state: JobState, closed: float
) -> tuple[JobSummary, list[Outcomes]]:
    """Give what is written when a job closes."""
    rows = [_row(ledger, place) for place in range(len(ledger.ids))]
    parts = [
        Outcomes(rows=tuple(rows[start : start + ROWS_PER_KEY]))
        for start in range(0, len(rows), ROWS_PER_KEY)
    ]
    summary = JobSummary(
        jid=record.jid,
        state=state,
        counts=ledger.counts(),
        closed=closed,
        parts=len(parts),
        owners=record.owners,
    )
    return summary, parts


def _row(ledger: Ledger, place: int) -> OutcomeRow:
    row = ledger.rows[place]
    assert row is not None  # a closed ledger has one for each
    return OutcomeRow(
        id=ledger.ids[place],
        outcome=row.outcome,
        seconds=row.seconds,
        error=row.error[:_ERROR],
        asked=row.asked,
        returned=row.returned,
    )


async def close(link: NatsLink, summary: JobSummary, parts: Sequence[Outcomes]) -> None:
    """Write how a job ended: the rows first, then the summary that makes it closed.

    Raises:
        LinkError: it is not, or not wholly, stored.
    """
    key = f"{summary.jid}.outcomes"
    await together(
        kv.put(link, BUCKET, f"{key}.{number}", encode(rows))
        for number, rows in enumerate(parts, 1)
    )
    await kv.put(link, BUCKET, f"{key}.0", encode(summary))


async def summary(link: NatsLink, jid: str) -> JobSummary | None:
    """Read how a job ended; nothing while it has not.

    Raises:
        LinkError: it cannot be read.
        Gone: it is damaged.
    """
    entry = await kv.get(link, BUCKET, f"{jid}.outcomes.0", fresh=True)
    return None if entry is None else _decoded(entry.value, JobSummary, jid)


async def outcomes(link: NatsLink, found: JobSummary) -> list[Row]:
    """Read the outcomes of a closed job, in the order of its list.

    Raises:
        LinkError: they cannot be read.
        Gone: a part is missing or damaged.
    """
    keys = [f"{found.jid}.outcomes.{number}" for number in range(1, found.parts + 1)]
    entries = await together(kv.get(link, BUCKET, key) for key in keys)
    rows: list[Row] = []
    for key, entry in zip(keys, entries, strict=True):
        if entry is None:
            raise Gone(f"{key} is missing: the outcomes of job {found.jid} are not whole")
        for one in _decoded(entry.value, Outcomes, key).rows:
            outcome = Outcome(one.outcome)
            rows.append(Row(outcome, one.seconds, one.error, one.asked, one.returned))
    return rows
