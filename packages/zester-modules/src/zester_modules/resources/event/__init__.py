"""event.send: an event to the masters, each time the state runs."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Changes, Leaf, Plan, Resource, Scope
from zester_proto.grains import grains_view
from zester_proto.messages.events import read_tag


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Send an event to the masters; further arguments are part of what it says."""

    name: Annotated[str, Meta(description="its tag, such as myco/deploy/finished")]
    data: Annotated[dict[str, Any] | None, Meta(description="what is to be known of it")] = None
    show_changed: Annotated[bool, Meta(description="count it as a change")] = True
    with_grains: Annotated[
        bool | list[str], Meta(description="facts to send along, all of them or some")
    ] = False
    with_pillar: Annotated[
        bool | list[str], Meta(description="settings to send along, all of them or some")
    ] = False
    rest: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])


class Todo(msgspec.Struct, frozen=True, kw_only=True):
    """What is told."""

    tag: str
    data: dict[str, Any]


_NOT_KNOWN: Final = ("preload", "with_env", "with_env_opts")


def check(params: Params, scope: Scope) -> Plan:
    """Plan to send it."""
    tag = read_tag(params.name)
    for word in _NOT_KNOWN:
        if params.rest.get(word):
            raise HostProblem(f"event.send: {word} is not known here", hint="say it in data")
    data = {key: value for key, value in params.rest.items() if key not in _NOT_KNOWN}
    data |= params.data or {}
    for name, chosen, values in (
        ("grains", params.with_grains, grains_view(scope.facts)),
        ("pillar", params.with_pillar, scope.settings),
    ):
        if chosen:
            data[name] = _some(values, chosen)
    leaves = (Leaf(path=tag, after="sent"),) if params.show_changed else ()
    return Plan(leaves=leaves, comment="would be sent", todo=Todo(tag=tag, data=data))


def _some(values: Mapping[str, Any], chosen: bool | list[str]) -> dict[str, Any]:
    names = chosen if isinstance(chosen, list) else list(values)
    return {name: values[name] for name in names if name in values}


def apply(plan: Plan, scope: Scope) -> Changes:
    """Send it."""
    todo: Todo = plan.todo
    scope.event(todo.tag, todo.data)
    return Changes(leaves=plan.leaves, comment="sent")


SEND: Final = Resource(
    name="event.send", params=Params, reach="nothing", check=check, apply=apply, kind="action",
    open=True,
)  # fmt: skip
