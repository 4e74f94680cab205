"""A user's crontab on a machine: where it lies, what it holds, and how it is replaced."""

import posixpath
from collections.abc import Sequence
from typing import Final, Protocol, Self

import msgspec

from zester_modules.accounts.tool import run_tool
from zester_modules.host.machine import Effects, HostProblem, Machine
from zester_modules.resource import Changes, Leaf, Plan, Scope
from zester_modules.resources import whole_file
from zester_modules.resources.whole_file import Edit
from zester_modules.tables import crontab

FOLDERS: Final = ("/var/spool/cron/crontabs", "/var/spool/cron", "/etc/crontabs")


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A new crontab of a user."""

    user: str
    edit: Edit

    @classmethod
    def of(cls, user: str, path: str, before: bytes, after: bytes) -> Self:
        """Give the new crontab of a user, whose file lies at a path; cron wants its last LF."""
        whole = after if after.endswith(b"\n") or not after else after + b"\n"
        return cls(user=user, edit=Edit(path=path, before=before, after=whole))


def path_of(user: str, machine: Machine) -> str:
    """Give where a crontab lies, or would lie.

    Raises:
        HostProblem: the user is not there, or cron.
    """
    if machine.users().get(user) is None:
        raise HostProblem(f"there is no user {user!r}", hint="make the user first")
    for folder in FOLDERS:
        if machine.follow(folder) is not None:
            return posixpath.join(folder, user)
    raise HostProblem(
        f"none of {', '.join(FOLDERS)} is there", hint="install the package that brings cron"
    )


class OfUser(Protocol):
    """Parameters that name whose crontab it is."""

    @property
    def user(self) -> str:
        """The user."""
        ...


def paths_of(params: OfUser) -> tuple[str, ...]:
    """Give where a crontab may lie."""
    return tuple(f"{folder}/{params.user}" for folder in FOLDERS)


def read(path: str, machine: Machine) -> list[crontab.Line]:
    """Read a crontab; none is an empty one."""
    return crontab.parse(machine.read(path) or b"")


def planned(table: Table, leaves: Sequence[Leaf], scope: Scope) -> Plan:
    """Plan to replace a crontab."""
    comment = f"the crontab of {table.user} would be changed"
    return whole_file.planned(table.edit, leaves, comment, scope, todo=table)


def apply(plan: Plan, scope: Scope) -> Changes:
    """Hand the new crontab to cron's own tool, which refuses what cron cannot read."""
    todo: Table = plan.todo
    effects = Effects(files={todo.edit.path: todo.edit.after})
    run_tool(scope.machine, "crontab", "-u", todo.user, "-", effects=effects, stdin=todo.edit.after)
    return Changes(leaves=plan.leaves, comment=plan.comment.replace("would be", "was"))
