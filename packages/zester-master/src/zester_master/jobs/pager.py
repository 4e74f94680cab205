"""Shows a job to one operator: signed pages of all that is known, then of what comes (bus.md 3)."""

import asyncio
from typing import Final, NamedTuple

from zester_master.api.pages import Book
from zester_master.jobs.returns import FalseReturn, said
from zester_master.jobs.values import AHEAD
from zester_master.jobs.view import JobView
from zester_proto.codec import pack
from zester_proto.link import LinkError
from zester_proto.logs import Log
from zester_proto.messages.operators import PAGE_ROWS, PAGE_SECONDS
from zester_proto.subjects import page

ALIVE: Final = 2.0
"""Seconds between two pages of a job of which there is nothing new to say."""

COUNTS: Final = 0.5
"""Seconds between two pages that bring counts alone."""

_log: Final = Log("zester.pages")


class Reader(NamedTuple):
    """Who looks at a job, and at how much of it."""

    operator: str
    request: str
    peel: str = ""
    """Only this one; empty for all."""
    values: bool = True
    live: bool = True
    """Until the job is closed; else what is known now."""


class Pager:
    """The pages of one request about one job."""

    def __init__(self, job: JobView, reader: Reader) -> None:
        context = job.context
        self._job = job
        self._reader = reader
        self._subject = page(reader.operator, reader.request)
        self._changed = asyncio.Event()
        self._place = 0
        self._sent_at = context.clock()
        self._waiting_since = context.clock()
        self._counts: dict[str, int] | None = None
        self._rows = 0
        self._only = self._place_of(reader.peel) if reader.peel else None
        self._book = Book(
            lambda body: context.signed("page", body),
            reader.request,
            master=context.name,
            jid=job.record.jid,
            epoch=job.epoch,
            info=pack(job.info()),
        )

    def _place_of(self, peel_id: str) -> int:
        place = self._job.place_of(peel_id)
        return -1 if place is None else place

    async def run(self) -> None:
        """Send pages to the end; a connection that breaks ends them: the reader asks again."""
        self._job.watch(self._changed)
        try:
            await self._run()
        except LinkError as error:
            _log.info("pages end early", jid=self._job.record.jid, error=error.message)
        finally:
            self._job.unwatch(self._changed)

    async def _run(self) -> None:
        ledger = self._job.ledger
        while True:
            self._changed.clear()
            await self._read_on()
            if self._job.abandoned and self._reader.live:
                return  # who wants to see the end asks again; a single look gets what is known
            closed = self._job.summary is not None and self._place >= len(ledger.log)
            if closed or not self._reader.live:
                await self._finish()
                return
            due = self._due()
            now = self._job.context.clock()
            if now >= due:
                await self._send()
                due = self._due()
            try:
                async with asyncio.timeout(max(0.0, due - now)):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _due(self) -> float:
        """Give when the next page is to be sent if nothing else happens."""
        if not self._book.empty or self._counts is None:
            return self._waiting_since + PAGE_SECONDS
        if self._counts != self._job.ledger.counts():
            return self._sent_at + COUNTS
        return self._sent_at + ALIVE

    async def _send(self) -> None:
        self._counts = self._job.ledger.counts()
        pages = self._book.cut(self._counts) or self._book.blank(self._counts)
        await self._publish(pages)

    async def _finish(self) -> None:
        if not self._reader.live:
            self._add_stages()
        counts = self._job.summary.counts if self._job.summary else self._job.ledger.counts()
        # page 0 tells it as it was when somebody began to look
        info = pack(self._job.info())
        await self._publish(self._book.cut(counts, final=True, info=info))

    def _add_stages(self) -> None:
        """Say where those stand that have no outcome yet."""
        ledger = self._job.ledger
        for place, row in enumerate(ledger.rows):
            if row is None and self._wanted(place):
                self._book.add(ledger.ids[place], b"", outcome=ledger.stage(place))

    async def _publish(self, pages: list[bytes]) -> None:
        for data in pages:
            await self._job.context.link.publish(self._subject, data)
        self._rows = 0
        self._sent_at = self._job.context.clock()

    def _wanted(self, place: int) -> bool:
        return self._only is None or self._only == place

    # -- rows ------------------------------------------------------------------------------------

    async def _read_on(self) -> None:
        """Take the outcomes that are new into the book; send it whenever a page is full."""
        log = self._job.ledger.log
        if self._book.empty and self._place < len(log):
            self._waiting_since = self._job.context.clock()
        ahead = 0
        while self._place < len(log):
            if self._place >= ahead:
                ahead = await self._look_ahead()
            place = log[self._place]
            self._place += 1
            if self._wanted(place):
                await self._add(place)
            if self._book.ready or self._rows >= PAGE_ROWS:
                await self._send()

    async def _look_ahead(self) -> int:
        """Have the next values at hand; give up to where in the log they are."""
        ledger = self._job.ledger
        end = min(self._place + AHEAD, len(ledger.log))
        missing = {
            place: ledger.ids[place]
            for place in ledger.log[self._place : end]
            if self._reads(place) and not self._job.values.holds(place)
        }
        if missing:
            await self._job.values.prefetch(missing)
        return end

    def _reads(self, place: int) -> bool:
        """Say whether the row of a peel shows what it returned."""
        row = self._job.ledger.rows[place]
        spoke = (row is not None and row.returned) or place in self._job.ledger.late
        return spoke and self._reader.values and self._wanted(place)

    async def _add(self, place: int) -> None:
        ledger = self._job.ledger
        row, peel_id = ledger.rows[place], ledger.ids[place]
        assert row is not None  # it stands in the log
        late = ledger.late.get(place)
        outcome, after = str(row.outcome), str(late.outcome) if late is not None else ""
        self._rows += 1
        if not self._reads(place):
            text = said(row.error, seconds=row.seconds)
            self._book.add(peel_id, text, outcome=outcome, late=after)
            return
        value = self._job.values.take(place)
        if value is not None:
            self._book.add(peel_id, value, outcome=outcome, late=after)
            return
        await self._add_stored(place, outcome, after)

    async def _add_stored(self, place: int, outcome: str, late: str) -> None:
        """Take a value from the bucket, with no more than one piece of it in memory."""
        peel_id = self._job.ledger.ids[place]
        try:
            async for piece in self._job.values.read(place, peel_id):
                self._book.add(
                    peel_id,
                    piece.data,
                    outcome=outcome,
                    late=late,
                    offset=piece.offset,
                    total=piece.total,
                )
                if self._book.ready:
                    await self._send()
        except FalseReturn as error:
            row = self._job.ledger.rows[place]
            seconds = row.seconds if row is not None else 0.0
            text = said(f"its return cannot be shown: {error.message}", seconds=seconds)
            self._book.add(peel_id, text, outcome=outcome, late=late)
