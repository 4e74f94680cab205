"""group.present: a group is there, with its number and its members."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.accounts.login_defs import free_id, rules
from zester_modules.accounts.tool import run_tool
from zester_modules.host.machine import Effects, GroupEntry, HostProblem, Machine
from zester_modules.resource import Changes, Leaf, Plan, Resource, Scope

Names = list[str] | None


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Have a group, with a number and members where they are given."""

    name: Annotated[str, Meta(description="the group")]
    gid: Annotated[int | None, Meta(description="its number; without it a free one")] = None
    system: Annotated[bool, Meta(description="take a number from those of the system")] = False
    members: Annotated[Names, Meta(description="exactly these users are in it")] = None
    addusers: Annotated[Names, Meta(description="users that are in it, beside others")] = None
    delusers: Annotated[Names, Meta(description="users that are not in it")] = None
    non_unique: Annotated[bool, Meta(description="another group may have the number")] = False


class Todo(msgspec.Struct, frozen=True, kw_only=True):
    """A group as it is and as it is wanted."""

    before: GroupEntry | None
    after: GroupEntry
    params: Params


def check(params: Params, scope: Scope) -> Plan:
    """Compare number and members."""
    _refuse_contradictions(params)
    machine = scope.machine
    before = machine.groups().get(params.name)
    members = _members(params, before.members if before else ())
    missing = [one for one in members if one not in (before.members if before else ())]
    _refuse_strangers(machine, missing)
    after = GroupEntry(name=params.name, gid=_gid(params, before, machine), members=members)
    leaves = tuple(_leaves(before, after))
    if not leaves:
        return Plan(comment=f"the group {params.name} is as it should be")
    what = "changed" if before else "made"
    todo = Todo(before=before, after=after, params=params)
    return Plan(leaves=leaves, comment=f"the group {params.name} would be {what}", todo=todo)


def _refuse_contradictions(params: Params) -> None:
    if params.members is not None and (params.addusers or params.delusers):
        raise HostProblem(
            "members stands beside addusers or delusers",
            hint="members names all; leave the others out",
        )
    both = sorted(set(params.addusers or ()) & set(params.delusers or ()))
    if both:
        raise HostProblem(
            f"to be added and removed at once: {', '.join(both)}", hint="name each only once"
        )


def _refuse_strangers(machine: Machine, names: list[str]) -> None:
    users = machine.users()
    strangers = [one for one in names if users.get(one) is None]
    if strangers:
        raise HostProblem(
            f"there is no user {', '.join(strangers)}", hint="make the users before the group"
        )


def _members(params: Params, now: tuple[str, ...]) -> tuple[str, ...]:
    if params.members is not None:
        return tuple(dict.fromkeys(params.members))
    gone = set(params.delusers or ())
    return tuple(one for one in dict.fromkeys((*now, *(params.addusers or ()))) if one not in gone)


def _gid(params: Params, before: GroupEntry | None, machine: Machine) -> int:
    if params.gid is None:
        return before.gid if before else new_gid(machine, system=params.system)
    others = (one for one in machine.groups().values() if one.name != params.name)
    owner = next((one.name for one in others if one.gid == params.gid), None)
    if owner and not params.non_unique and (before is None or before.gid != params.gid):
        raise HostProblem(
            f"the gid {params.gid} is already taken by the group {owner}",
            hint="choose another one, or set non_unique: true",
        )
    return params.gid


def new_gid(machine: Machine, *, system: bool, wish: int | None = None) -> int:
    """Give a number for a new group; the wish, where nobody has it."""
    taken = {one.gid for one in machine.groups().values()}
    if wish is not None and wish not in taken:
        return wish
    return free_id(rules(machine).range("GID", system=system), taken, system=system)


def _leaves(before: GroupEntry | None, after: GroupEntry) -> list[Leaf]:
    found: list[Leaf] = []
    if before is None or before.gid != after.gid:
        gid = before.gid if before else None
        found.append(Leaf(path=f"{after.name}:gid", before=gid, after=after.gid))
    now = sorted(before.members) if before else []
    if now != sorted(after.members):
        shown = now if before else None
        found.append(Leaf(path=f"{after.name}:members", before=shown, after=sorted(after.members)))
    return found


def apply(plan: Plan, scope: Scope) -> Changes:
    """Make or change the group, then its members one by one."""
    todo: Todo = plan.todo
    machine, after = scope.machine, todo.after
    now = GroupEntry(
        name=after.name, gid=after.gid, members=todo.before.members if todo.before else ()
    )
    effects = Effects(groups={after.name: now})
    own = ("--non-unique",) if todo.params.non_unique else ()
    gid = f"--gid={after.gid}"
    if todo.before is None:
        own += ("--system",) if todo.params.system else ()
        run_tool(machine, "groupadd", gid, *own, "--", after.name, effects=effects)
    elif todo.before.gid != after.gid:
        run_tool(machine, "groupmod", gid, *own, "--", after.name, effects=effects)
    for user in now.members:
        if user not in after.members:
            now = _with(now, tuple(one for one in now.members if one != user))
            _gpasswd(machine, "--delete", user, now)
    for user in after.members:
        if user not in now.members:
            now = _with(now, (*now.members, user))
            _gpasswd(machine, "--add", user, now)
    return Changes(leaves=plan.leaves, comment=plan.comment.replace("would be", "was"))


def _with(group: GroupEntry, members: tuple[str, ...]) -> GroupEntry:
    return GroupEntry(name=group.name, gid=group.gid, members=members)


def _gpasswd(machine: Machine, flag: str, user: str, group: GroupEntry) -> None:
    effects = Effects(groups={group.name: group})
    run_tool(machine, "gpasswd", flag, user, "--", group.name, effects=effects)


PRESENT: Final = Resource(
    name="group.present", params=Params, check=check, apply=apply, reach="accounts",
    retires=("local",), needs=("groupadd",),
)  # fmt: skip
