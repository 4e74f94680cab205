"""Jobs as a command sees them: started, watched to their end, found again when a master dies."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from zester_cli.client import Client, Pages, answer_value
from zester_cli.errors import CliError, Detached, NoBus, NoMaster
from zester_cli.pages import Gap, PageReader, as_map, read_map
from zester_cli.results import JobResult, read_return
from zester_proto.errors import CodecError
from zester_proto.messages.operators import AgainAsk, Answer, JobAsk, RunAsk

SILENCE: Final = 6.0
"""Seconds without a page after which another master is asked how the job stands."""
_LONGEST_SILENCE: Final = 30.0
GRACE: Final = 60.0
"""Seconds after a job's deadline: a takeover by another master may still end it."""
_GAPS: Final = 20
"""Times that pages may be missing before the command gives up."""
_LONGEST_PAUSE: Final = 5.0

Progress = Callable[[PageReader], None]


class Watched(NamedTuple):
    """A job whose end was seen."""

    reader: PageReader
    info: dict[str, Any]
    """`job_info` of the masters."""
    seconds: float


class Started(NamedTuple):
    """A job that was only just started."""

    jid: str
    target: str
    function: str
    peels: int
    """How many."""


async def start(
    client: Client, ask: RunAsk | AgainAsk, progress: Progress, verb: str = "run"
) -> Watched:
    """Start a job and watch it to its end.

    Args:
        client: the connection.
        ask: the job.
        progress: told of every page.
        verb: `run`, `rerun` or `resume`.

    Raises:
        CliError: a master's no, or nobody answers; the hint says what may have happened.
        Detached: Ctrl-C; the job goes on.
    """
    try:
        answer, pages = await client.ask_pages(verb, ask)
    except (NoMaster, NoBus) as error:
        error.hint = f"{error.hint} The job may run all the same: zester job show {ask.jid}".strip()
        raise
    except asyncio.CancelledError:
        raise detached(ask.jid) from None
    # a rerun without a time of its own takes its parent's, which the first page tells
    return await _Watch(client, ask.jid, progress, ask.timeout or None).to_end(answer, pages)


async def follow(
    client: Client, jid: str, progress: Progress, seconds: float | None = None
) -> Watched:
    """Watch a job that somebody started, from its beginning to its end.

    Args:
        client: the connection.
        jid: the job.
        progress: told of every page.
        seconds: how long to watch; None as long as the job may take.

    Raises:
        CliError: there is no such job, or nobody answers.
        Detached: Ctrl-C; the job goes on.
    """
    try:
        answer, pages = await client.ask_pages("follow", JobAsk(jid=jid))
    except asyncio.CancelledError:
        raise detached(jid) from None
    return await _Watch(client, jid, progress, seconds, following=True).to_end(answer, pages)


async def show(client: Client, jid: str, peel: str = "") -> Watched:
    """Give what is known of a job now.

    Raises:
        CliError: there is no such job, or nobody answers.
    """
    _, reader = await client.ask_list("job", JobAsk(jid=jid, peel=peel))
    return Watched(reader, read_info(reader), 0.0)


class _Watch:
    """One job being watched."""

    def __init__(
        self,
        client: Client,
        jid: str,
        progress: Progress,
        seconds: float | None,
        *,
        following: bool = False,
    ) -> None:
        self._client = client
        self._jid = jid
        self._progress = progress
        self._began = time.monotonic()
        self._asked_for_so_long = following and seconds is not None
        grace = 0 if following else GRACE
        self._end = None if seconds is None else self._began + seconds + grace
        self._silence = SILENCE
        self._gaps = 0
        self._in_vain = False
        """What is missing at the end was asked for once more already."""

    async def to_end(self, answer: Answer, pages: Pages) -> Watched:
        """Read pages until the final one; go to another master when they stop."""
        try:
            while not self._is_enough(pages.reader):
                pages = await self._step(pages, answer)
            return self._ended(pages.reader)
        except asyncio.CancelledError:
            raise detached(self._jid) from None
        finally:
            await pages.close()

    def _is_enough(self, reader: PageReader) -> bool:
        """Say whether all is there, or what is missing was asked for in vain."""
        return reader.final and (not _missing(reader) or self._in_vain)

    async def _step(self, pages: Pages, answer: Answer) -> Pages:
        """Read one page, or give the pages of another answer if these come to nothing."""
        problem, more = "", False
        try:
            more = not pages.reader.final and await pages.next(self._patience())
        except Gap as error:
            problem = error.message
        if pages.reader.final and not more and not problem:
            self._in_vain = True
            problem = "results are missing from the masters' answer"
        if problem:
            self._client.warn(f"{problem}: asking for all of them again")
            self._gaps += 1
            await asyncio.sleep(min(0.1 * 2**self._gaps, _LONGEST_PAUSE) if self._gaps > 1 else 0)
            return await self._again(pages)
        if not more:
            return await self._again(pages)
        self._silence = SILENCE
        self._progress(pages.reader)
        self._note_deadline(pages.reader, answer)
        return pages

    def _ended(self, reader: PageReader) -> Watched:
        if missing := _missing(reader):
            self._client.warn(f"the results of {missing} peels are missing from the pages")
        return Watched(reader, read_info(reader), time.monotonic() - self._began)

    def _patience(self) -> float:
        left = self._silence if self._end is None else self._end - time.monotonic()
        return max(min(self._silence, left), 0.0)

    def _note_deadline(self, reader: PageReader, answer: Answer) -> None:
        """Learn from page 0 how long the job may take: in batches longer than one peel may."""
        if not self._asked_for_so_long and reader.info:
            deadline = read_info(reader).get("deadline")
            if isinstance(deadline, (int, float)):
                self._end = time.monotonic() + max(deadline - answer.time, 0) + GRACE

    async def _again(self, pages: Pages) -> Pages:
        """Ask any master to tell the job from its beginning; keep what there is if none does."""
        if self._end is not None and time.monotonic() >= self._end:
            raise self._gave_up()
        if self._gaps > _GAPS:
            raise CliError(
                "pages of the masters' answer keep getting lost",
                hint=f"the job goes on: zester job show {self._jid}",
            )
        try:
            _, again = await self._client.ask_pages("follow", JobAsk(jid=self._jid))
        except (NoMaster, NoBus):
            self._silence = min(self._silence * 2, _LONGEST_SILENCE)
            return pages
        self._silence = min(self._silence * 2, _LONGEST_SILENCE)
        await pages.close()
        return again

    def _gave_up(self) -> CliError:
        how = f"zester job follow {self._jid}"
        if self._asked_for_so_long:
            return Detached(f"job {self._jid} has not ended yet", hint=f"go on with {how}")
        return NoMaster(
            f"no master says how job {self._jid} ended, long after its time was up",
            hint=f"when one is back: {how}",
        )


def _missing(reader: PageReader) -> int:
    """Give how many peels the counts know of and the pages do not."""
    return max(sum(reader.counts.values()) - len(reader.items), 0)


def detached(jid: str) -> Detached:
    """Give the error of a command that leaves its job alone."""
    return Detached(
        f"detached: job {jid} goes on",
        hint=f"zester job follow {jid} watches it, zester job cancel {jid} ends it",
    )


def read_info(reader: PageReader) -> dict[str, Any]:
    """Give what page 0 says of the job itself."""
    try:
        return read_map(reader.info)
    except CodecError:
        return {}


def job_result(jid: str, watched: Watched, ask: RunAsk | None = None) -> JobResult:
    """Read what the pages say of a job."""
    reader, info = watched.reader, watched.info
    peels = {
        peel_id: read_return(item.outcome, item.data, item.late)
        for peel_id, item in sorted(reader.items.items())
    }
    return JobResult(
        jid=jid,
        target=ask.target if ask else str(info.get("target", "")),
        function=ask.function if ask else str(info.get("function", "")),
        peels=peels,
        state=str(info.get("state", "")),
        info=info,
        seconds=watched.seconds,
        told=reader.counts,
    )


def started(ask: RunAsk | AgainAsk, answer: Answer) -> Started:
    """Read the answer to `run`, `rerun` or `resume`."""
    told = as_map(answer_value(answer))
    count = told.get("count")
    asked = (ask.target, ask.function) if isinstance(ask, RunAsk) else ("", "")
    target, function = (
        str(told.get(name) or own) for name, own in zip(("target", "function"), asked, strict=True)
    )
    return Started(ask.jid, target, function, count if isinstance(count, int) else 0)
