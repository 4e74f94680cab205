"""What breaks off a local call: a signal, or the end of the time that it was given."""

import contextlib
import signal
from collections.abc import Generator
from types import FrameType
from typing import Final

import msgspec

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class BrokenOff(KeyboardInterrupt):
    """Raised inside the call; functions, asyncio and what waits for a command let it pass.

    So commands end with the call, and so do its temporary files.
    """


class Ending(msgspec.Struct):
    """How a call was broken off, if it was."""

    why: str = ""
    exit_code: int = 0
    """As a shell counts a signal: 128 and its number; 1 where time was up."""
    timed_out: bool = False


@contextlib.contextmanager
def may_break_off() -> Generator[Ending]:
    """Let signals break off what runs in the block; one that is ignored stays so (nohup).

    Yields:
        what to look at after a `BrokenOff`, or where that became a result.
    """
    ending = Ending()

    def stop(number: int, _frame: FrameType | None) -> None:
        ending.timed_out = number == signal.SIGALRM
        ending.why = "since its time was up" if ending.timed_out else f"by {_name(number)}"
        ending.exit_code = 1 if ending.timed_out else 128 + number
        raise BrokenOff(ending.why)

    mended = {one: signal.getsignal(one) for one in (*_SIGNALS, signal.SIGALRM)}
    for one, how in mended.items():
        if how != signal.SIG_IGN or one == signal.SIGALRM:
            signal.signal(one, stop)
    try:
        yield ending
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for one, how in mended.items():
            signal.signal(one, how)


def break_off_after(seconds: float) -> None:
    """Break off what runs in the block of `may_break_off` after so many seconds."""
    signal.setitimer(signal.ITIMER_REAL, max(0.001, seconds))


def _name(number: int) -> str:
    return "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
