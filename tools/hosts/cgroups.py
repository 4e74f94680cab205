"""A control group for each host: without one, the systemds of two hosts would share theirs."""

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Final

from hosts.commands import PATIENCE
from hosts.errors import HostsError

_ROOT: Final = Path("/sys/fs/cgroup")
_PARENT: Final = "zester-hosts"


def _trees() -> list[Path]:
    """Give the hierarchies that systemd keeps its units in: v1's own, and v2's."""
    found = (_ROOT / "systemd", _ROOT / "unified", _ROOT)
    return [tree for tree in found if (tree / "cgroup.procs").exists()]


def enter_cgroup(name: str) -> None:
    """Move the calling process into a group of its own; for `preexec_fn`."""
    for tree in _trees():
        folder = tree / _PARENT / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cgroup.procs").write_text(str(os.getpid()))


def _groups(prefix: str) -> list[Path]:
    """Give the groups whose names begin so and all below, the deepest first; they come and go."""
    tops = [top for tree in _trees() for top in (tree / _PARENT).glob(f"{prefix}*")]
    return [Path(name) for top in tops for name, _, _ in os.walk(top, topdown=False)]


def clear_cgroups(prefix: str) -> None:
    """Kill what is in the groups whose names begin so, and remove them.

    Raises:
        HostsError: a process does not die.
    """
    end = time.monotonic() + PATIENCE
    while left := _groups(prefix):
        for group in left:
            _clear(group)
        if time.monotonic() > end:
            raise HostsError(f"these groups of dead hosts do not end: {left}")
        time.sleep(0.005)
    for tree in _trees():
        with contextlib.suppress(OSError):
            (tree / _PARENT).rmdir()


def _clear(group: Path) -> None:
    with contextlib.suppress(OSError):
        for word in (group / "cgroup.procs").read_text().split():
            os.kill(int(word), signal.SIGKILL)
    with contextlib.suppress(OSError):
        group.rmdir()
