"""user.present: an account is there, with its groups, its home and its password."""

import time
from typing import Any, Final

import msgspec

from zester_modules.host.machine import HostProblem, Machine, UserEntry
from zester_modules.resource import Changes, Leaf, Plan, Resource, Scope
from zester_modules.resources.user.change import Todo, change
from zester_modules.resources.user.home import is_missing
from zester_modules.resources.user.membership import groups_of, wanted_groups
from zester_modules.resources.user.params import RETIRES, Params
from zester_modules.resources.user.wanted import AGEING, GECOS, ageing_key, gecos_of, wanted

CHANGED: Final = "changed"
"""Stands for a password, of which nothing else is ever shown."""


def check(params: Params, scope: Scope) -> Plan:
    """Compare all that is given with what is there."""
    machine = scope.machine
    before = machine.users().get(params.name)
    today = int(time.time() // 86400)
    found = wanted(params, before, machine, today)
    groups = wanted_groups(params, found.entry.gid, machine)
    now = groups_of(params.name, machine)
    home = params.createhome and _needs_home(params, before, found.entry, machine)
    leaves = _leaves(params, before, found.entry)
    if groups != now:
        shown = now if before else None
        leaves.append(Leaf(path=f"{params.name}:groups", before=shown, after=groups))
    if home:
        leaves.append(Leaf(path=found.entry.home, after="folder"))
    if not leaves:
        said = f"the user {params.name} is as it should be"
        return Plan(comment=said, warnings=found.warnings)
    what = "changed" if before else "made"
    todo = Todo(
        before=before, after=found.entry, groups=groups, make_home=home, params=params,
        new_group=found.new_group, fresh=found.fresh, today=today,
    )  # fmt: skip
    return Plan(
        leaves=tuple(leaves), comment=f"the user {params.name} would be {what}",
        warnings=found.warnings, todo=todo,
    )  # fmt: skip


def _needs_home(
    params: Params, before: UserEntry | None, after: UserEntry, machine: Machine
) -> bool:
    if params.persist_home and before and machine.stat(before.home) is not None:
        return False
    return is_missing(after, machine)


def _leaves(params: Params, before: UserEntry | None, after: UserEntry) -> list[Leaf]:
    pairs: list[tuple[str, Any, Any]] = [
        (name, getattr(before, name, None), getattr(after, name))
        for name in ("uid", "gid", "home", "shell")
    ]
    old, new = gecos_of(before) if before else {}, gecos_of(after)
    pairs += [(name, old.get(name), new[name]) for name in GECOS if before or new[name]]
    if (before.password if before else "!") != after.password:
        pairs.append(("password", None, CHANGED))
    for name in AGEING:
        if getattr(params, name) is not None:
            key = ageing_key(name)
            pairs.append((name, before.ageing.get(key) if before else None, after.ageing.get(key)))
    return [
        Leaf(path=f"{after.name}:{name}", before=one, after=other)
        for name, one, other in pairs if one != other
    ]  # fmt: skip


def apply(plan: Plan, scope: Scope) -> Changes:
    """Make or change the account."""
    todo: Todo = plan.todo
    change(todo, scope.machine)
    after = scope.machine.users().get(todo.after.name)
    if after is None or msgspec.structs.replace(after, ageing={}) != msgspec.structs.replace(
        todo.after, ageing={}
    ):
        raise HostProblem(
            f"the user {todo.after.name} is not as it should be after all tools went well",
            hint="is the account kept elsewhere than in /etc/passwd?",
        )
    return Changes(leaves=plan.leaves, comment=plan.comment.replace("would be", "was"))


PRESENT: Final = Resource(
    name="user.present", params=Params, reach="accounts", check=check, apply=apply, retires=RETIRES,
    needs=("useradd",),
)  # fmt: skip
