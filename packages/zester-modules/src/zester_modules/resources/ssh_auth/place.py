"""Where a user's keys lie, and how that file is replaced so that sshd trusts it."""

import posixpath
from collections.abc import Sequence

import msgspec

from zester_modules.host.machine import HostProblem, UserEntry
from zester_modules.resource import Changes, Leaf, Plan, Scope
from zester_modules.resources import whole_file
from zester_modules.resources.whole_file import Edit


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """A new file of keys."""

    user: UserEntry
    edit: Edit


def place_of(user: str, config: str, scope: Scope) -> tuple[UserEntry, str]:
    """Give the user, and the path of the file.

    Raises:
        HostProblem: the user is not there, or the way to the file leads out of the home.
    """
    entry = scope.machine.users().get(user)
    if entry is None:
        raise HostProblem(f"there is no user {user!r}", hint="make the user first")
    path = path_of(entry, config)
    below = path.startswith(f"{entry.home.rstrip('/')}/")
    if not config.startswith("/") and not below:
        raise HostProblem(f"config: {config!r} leads out of the home of {user}")
    if below:
        _refuse_links(entry, path, scope)
    return entry, path


def path_of(entry: UserEntry, config: str) -> str:
    """Give the path that a configuration of sshd means for a user."""
    told = config.replace("%u", entry.name).replace("%h", entry.home).replace("%%", "%")
    return posixpath.normpath(posixpath.join(entry.home, told))


def _refuse_links(entry: UserEntry, path: str, scope: Scope) -> None:
    """Follow no link that a user may have put into the home: root writes here."""
    while path != entry.home.rstrip("/") and path != "/":
        found = scope.machine.stat(path)
        if found is not None and found.kind == "link":
            raise HostProblem(
                f"{path} is a link, and links in a home are not followed",
                hint="name the file itself by an absolute config",
            )
        path = posixpath.dirname(path)


def planned(keys: Keys, leaves: Sequence[Leaf], scope: Scope) -> Plan:
    """Plan to replace the file."""
    comment = f"the keys of {keys.user.name} would be changed"
    return whole_file.planned(keys.edit, leaves, comment, scope, todo=keys)


def apply(plan: Plan, scope: Scope) -> Changes:
    """Write the file, 0600 and the user's own, in a folder 0700 that is made if it is missing."""
    todo: Keys = plan.todo
    machine, user, path = scope.machine, todo.user, todo.edit.path
    folder = posixpath.dirname(path)
    missing: list[str] = []
    while machine.follow(folder) is None:
        missing.append(folder)
        folder = posixpath.dirname(folder)
    mine = path.startswith(f"{user.home.rstrip('/')}/")
    owner = {"uid": user.uid, "gid": user.gid} if mine else {"uid": 0, "gid": 0}
    for one in reversed(missing):
        machine.make_folder(one, mode=0o700 if mine else 0o755, **owner)
    found = machine.stat(path)
    mode = found.mode & ~0o022 if found else 0o600
    machine.write(path, todo.edit.after, mode=mode, uid=user.uid, gid=user.gid)
    return Changes(leaves=plan.leaves, comment=plan.comment.replace("would be", "was"))
