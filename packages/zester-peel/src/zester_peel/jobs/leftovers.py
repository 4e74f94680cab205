"""What a job still has running after the agent that started it was killed."""

import contextlib
import os
import signal
from pathlib import Path
from typing import Final, NamedTuple

_FILE: Final = "group"
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class _Stat(NamedTuple):
    pid: int
    group: int
    session: int
    started: int


def note(folder: Path, group: int) -> None:
    """Write down which process group a job runs in; on a full disk it is not written."""
    stat = _stat(group)
    if stat is None:
        return
    with contextlib.suppress(OSError):
        (folder / _FILE).write_text(f"{group} {stat.started} {_boot_id()}")


def end(folder: Path) -> int:
    """Kill what is left of the group that was noted; give how many processes that were.

    A number may have been given to somebody else since: only a group counts whose session has its
    number, in the same boot, and none of whose processes is older than the note.
    """
    try:
        text, started, boot = (folder / _FILE).read_text().split()
        group, since = int(text), int(started)
    except (OSError, ValueError):
        return 0
    if boot != _boot_id() or group <= 1:
        return 0
    members = [stat for stat in _processes() if stat.group == group]
    if not members or any(one.session != group or one.started < since for one in members):
        return 0
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    return len(members)


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return "unknown"


def _processes() -> list[_Stat]:
    found = [_stat(int(name)) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208  # names alone, many of them
    return [stat for stat in found if stat is not None]


def _stat(pid: int) -> _Stat | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
        # the name of the process stands in parentheses and may hold anything
        fields = text.rpartition(")")[2].split()
        return _Stat(pid, int(fields[2]), int(fields[3]), int(fields[19]))
    except (OSError, ValueError, IndexError):
        return None
