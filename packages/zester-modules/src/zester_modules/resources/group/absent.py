"""group.absent: a group is not there."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.accounts.tool import run_tool
from zester_modules.host.machine import Effects, HostProblem
from zester_modules.resource import Changes, Leaf, Plan, Resource, Scope


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Remove a group; its files keep their number."""

    name: Annotated[str, Meta(description="the group")]


def check(params: Params, scope: Scope) -> Plan:
    """Plan to remove the group, unless it is the primary group of somebody."""
    group = scope.machine.groups().get(params.name)
    if group is None:
        return Plan(comment=f"there is no group {params.name}")
    users = scope.machine.users().values()
    primary = sorted(one.name for one in users if one.gid == group.gid)
    if primary:
        raise HostProblem(
            f"the group {params.name} is the primary group of {', '.join(primary)}",
            hint="give these users another one first, or remove them",
        )
    return Plan(
        leaves=(Leaf(path=f"{params.name}:gid", before=group.gid),),
        comment=f"the group {params.name} would be removed",
        todo=params.name,
    )


def apply(plan: Plan, scope: Scope) -> Changes:
    """Remove it."""
    name: str = plan.todo
    run_tool(scope.machine, "groupdel", "--", name, effects=Effects(groups={name: None}))
    return Changes(leaves=plan.leaves, comment=f"the group {name} was removed")


ABSENT: Final = Resource(
    name="group.absent", params=Params, check=check, apply=apply, reach="accounts",
    retires=("local",), needs=("groupdel",),
)  # fmt: skip
