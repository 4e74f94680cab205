"""Processes and memory of the host, by Salt's names."""

# ruff: noqa: D417  # the context is handed to every function alike

import os
import re
import signal as signals
import time
from typing import Any

from zester_modules.context import Context
from zester_modules.errors import BadArgument, Refused
from zester_modules.facts.hardware import parse_meminfo
from zester_modules.function import function
from zester_modules.functions import processes
from zester_modules.functions.machines import machine_of
from zester_modules.functions.processes import Process
from zester_modules.host.machine import Command
from zester_modules.regexes import compiled
from zester_modules.returns import Outcome, Return


@function("ps.get_pid_list", reads=True)
def get_pid_list(context: Context) -> list[int]:
    """Answer the numbers of all processes."""
    return processes.pids(machine_of(context))


@function("ps.pgrep", reads=True)
def pgrep(
    context: Context,
    pattern: str,
    user: str = "",
    full: bool = False,
    pattern_is_regex: bool = False,
) -> list[int]:
    """Answer the numbers of the processes whose name holds a text.

    Args:
        pattern: the text.
        user: only this user's.
        full: look into the whole command line.
        pattern_is_regex: the text is a regular expression.
    """
    return [one.pid for one in _matching(context, pattern, user, full, regex=pattern_is_regex)]


@function("ps.proc_info", reads=True)
def proc_info(context: Context, pid: int, attrs: list[str] | None = None) -> dict[str, Any]:
    """Answer what is known of a process; nothing of its environment.

    Args:
        pid: its number.
        attrs: only these.
    """
    machine = machine_of(context)
    found = processes.process(machine, pid, processes.boot_time(machine))
    if found is None:
        raise Refused(f"there is no process {pid}", hint="ps.get_pid_list names them all")
    known = _described(found, context)
    missing = [name for name in attrs or () if name not in known]
    if missing:
        raise BadArgument("ps.proc_info", "attrs", f"{missing[0]!r} is not known",
                          hint=f"known: {', '.join(known)}")  # fmt: skip
    return {name: known[name] for name in attrs or known}


@function("ps.top", reads=True)
def top(context: Context, num_processes: int = 5, interval: float = 3.0) -> list[dict[str, Any]]:
    """Answer the processes that use the most of the processors.

    Args:
        num_processes: how many.
        interval: over so many seconds.
    """
    machine = machine_of(context)
    before = {one.pid: one for one in processes.processes(machine)}
    time.sleep(min(interval, 60.0))
    rows: list[tuple[float, Process]] = []
    for one in processes.processes(machine):
        old = before.get(one.pid)
        was = old.user_seconds + old.system_seconds if old and old.started == one.started else 0.0
        rows.append((one.user_seconds + one.system_seconds - was, one))
    rows.sort(key=lambda row: (-row[0], row[1].pid))
    return [
        {"used_seconds": round(used, 2), **_described(one, context)}
        for used, one in rows[:num_processes]
    ]


@function("ps.kill_pid")
def kill_pid(context: Context, pid: int, signal: int = 15) -> Return:
    """Send a process a signal.

    Args:
        pid: its number.
        signal: the signal's number.
    """
    if pid not in processes.pids(machine_of(context)):
        return Return(value=False, outcome=Outcome.FAILED, error=f"there is no process {pid}")
    _kill(context, [pid], signal)
    return Return(value=True, outcome=Outcome.CHANGED)


@function("ps.pkill")
def pkill(
    context: Context, pattern: str, user: str = "", signal: int = 15, full: bool = False
) -> Return:
    """Send a signal to all processes whose name holds a text; answer their numbers.

    Args:
        pattern: the text.
        user: only this user's.
        signal: the signal's number.
        full: look into the whole command line.
    """
    killed = pgrep(context, pattern, user, full)
    if killed:
        _kill(context, killed, signal)
    return Return({"killed": killed}, Outcome.CHANGED if killed else Outcome.OK)


@function("ps.boot_time", reads=True)
def boot_time(context: Context) -> int:
    """Answer the Unix time at which the host came up."""
    return int(processes.boot_time(machine_of(context)))


@function("ps.num_cpus", reads=True)
def num_cpus(context: Context) -> int:  # noqa: ARG001  # every function is handed it
    """Answer how many processors there are."""
    return os.cpu_count() or 1


@function("ps.total_physical_memory", reads=True)
def total_physical_memory(context: Context) -> int:
    """Answer the bytes of memory."""
    return _memory(context)["MemTotal"]


@function("ps.virtual_memory", reads=True)
def virtual_memory(context: Context) -> dict[str, Any]:
    """Answer how the memory is used, in bytes."""
    have = _memory(context)
    total, available = have["MemTotal"], have.get("MemAvailable", have["MemFree"])
    return {
        "total": total, "available": available, "free": have["MemFree"],
        "used": total - available, "percent": round(100 * (total - available) / total, 1),
        "buffers": have.get("Buffers", 0), "cached": have.get("Cached", 0),
    }  # fmt: skip


@function("ps.swap_memory", reads=True)
def swap_memory(context: Context) -> dict[str, Any]:
    """Answer how the swap space is used, in bytes."""
    have = _memory(context)
    total, free = have.get("SwapTotal", 0), have.get("SwapFree", 0)
    percent = round(100 * (total - free) / total, 1) if total else 0.0
    return {"total": total, "free": free, "used": total - free, "percent": percent}


def _memory(context: Context) -> dict[str, int]:
    text = (machine_of(context).read("/proc/meminfo") or b"").decode("ascii", "replace")
    return {"MemTotal": 0, "MemFree": 0} | parse_meminfo(text)


def _matching(
    context: Context, pattern: str, user: str, full: bool, *, regex: bool = False
) -> list[Process]:
    if not pattern:
        raise BadArgument("ps.pgrep", "pattern", "it is empty", expects="a text")
    wanted = compiled(pattern if regex else re.escape(pattern))
    machine = machine_of(context)
    uid = machine.users()[user].uid if user in machine.users() else None
    if user and uid is None:
        raise Refused(f"there is no user {user!r}")
    return [
        one for one in processes.processes(machine)
        if one.pid != os.getpid() and (uid is None or one.uid == uid)
        and wanted.search(one.line if full else one.name)
    ]  # fmt: skip


def _kill(context: Context, found: list[int], number: int) -> None:
    try:
        name = signals.Signals(number).name.removeprefix("SIG")
    except ValueError:
        raise BadArgument("ps.kill_pid", "signal", f"there is no signal {number}") from None
    if any(pid < 2 for pid in found):  # 1 is init, 0 and below are groups
        raise Refused("process 1 is not ended", hint="cmd.run shutdown stops the host")
    line = f"kill -{name} {' '.join(map(str, found))}"
    done = machine_of(context).do(Command(shell=line))
    if done.exit_code:
        raise Refused(f"{line}: {done.stderr.decode('utf-8', 'replace').strip()}")


def _described(one: Process, context: Context) -> dict[str, Any]:
    users = machine_of(context).users().values()
    return {
        "pid": one.pid, "ppid": one.ppid, "name": one.name, "cmdline": list(one.argv),
        "status": one.state, "username": next((u.name for u in users if u.uid == one.uid), ""),
        "uid": one.uid, "gid": one.gid, "create_time": one.started, "num_threads": one.threads,
        "cpu_times": {"user": one.user_seconds, "system": one.system_seconds},
        "memory_info": {"rss": one.rss, "vms": one.vms},
    }  # fmt: skip
