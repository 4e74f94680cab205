"""What the host knows of its groups, by Salt's names."""

# ruff: noqa: D417  # the context is handed to every function alike

from typing import Any

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.functions.machines import machine_of
from zester_modules.host.machine import GroupEntry


@function("group.info", reads=True)
def info(context: Context, name: str) -> dict[str, Any]:
    """Answer what is known of a group; nothing for one that is not there.

    Args:
        name: the group.
    """
    entry = machine_of(context).groups().get(name)
    return _described(entry) if entry else {}


@function("group.getent", reads=True)
def getent(context: Context) -> list[dict[str, Any]]:
    """Answer what is known of all groups."""
    return [_described(entry) for entry in machine_of(context).groups().values()]


def _described(entry: GroupEntry) -> dict[str, Any]:
    return {"name": entry.name, "gid": entry.gid, "passwd": "x", "members": list(entry.members)}
