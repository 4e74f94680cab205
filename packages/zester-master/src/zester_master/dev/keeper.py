"""Sees to it that nothing which a fleet started outlives it, however the fleet ends.

Two processes share the work. The one that was called adopts every orphan below it and waits; its
child runs the fleet. Whichever of them ends first, even by SIGKILL, the other one kills the rest.
"""

import ctypes
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36
GONE: Final = signal.SIGUSR1
"""What the kernel sends the fleet when the process that was called is gone."""

_PATIENCE: Final = 5.0
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """Be killed when the parent ends; called in a child before it becomes another program."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def keep(fleet: Callable[[], int]) -> int:
    """Run a fleet in a child, pass signals on, and leave nothing behind; give its exit code."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    above = os.getpid()
    child = os.fork()
    if child == 0:
        os._exit(_as_child(above, fleet))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _: os.kill(child, got))
    _, status = os.waitpid(child, 0)
    kill_descendants()
    return os.waitstatus_to_exitcode(status)


def _as_child(above: int, fleet: Callable[[], int]) -> int:
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(GONE, _end_at_once)
    _libc.prctl(_PR_SET_PDEATHSIG, GONE, 0, 0, 0)
    if os.getppid() != above:
        return 1
    try:
        return fleet()
    except KeyboardInterrupt:
        return 130
    finally:
        kill_descendants()


def _end_at_once(_number: int, _frame: object) -> None:
    kill_descendants()
    os._exit(1)


def kill_descendants() -> None:
    """Kill every process below this one, and those that they leave to us, until none is left."""
    end = time.monotonic() + _PATIENCE
    while (found := descendants(os.getpid())) and time.monotonic() < end:
        for pid in found:
            _kill(pid)
        _reap()
        time.sleep(0.005)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue
    except ChildProcessError:
        return


def descendants(pid: int) -> list[int]:
    """Give every process below one, children first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            children.setdefault(_parent(entry), []).append(int(entry.name))
    found = list(children.get(pid, []))
    for one in found:  # grows while it is read
        found.extend(children.get(one, []))
    return found


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0
