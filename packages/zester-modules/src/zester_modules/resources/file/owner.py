"""Owners and groups of files, by name or number."""

from collections.abc import Mapping

from zester_modules.host.machine import GroupEntry, HostProblem, Stat, UserEntry
from zester_modules.resource import Scope


def uid_of(scope: Scope, user: str) -> int | None:
    """Give a user's number; None where none is asked for.

    Raises:
        HostProblem: there is no such user.
    """
    if not user:
        return None
    found: Mapping[str, UserEntry] = scope.machine.users()
    entry = None if user.isdigit() else found.get(user)
    if entry is None and not user.isdigit():
        raise HostProblem(f"there is no user {user!r}", hint="make the user first")
    return int(user) if entry is None else entry.uid


def gid_of(scope: Scope, group: str) -> int | None:
    """Give a group's number; None where none is asked for.

    Raises:
        HostProblem: there is no such group.
    """
    if not group:
        return None
    found: Mapping[str, GroupEntry] = scope.machine.groups()
    entry = None if group.isdigit() else found.get(group)
    if entry is None and not group.isdigit():
        raise HostProblem(f"there is no group {group!r}", hint="make the group first")
    return int(group) if entry is None else entry.gid


def inherited_gid(above: Stat | None, gid: int) -> int:
    """Give the group that something new gets in a folder: that of a setgid folder is its own."""
    return above.gid if above is not None and above.mode & 0o2000 else gid
