"""What the host knows of its groups, by Salt's names."""

# ruff: noqa: D417  # the context is handed to every function alike

from typing import Any

from zester_modules.context import Context
from zester_modules.errors import Refused
from zester_modules.function import function
from zester_modules.functions.by_state import by_state
from zester_modules.functions.machines import machine_of
from zester_modules.host.machine import GroupEntry
from zester_modules.returns import Return


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


@function("group.add", dry=True)
def add(context: Context, name: str, gid: int | None = None, system: bool = False) -> Return:
    """Make a group; one that is there is refused.

    Args:
        name: the group.
        gid: its number; else a free one.
        system: take a number from those of the system.
    """
    if name in machine_of(context).groups():
        raise Refused(f"there is a group {name!r} already", hint="group.info describes it")
    return by_state(context, "group.present", name, gid=gid, system=system)


@function("group.delete", dry=True)
def delete(context: Context, name: str) -> Return:
    """Remove a group.

    Args:
        name: the group.
    """
    return by_state(context, "group.absent", name)


@function("group.adduser", dry=True)
def adduser(context: Context, name: str, username: str) -> Return:
    """Put a user into a group.

    Args:
        name: the group.
        username: the user.
    """
    return by_state(context, "group.present", _there(context, name), addusers=[username])


@function("group.deluser", dry=True)
def deluser(context: Context, name: str, username: str) -> Return:
    """Take a user out of a group.

    Args:
        name: the group.
        username: the user.
    """
    return by_state(context, "group.present", _there(context, name), delusers=[username])


@function("group.members", dry=True)
def members(context: Context, name: str, members_list: list[str]) -> Return:
    """Have exactly these users in a group.

    Args:
        name: the group.
        members_list: the users; several may be one word with commas.
    """
    users = [part for one in members_list for part in one.split(",") if part]
    return by_state(context, "group.present", _there(context, name), members=users)


def _there(context: Context, name: str) -> str:
    if name not in machine_of(context).groups():
        raise Refused(f"there is no group {name!r}", hint="group.add makes one")
    return name


def _described(entry: GroupEntry) -> dict[str, Any]:
    return {"name": entry.name, "gid": entry.gid, "passwd": "x", "members": list(entry.members)}
