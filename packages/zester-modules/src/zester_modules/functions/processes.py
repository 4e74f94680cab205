"""The processes of a machine, as its kernel tells them; never their environment."""

import os
import re
from typing import Final

import msgspec

from zester_modules.host.machine import HostProblem, Machine

_STATES: Final = {
    "R": "running", "S": "sleeping", "D": "disk-sleep", "T": "stopped", "t": "tracing-stop",
    "Z": "zombie", "X": "dead", "I": "idle",
}  # fmt: skip


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """One process."""

    pid: int
    ppid: int
    name: str
    state: str
    uid: int
    gid: int
    argv: tuple[str, ...]
    started: float
    """Unix time."""
    user_seconds: float
    system_seconds: float
    rss: int
    """Bytes of memory that it has now."""
    vms: int
    """Bytes of its address space."""
    threads: int

    @property
    def line(self) -> str:
        """Its command line; its name where it has none."""
        return " ".join(self.argv) or self.name


def pids(machine: Machine) -> list[int]:
    """Give the numbers of all processes."""
    return sorted(int(name) for name in machine.list("/proc") or [] if name.isdecimal())


def processes(machine: Machine) -> list[Process]:
    """Give all processes; one that ends meanwhile is left out."""
    booted = boot_time(machine)
    found = (process(machine, pid, booted) for pid in pids(machine))
    return [one for one in found if one is not None]


def process(machine: Machine, pid: int, booted: float) -> Process | None:
    """Give one process; None where there is none."""
    texts: list[str] = []
    try:
        for name in ("stat", "status", "cmdline"):
            data = machine.read(f"/proc/{pid}/{name}")
            if data is None:
                return None
            texts.append(data.decode("utf-8", "replace"))
    except HostProblem:  # it has ended between two looks
        return None
    return parse(pid, *texts, booted=booted)


def parse(pid: int, stat: str, status: str, cmdline: str, *, booted: float) -> Process:
    """Read what the kernel says of a process (man 5 proc)."""
    ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    # the name stands in brackets, and may hold some itself
    name = stat[stat.index("(") + 1 : stat.rindex(")")]
    words = stat[stat.rindex(")") + 2 :].split()
    ids = dict(re.findall(r"^(Uid|Gid):\s+(\d+)", status, re.MULTILINE))
    return Process(
        pid=pid, ppid=int(words[1]), name=name, state=_STATES.get(words[0], words[0]),
        uid=int(ids.get("Uid", 0)), gid=int(ids.get("Gid", 0)),
        argv=tuple(cmdline.rstrip("\0").split("\0")) if cmdline.rstrip("\0") else (),
        started=booted + int(words[19]) / ticks, user_seconds=int(words[11]) / ticks,
        system_seconds=int(words[12]) / ticks, vms=int(words[20]), rss=int(words[21]) * page,
        threads=int(words[17]),
    )  # fmt: skip


def boot_time(machine: Machine) -> float:
    """Give the Unix time at which the machine came up; 0 where the kernel does not say."""
    text = (machine.read("/proc/stat") or b"").decode("ascii", "replace")
    found = re.search(r"^btime (\d+)", text, re.MULTILINE)
    return float(found.group(1)) if found else 0.0
