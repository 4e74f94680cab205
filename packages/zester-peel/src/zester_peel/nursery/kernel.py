"""The calls to the Linux kernel that Python has no name for; only the nursery pays for ctypes."""

import ctypes
import signal
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def end_with_parent(what: signal.Signals) -> None:
    """Have the kernel send this process a signal when the one that started it is gone."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(what), 0, 0, 0)
