"""Disks of the host."""

# ruff: noqa: D417  # the context is handed to every function alike

import shutil

from zester_modules.context import Context
from zester_modules.errors import BadArgument
from zester_modules.function import function
from zester_modules.functions.machines import machine_of
from zester_modules.host.machine import HostProblem


@function("disk.usage", reads=True)
def usage(context: Context, path: str = "") -> dict[str, dict[str, object]]:
    """Answer how full the file systems are, by where they are mounted; sizes are KiB.

    Args:
        path: only the one that this lies on.
    """
    if path:
        return {path: _usage("", path)}
    text = (machine_of(context).read("/proc/self/mounts") or b"").decode("utf-8", "replace")
    rows = [line.split() for line in text.splitlines()]
    return {row[1]: _usage(row[0], row[1]) for row in rows if row[0].startswith("/")}


def _usage(device: str, path: str) -> dict[str, object]:
    try:
        total, used, free = shutil.disk_usage(path)
    except OSError as error:
        if not device:
            raise BadArgument("disk.usage", "path", str(error)) from None
        raise HostProblem(f"cannot look at {path}: {error.strerror}") from error
    return {
        "filesystem": device, "1K-blocks": total // 1024, "used": used // 1024,
        "available": free // 1024, "capacity": f"{round(100 * used / total) if total else 0}%",
    }  # fmt: skip
