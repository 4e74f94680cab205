"""States that always come out the same: test.nop, succeed_* and fail_*."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Changes, Leaf, Plan, Resource, Scope

FAILURE: Final = "Failure!"


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Take and ignore any argument; only a reaction heeds `result`."""

    name: Annotated[str, Meta(description="of this state; means nothing")]
    result: Annotated[bool, Meta(description="whether its reaction succeeds")] = True
    comment: Annotated[str, Meta(description="what the result says")] = ""
    rest: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])


class Todo(msgspec.Struct, frozen=True, kw_only=True):
    """What apply is to pretend."""

    leaves: tuple[Leaf, ...] = ()
    failed: str = ""
    comment: str = ""


def pretend(leaves: tuple[Leaf, ...], *, failed: str = "", comment: str = "") -> Plan:
    """Plan to pretend that something changes, or fails."""
    todo = Todo(leaves=leaves, failed=failed, comment=comment)
    return Plan(leaves=leaves, todo=todo, comment=comment)


def pretended(plan: Plan, _scope: Scope) -> Changes:
    """Do what was planned: nothing but to say so."""
    todo = plan.todo
    return Changes(leaves=todo.leaves, failed=todo.failed, comment=todo.comment)


def changed(name: str) -> tuple[Leaf, ...]:
    """Give the change that test states pretend."""
    return (Leaf(path=name, before="unchanged", after="changed, or so it pretends"),)


def react(params: Params, _scope: Scope) -> Plan:
    """Pretend that something changed by the reaction."""
    leaves = (Leaf(path=f"{params.name}:reaction", after="fired"),)
    failed = "" if params.result else (params.comment or FAILURE)
    return pretend(leaves, failed=failed, comment="the watched state changed")


def _nothing(params: Params, _scope: Scope) -> Plan:
    return Plan(comment=params.comment or "Success!")


def _succeed(params: Params, _scope: Scope) -> Plan:
    return pretend(changed(params.name), comment=params.comment or "Success!")


def _fail(params: Params, _scope: Scope) -> Plan:
    raise HostProblem(params.comment or FAILURE)


def _fail_changed(params: Params, _scope: Scope) -> Plan:
    return pretend(changed(params.name), failed=params.comment or FAILURE)


NOP: Final = Resource(
    name="test.nop", params=Params, reach="nothing", check=_nothing,
    apply=pretended, react=react, kind="action", open=True,
)  # fmt: skip
SUCCEED_WITHOUT_CHANGES: Final = Resource(
    name="test.succeed_without_changes", params=Params, reach="nothing", check=_nothing,
    apply=pretended, react=react, kind="action", open=True,
)  # fmt: skip
SUCCEED_WITH_CHANGES: Final = Resource(
    name="test.succeed_with_changes", params=Params, reach="nothing", check=_succeed,
    apply=pretended, react=react, kind="action", open=True,
)  # fmt: skip
FAIL_WITHOUT_CHANGES: Final = Resource(
    name="test.fail_without_changes", params=Params, reach="nothing", check=_fail,
    apply=pretended, react=react, kind="action", open=True,
)  # fmt: skip
FAIL_WITH_CHANGES: Final = Resource(
    name="test.fail_with_changes", params=Params, reach="nothing", check=_fail_changed,
    apply=pretended, react=react, kind="action", open=True,
)  # fmt: skip
