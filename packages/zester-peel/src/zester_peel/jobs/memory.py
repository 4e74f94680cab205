"""What this peel knows of jobs, so that none runs twice (bus.md 6.4).

A jid is on the disk before its job runs. It is forgotten only when no message that the masters
signed for it can be valid any more: after its deadline and a while.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, cast

import msgspec

from zester_peel.clock import since_boot
from zester_peel.jobs.ended import Ended
from zester_peel.jobs.journal import Journal
from zester_proto.codec import decode, encode
from zester_proto.errors import CodecError, FileProblem
from zester_proto.files import make_private_folder
from zester_proto.messages.jobs import Job

MARGIN: Final = 120.0
"""Seconds that a jid is kept beyond its deadline; masters' clocks differ by less."""

CANCEL_LIFE: Final = 3600.0
"""Seconds that a cancel waits for its job."""

CANCELS: Final = 10_000
"""Cancels that wait at the same time; the oldest go first."""

_COMPACT_FROM: Final = 512 * 1024


class _Record(msgspec.Struct, frozen=True, array_like=True, tag_field="t"):
    """A line of the journal; times are site time in seconds."""


class Born(_Record, frozen=True, array_like=True, tag="b"):
    """From when on this memory has seen every job."""

    at: float


class Seen(_Record, frozen=True, array_like=True, tag="s"):
    """A job that was taken."""

    jid: str
    epoch: int
    until: float
    function: str


class Raised(_Record, frozen=True, array_like=True, tag="r"):
    """A higher epoch of a job that was taken."""

    jid: str
    epoch: int


class Over(_Record, frozen=True, array_like=True, tag="o"):
    """A job whose return the masters have."""

    jid: str
    outcome: str


class Past(_Record, frozen=True, array_like=True, tag="p"):
    """Many jobs that are over."""

    until: float
    jids: bytes


class Stopped(_Record, frozen=True, array_like=True, tag="c"):
    """A cancel that came before its job."""

    jid: str
    until: float


class Drained(_Record, frozen=True, array_like=True, tag="d"):
    """The newest word on whether this peel takes jobs."""

    number: int
    on: bool


Record = Born | Seen | Raised | Over | Past | Stopped | Drained
_RECORD: Final = cast("type[Record]", Record)


class Live(msgspec.Struct):
    """A job whose return the masters do not have yet."""

    epoch: int
    until: float
    function: str
    kept: bool
    """It is in the journal, too."""


class JobMemory:
    """The jobs that this peel has taken.

    Attributes:
        birth: site time at which it was opened empty: jobs that were first issued before may have
            run here; None before the first welcome, which brings the site's time.
        drain: number and value of the newest drain or undrain.
        interrupted: what was live when the process before this one ended.
    """

    def __init__(
        self, folder: Path, *, limit: int, steady: Callable[[], float] = since_boot
    ) -> None:
        self.birth: float | None = None
        self._steady = steady
        self._opened = steady()
        self.drain = Drained(0, on=False)
        self.interrupted: dict[str, Live] = {}
        self._limit = limit
        self._live: dict[str, Live] = {}
        self._ended = Ended()
        self._stopped: dict[str, float] = {}
        self._folder = folder
        self._journal = Journal(folder / "memory")

    def open(self) -> None:
        """Read what the processes before this one knew.

        Raises:
            FileProblem: the folder or the file cannot be used.
        """
        make_private_folder(self._folder)
        for data in self._journal.open():
            try:
                self._apply(decode(data, _RECORD, limit=len(data)))
            except CodecError:
                self._journal.damaged = True  # by a later version, or worse
        if self._journal.damaged:
            self.birth = None
        self.interrupted = dict(self._live)

    def _apply(self, record: Record) -> None:
        match record:
            case Born():
                self.birth = record.at
            case Seen():
                self._live[record.jid] = Live(
                    record.epoch, record.until, record.function, kept=True
                )
            case Raised():
                if record.jid in self._live:
                    self._live[record.jid].epoch = record.epoch
            case Over():
                live = self._live.pop(record.jid, None)
                if live is not None:
                    self._ended.add(record.jid, live.until)
            case Past():
                self._ended.add_generation(record.until, record.jids)
            case Stopped():
                self._stopped[record.jid] = record.until
            case Drained():
                self.drain = record

    def welcome(self, now: float) -> None:
        """Take the site's time: a new memory is born, an old one lets go of what is past.

        Raises:
            FileProblem: the disk does not take it.
        """
        if self.birth is None:
            # it remembers since it was opened: what came between then and the welcome is known
            born = now - (self._steady() - self._opened)
            self._journal.append(encode(Born(born)))
            self.birth = born
        self._ended.forget(now)
        self._stopped = {jid: until for jid, until in self._stopped.items() if until >= now}
        if self._journal.size > max(_COMPACT_FROM, 2 * self._weight()):
            self._compact()

    def _weight(self) -> int:
        return 128 * (len(self._live) + len(self._stopped)) + 27 * len(self._ended)

    def _compact(self) -> None:
        if not self._journal.syncing:
            self._journal.rewrite(encode(record) for record in self._records())

    def _records(self) -> Iterator[Record]:
        yield Born(self.birth or 0.0)
        yield self.drain
        for until, jids in self._ended.generations():
            yield Past(until, jids)
        for jid, until in self._stopped.items():
            yield Stopped(jid, until)
        for jid, live in self._live.items():
            if live.kept:
                yield Seen(jid, live.epoch, live.until, live.function)

    def has_room(self, now: float) -> bool:
        """Say whether one more job can be remembered at this site time."""
        if len(self._live) + len(self._ended) < self._limit:
            return True
        self._ended.forget(now)
        return len(self._live) + len(self._ended) < self._limit

    @property
    def live(self) -> Iterable[str]:
        """The jids of jobs whose return the masters do not have yet."""
        return self._live.keys()

    def knows(self, jid: str) -> bool:
        """Say whether a job was taken before."""
        return jid in self._live or jid in self._ended

    def is_live(self, jid: str) -> bool:
        """Say whether a job was taken whose return the masters do not have yet."""
        return jid in self._live

    def epoch(self, jid: str) -> int:
        """Give the highest epoch seen of a live job, else 0."""
        live = self._live.get(jid)
        return live.epoch if live else 0

    def raise_epoch(self, jid: str, epoch: int) -> None:
        """Note a higher epoch of a live job."""
        live = self._live.get(jid)
        if live is None or epoch <= live.epoch:
            return
        live.epoch = epoch
        if live.kept:
            self._note(Raised(jid, epoch))

    def take(self, job: Job, *, keep: bool) -> None:
        """Remember a job; call `sync` before it runs.

        Args:
            job: the order.
            keep: put it on the disk, too.

        Raises:
            FileProblem: it should be on the disk, and the disk does not take it.
        """
        until = max(job.deadline, job.start_before) + MARGIN
        if keep:
            self._journal.append(encode(Seen(job.jid, job.epoch, until, job.function)))
        self._live[job.jid] = Live(job.epoch, until, job.function, kept=keep)

    def answered(self, job: Job) -> None:
        """Remember, while this process lives, a job that was answered without being run."""
        until = max(job.deadline, job.start_before) + MARGIN
        if job.jid not in self._live:
            self._ended.add(job.jid, until)

    async def sync(self) -> None:
        """Wait until what was taken is on the disk.

        Raises:
            FileProblem: the disk does not take it.
        """
        await self._journal.sync()

    def over(self, jid: str, outcome: str) -> None:
        """Note that the masters have the return of a job."""
        live = self._live.pop(jid, None)
        self.interrupted.pop(jid, None)
        if live is None:
            return
        self._ended.add(jid, live.until)
        if live.kept:
            # not synced: should it be lost, the return is put again and refused as already there
            self._note(Over(jid, outcome))

    def was_stopped(self, jid: str) -> bool:
        """Say whether a cancel came before its job."""
        return jid in self._stopped

    def stop(self, jid: str, now: float) -> None:
        """Remember a cancel whose job has not come yet."""
        while len(self._stopped) >= CANCELS:
            del self._stopped[next(iter(self._stopped))]
        self._stopped[jid] = now + CANCEL_LIFE
        self._note(Stopped(jid, now + CANCEL_LIFE))

    def set_drain(self, number: int, *, on: bool) -> bool:
        """Take a newer word on whether this peel takes jobs; false if it is not newer."""
        if number <= self.drain.number:
            return False
        self.drain = Drained(number, on)
        self._note(self.drain)
        return True

    def _note(self, record: Record) -> None:
        # on a full disk the process still knows it; the next compaction writes it again
        with contextlib.suppress(FileProblem):
            self._journal.append(encode(record))

    def close(self) -> None:
        """Let go of the file."""
        self._journal.close()
