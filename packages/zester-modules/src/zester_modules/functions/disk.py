"""Disks of the host."""

# ruff: noqa: D417  # the context is handed to every function alike

import os
import shlex
import shutil

from zester_modules.context import Context
from zester_modules.errors import BadArgument
from zester_modules.function import function
from zester_modules.functions.machines import machine_of
from zester_modules.host.machine import Command, HostProblem


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


@function("disk.percent", reads=True)
def percent(context: Context, path: str = "") -> str | dict[str, str]:
    """Answer how full the file systems are, by where they are mounted.

    Args:
        path: only the one that this lies on.
    """
    found = {place: str(one["capacity"]) for place, one in usage(context, path).items()}
    return found[path] if path else found


@function("disk.inodeusage", reads=True)
def inodeusage(context: Context, path: str = "") -> dict[str, dict[str, object]]:
    """Answer how many files the file systems have room for, by where they are mounted.

    Args:
        path: only the one that this lies on.
    """
    return {place: _inodes(place) for place in usage(context, path)}


@function("disk.blkid", reads=True)
def blkid(context: Context, device: str = "") -> dict[str, dict[str, str]]:
    """Answer what lies on block devices: TYPE, UUID, LABEL and so on.

    Args:
        device: only this one.
    """
    machine = machine_of(context)
    if machine.which("blkid") is None:
        raise HostProblem("this host has no blkid", hint="it comes with util-linux")
    words = ("blkid", "-o", "full", *(("--", device) if device else ()))
    found: dict[str, dict[str, str]] = {}
    for line in machine.ask(Command(argv=words)).stdout.decode("utf-8", "replace").splitlines():
        name, _, rest = line.partition(": ")
        pairs = [word.partition("=") for word in shlex.split(rest)]
        found[name] = {key: value for key, sign, value in pairs if sign}
    return found


@function("disk.fstype", reads=True)
def fstype(context: Context, device: str) -> str:
    """Answer the kind of file system on a block device; "" where none is.

    Args:
        device: such as /dev/sda1.
    """
    return blkid(context, device).get(device, {}).get("TYPE", "")


def _inodes(path: str) -> dict[str, object]:
    try:
        found = os.statvfs(path)
    except OSError as error:
        raise HostProblem(f"cannot look at {path}: {error.strerror}") from error
    used = found.f_files - found.f_ffree
    share = round(100 * used / found.f_files) if found.f_files else 0
    return {
        "inodes": found.f_files, "used": used, "free": found.f_ffree, "use": f"{share}%",
    }  # fmt: skip


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
