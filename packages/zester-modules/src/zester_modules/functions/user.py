"""What the host knows of its users, by Salt's names."""

# ruff: noqa: D417  # the context is handed to every function alike

from typing import Any

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.functions.machines import machine_of
from zester_modules.functions.user_change import (
    add,
    chfullname,
    chgid,
    chgroups,
    chhome,
    chshell,
    chuid,
    delete,
)
from zester_modules.host.machine import Machine, UserEntry

__all__ = [
    "add", "chfullname", "chgid", "chgroups", "chhome", "chshell", "chuid", "delete", "described",
    "getent", "groups_of", "info", "list_groups", "list_users", "primary_group",
]  # fmt: skip


@function("user.info", reads=True)
def info(context: Context, name: str) -> dict[str, Any]:
    """Answer what is known of a user; nothing for one that is not there.

    Args:
        name: the user.
    """
    machine = machine_of(context)
    entry = machine.users().get(name)
    return described(entry, machine) if entry else {}


@function("user.getent", reads=True)
def getent(context: Context) -> list[dict[str, Any]]:
    """Answer what is known of all users."""
    machine = machine_of(context)
    return [described(entry, machine) for entry in machine.users().values()]


@function("user.list_users", reads=True)
def list_users(context: Context) -> list[str]:
    """Answer the names of all users."""
    return sorted(machine_of(context).users())


@function("user.list_groups", reads=True)
def list_groups(context: Context, name: str) -> list[str]:
    """Answer the groups that a user is in.

    Args:
        name: the user.
    """
    machine = machine_of(context)
    entry = machine.users().get(name)
    return groups_of(entry, machine) if entry else []


@function("user.primary_group", reads=True)
def primary_group(context: Context, name: str) -> str:
    """Answer the name of a user's primary group; "" where there is none.

    Args:
        name: the user.
    """
    machine = machine_of(context)
    entry = machine.users().get(name)
    gid = entry.gid if entry else None
    return next((one.name for one in machine.groups().values() if one.gid == gid), "")


def groups_of(entry: UserEntry, machine: Machine) -> list[str]:
    """Give all groups of a user, the primary one among them."""
    return sorted(
        one.name
        for one in machine.groups().values()
        if one.gid == entry.gid or entry.name in one.members
    )


def described(entry: UserEntry, machine: Machine) -> dict[str, Any]:
    """Give an account as Salt describes it; nothing of its password."""
    parts = [*entry.gecos.split(",", 4), "", "", "", ""]
    return {
        "name": entry.name, "uid": entry.uid, "gid": entry.gid, "home": entry.home,
        "shell": entry.shell, "passwd": "x", "groups": groups_of(entry, machine),
        "fullname": parts[0], "roomnumber": parts[1], "workphone": parts[2],
        "homephone": parts[3], "other": parts[4],
    }  # fmt: skip
