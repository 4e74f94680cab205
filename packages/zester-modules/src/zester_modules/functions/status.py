"""How the host is doing, by Salt's names."""

# ruff: noqa: D417  # the context is handed to every function alike

import os
import time
from datetime import UTC, datetime
from typing import Any

from zester_modules.context import Context
from zester_modules.facts.hardware import parse_meminfo
from zester_modules.function import function
from zester_modules.functions import processes
from zester_modules.functions.machines import machine_of


@function("status.time", reads=True)
def status_time(context: Context, format: str = "%A, %d. %B %Y %I:%M%p") -> str:  # noqa: A002, ARG001  # Salt's name; every function is handed it
    """Answer the host's time.

    Args:
        format: as strftime takes it.
    """
    return datetime.now().astimezone().strftime(format)


@function("status.uptime", reads=True)
def uptime(context: Context) -> dict[str, Any]:
    """Answer since when the host has been up."""
    since = processes.boot_time(machine_of(context))
    seconds = int(time.time() - since)
    return {
        "seconds": seconds, "days": seconds // 86400, "since_t": int(since),
        "since_iso": datetime.fromtimestamp(since, UTC).isoformat(),
    }  # fmt: skip


@function("status.loadavg", reads=True)
def loadavg(context: Context) -> dict[str, float]:  # noqa: ARG001  # every function is handed it
    """Answer how many processes wanted a processor on average."""
    return dict(zip(("1-min", "5-min", "15-min"), os.getloadavg(), strict=True))


@function("status.meminfo", reads=True)
def meminfo(context: Context) -> dict[str, int]:
    """Answer how the memory is used, in bytes, by the kernel's names."""
    text = (machine_of(context).read("/proc/meminfo") or b"").decode("ascii", "replace")
    return parse_meminfo(text)


@function("status.nproc", reads=True)
def nproc(context: Context) -> int:  # noqa: ARG001  # every function is handed it
    """Answer how many processors there are."""
    return os.cpu_count() or 1


@function("status.version", reads=True)
def version(context: Context) -> str:
    """Answer what the kernel says of itself."""
    return (machine_of(context).read("/proc/version") or b"").decode("utf-8", "replace").strip()
