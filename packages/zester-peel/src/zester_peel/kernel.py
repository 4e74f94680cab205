"""Calls to the kernel and the C library that Python has no name for."""

import contextlib
import ctypes
import signal
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def end_with_parent(what: signal.Signals) -> None:
    """Have the kernel send this process a signal when the one that started it is gone."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(what), 0, 0, 0)


def trim_heap() -> None:
    """Give the C library's free pages back to the system, where it is one that can."""
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
