"""Names of users and groups by their numbers."""

from zester_modules.host.machine import Machine


def user_name(machine: Machine, uid: int) -> str:
    """Give the name of a user's number, or the number."""
    users = machine.users()
    return next((name for name in users if users[name].uid == uid), str(uid))


def group_name(machine: Machine, gid: int) -> str:
    """Give the name of a group's number, or the number."""
    groups = machine.groups()
    return next((name for name in groups if groups[name].gid == gid), str(gid))
