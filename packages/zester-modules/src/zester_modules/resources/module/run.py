"""module.run and module.wait: execution functions as states, in both of Salt's syntaxes.

restart:                      restart:
  module.run:                   module.run:
    - service.restart:            - name: service.restart
      - name: nginx               - m_name: nginx
"""

from collections.abc import Iterator
from typing import Annotated, Any, Final, cast

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Changes, Leaf, Plan, Resource, Scope


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Call execution functions, each `module.function: [arguments]`, or the one named."""

    name: Annotated[str, Meta(description="the function, where none is an argument")]
    func: Annotated[str, Meta(description="the same, under another name")] = ""
    args: Annotated[list[Any] | None, Meta(description="arguments by place")] = None
    kwargs: Annotated[dict[str, Any] | None, Meta(description="arguments by name")] = None
    rest: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])


class Call(msgspec.Struct, frozen=True):
    """One function with its arguments."""

    function: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def _calls(params: Params) -> Iterator[Call]:
    named = {key: value for key, value in params.rest.items() if "." in key}
    for function, given in named.items():
        yield _call(function, given)
    if named:
        return
    own = {key.removeprefix("m_"): value for key, value in params.rest.items()}
    yield Call(params.func or params.name, tuple(params.args or ()), own | (params.kwargs or {}))


def _call(function: str, given: Any) -> Call:
    items = [] if given is None else [given]
    if isinstance(given, list):
        items = cast("list[Any]", given)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for item in items:
        if isinstance(item, dict):
            kwargs |= cast("dict[str, Any]", item)
        else:
            args.append(item)
    return Call(function, tuple(args), kwargs)


def check(params: Params, _scope: Scope) -> Plan:
    """Plan to call the functions."""
    calls = tuple(_calls(params))
    for one in calls:
        if "." not in one.function:
            raise HostProblem(
                f"module.run: {one.function!r} is no function", hint="write it module.function"
            )
    names = ", ".join(one.function for one in calls)
    return Plan(
        leaves=tuple(Leaf(path=one.function, after="called") for one in calls),
        comment=f"would call {names}",
        todo=calls,
    )


def apply(plan: Plan, scope: Scope) -> Changes:
    """Call the functions in their order; the first that fails ends it."""
    answers: dict[str, Any] = {}
    leaves: list[Leaf] = []
    calls: tuple[Call, ...] = plan.todo
    for one in calls:
        answer = scope.call.change(one.function, *one.args, **one.kwargs)
        answers[one.function] = None if scope.sensitive else answer
        if answer is False:
            return Changes(leaves=tuple(leaves), output=answers, failed=f"{one.function} said no")
        leaves.append(Leaf(path=one.function, after="called"))
    names = ", ".join(one.function for one in calls)
    return Changes(leaves=tuple(leaves), output=answers, comment=f"called {names}")


def _nothing(_params: Params, _scope: Scope) -> Plan:
    return Plan(comment="nothing that it watches has changed")


RUN: Final = Resource(
    name="module.run", params=Params, check=check, apply=apply, kind="action", open=True
)
WAIT: Final = Resource(
    name="module.wait", params=Params, check=_nothing, apply=apply, react=check, kind="action",
    open=True,
)  # fmt: skip
