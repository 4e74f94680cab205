"""user.absent: an account is not there."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.accounts.login_defs import rules
from zester_modules.accounts.tool import run_tool
from zester_modules.host.machine import Effects, GroupEntry, Machine, UserEntry
from zester_modules.resource import Changes, Leaf, Plan, Resource, Scope
from zester_modules.resources.user.membership import with_member

MAIL: Final = "/var/mail"


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Remove an account, and with `purge` its home and its mail."""

    name: Annotated[str, Meta(description="the user")]
    purge: Annotated[bool, Meta(description="remove the home and the mail, too")] = False
    force: Annotated[bool, Meta(description="remove it even while it is logged in")] = False


class Todo(msgspec.Struct, frozen=True, kw_only=True):
    """An account to remove, and the paths that go with it."""

    user: UserEntry
    paths: tuple[str, ...]
    force: bool


def check(params: Params, scope: Scope) -> Plan:
    """Plan to remove the account."""
    machine = scope.machine
    user = machine.users().get(params.name)
    if user is None:
        return Plan(comment=f"there is no user {params.name}")
    paths = _belongings(user, machine) if params.purge else ()
    leaves = [Leaf(path=f"{params.name}:uid", before=user.uid)]
    for path in paths:
        found = machine.stat(path)
        leaves.append(Leaf(path=path, before=found.kind if found else None))
    return Plan(
        leaves=tuple(leaves),
        comment=f"the user {params.name} would be removed",
        todo=Todo(user=user, paths=paths, force=params.force),
    )


def _belongings(user: UserEntry, machine: Machine) -> tuple[str, ...]:
    """Give home and mail, where they are the user's own and nobody else's home lies there."""
    homes = {one.home for one in machine.users().values() if one.name != user.name}
    found: list[str] = []
    for path in (user.home, f"{MAIL}/{user.name}"):
        there = machine.stat(path)
        others = any(home == path or home.startswith(f"{path}/") for home in homes)
        if there is not None and there.uid == user.uid and path != "/" and not others:
            found.append(path)
    return tuple(found)


def apply(plan: Plan, scope: Scope) -> Changes:
    """Remove the account first, so that nobody logs in to a home that is going."""
    todo: Todo = plan.todo
    machine, name = scope.machine, todo.user.name
    effects = Effects(users={name: None}, groups=_groups_after(todo.user, machine))
    force = ("--force",) if todo.force else ()
    run_tool(machine, "userdel", *force, "--", name, effects=effects)
    for path in todo.paths:
        machine.remove(path)
    return Changes(leaves=plan.leaves, comment=f"the user {name} was removed")


def _groups_after(user: UserEntry, machine: Machine) -> dict[str, GroupEntry | None]:
    """Give the groups as userdel leaves them: without the user, and without its own one."""
    found = with_member(machine, user.name, [])
    own = machine.groups().get(user.name)
    if own is not None and own.gid == user.gid and rules(machine).own_groups:
        others = (one for one in machine.users().values() if one.name != user.name)
        if not set(own.members) - {user.name} and all(one.gid != own.gid for one in others):
            found[own.name] = None
    return found


ABSENT: Final = Resource(
    name="user.absent", params=Params, check=check, apply=apply, reach="accounts",
    retires=("local",), needs=("userdel",),
)  # fmt: skip
