"""File systems that are mounted, and the table of those that are to be, by Salt's names."""

# ruff: noqa: D417  # the context is handed to every function alike

from typing import Any

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.functions.by_state import by_state
from zester_modules.functions.machines import machine_of
from zester_modules.resources.edits import text_at
from zester_modules.resources.mount import FSTAB, MOUNTS
from zester_modules.returns import Return
from zester_modules.tables import fstab as tables


@function("mount.active", reads=True)
def active(context: Context) -> dict[str, dict[str, Any]]:
    """Answer what is mounted, by folder."""
    return _rows(context, MOUNTS)


@function("mount.is_mounted", reads=True)
def is_mounted(context: Context, name: str) -> bool:
    """Answer whether something is mounted in a folder.

    Args:
        name: the folder.
    """
    return name in _rows(context, MOUNTS)


@function("mount.fstab", reads=True)
def fstab(context: Context, config: str = FSTAB) -> dict[str, dict[str, Any]]:
    """Answer what is to be mounted, by folder.

    Args:
        config: the table.
    """
    return _rows(context, config)


@function("mount.mount", dry=True)
def mount(  # noqa: PLR0917  # the signature is Salt's
    context: Context,
    name: str,
    device: str,
    fstype: str,
    opts: list[str] | None = None,
    mkmnt: bool = False,
) -> Return:
    """Mount a device until the next boot.

    Args:
        name: the folder.
        device: the device, UUID=, LABEL= or host:/path.
        fstype: the type of the file system.
        opts: options.
        mkmnt: make the folder.
    """
    return by_state(
        context, "mount.mounted", name, device=device, fstype=fstype, opts=opts, mkmnt=mkmnt,
        persist=False,
    )  # fmt: skip


@function("mount.umount", dry=True)
def umount(context: Context, name: str) -> Return:
    """Unmount what is mounted in a folder; the table stays as it is.

    Args:
        name: the folder.
    """
    return by_state(context, "mount.unmounted", name)


def _rows(context: Context, path: str) -> dict[str, dict[str, Any]]:
    rows = map(tables.row_of, text_at(machine_of(context), path).splitlines())
    return {
        one.folder: {"device": one.device, "fstype": one.fstype, "opts": one.opts.split(",")}
        for one in rows
        if one is not None
    }
