"""What is shown while a job runs: one line on standard error that is gone when it ends."""

import asyncio
import time
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from zester_cli.duration import shown_seconds
from zester_cli.output.names import fold
from zester_cli.output.screen import Screen
from zester_cli.pages import PageReader
from zester_cli.results import OUTCOMES, said_counts
from zester_proto.terminal import harmless_line

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

_DELAY: Final = 0.5
"""Seconds before anything is shown: most jobs are done by then, and rich costs 0.1 s."""
_PERIOD: Final = 0.1
_MOST_NAMED: Final = 200


class Progress:
    """Counts the peels of one job as they answer; without a terminal it shows nothing."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._reader: PageReader | None = None
        self._began = time.monotonic()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._screen.live:
            self._task = asyncio.create_task(self._show(), name="progress")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def update(self, reader: PageReader) -> None:
        """Take note of a page."""
        self._reader = reader

    async def _show(self) -> None:
        await asyncio.sleep(_DELAY)
        bar, task = _rich_bar(self._screen)
        try:
            with bar:
                while True:
                    self._draw(bar, task)
                    await asyncio.sleep(_PERIOD)
        finally:
            bar.stop()

    def _draw(self, bar: "RichProgress", task: "TaskID") -> None:
        reader = self._reader
        seconds = time.monotonic() - self._began
        text = status(reader, seconds) if reader else f"waiting for a master, {seconds:.1f} s"
        total = sum(reader.counts.values()) if reader else 0
        done = len(reader.items) if reader else 0
        bar.update(task, description=text, total=total or None, completed=done)
        bar.refresh()


def status(reader: PageReader, seconds: float) -> str:
    """Give the line that says how far a job is."""
    total = sum(reader.counts.values())
    parts = [f"{len(reader.items)} of {total}" if total else "started"]
    ended = {name: count for name, count in reader.counts.items() if name in OUTCOMES}
    parts += [said_counts(ended)] if ended else []
    if 0 < len(reader.stages) <= _MOST_NAMED:
        parts.append(f"waiting for {fold(reader.stages, 40)}")
    parts.append(shown_seconds(seconds))
    return harmless_line(", ".join(parts))


def _rich_bar(screen: Screen) -> tuple["RichProgress", "TaskID"]:
    from rich.console import Console  # noqa: PLC0415  # only jobs that take time pay for rich
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn  # noqa: PLC0415

    bar = Progress(
        SpinnerColumn(),
        BarColumn(bar_width=24),
        TextColumn("{task.description}", markup=False),
        console=Console(file=screen.err, stderr=True, no_color=screen.plain),
        auto_refresh=False,
        transient=True,
    )
    return bar, bar.add_task("", total=None)
