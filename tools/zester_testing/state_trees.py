"""Compiled trees made by hand, and a run of them on this host, for tests of the state engine."""

# ruff: noqa: D102  # each method does what its Protocol says of it

import re
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

from zester_modules.host.machine import Machine
from zester_modules.params import fit
from zester_modules.resource import AnyResource, Templates
from zester_modules.states.model import (
    Compiled,
    Guard,
    Options,
    Requisite,
    RequisiteKind,
    Retry,
    State,
)
from zester_modules.states.resources_table import Resources
from zester_modules.states.run import Grounds, Wishes, run
from zester_modules.testing import NoSources, plainly
from zester_proto.errors import ZesterError
from zester_proto.render.nodes import Mapping as MapNode
from zester_proto.render.nodes import Node, Place, Scalar, Sequence
from zester_testing.plain_machine import PlainMachine

PLACE = Place("main.sls", 1)
RESOURCES = Resources(third_parties=None)
_OPTIONS = ("failhard", "parallel", "fire_event", "reload_modules", "no_log")
_GUARDS: tuple[Literal["onlyif", "unless", "creates", "check_cmd"], ...] = (
    "onlyif", "unless", "creates", "check_cmd",
)  # fmt: skip
_REQUISITE = re.compile(r"(require|watch|onchanges|onfail)(_any|_all)?|prereq|listen")


def node(value: Any) -> Node:
    """Give a plain value as a node."""
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value).items()
        return MapNode(tuple((_word(key), node(one)) for key, one in pairs), PLACE)
    if isinstance(value, list):
        return Sequence(tuple(node(one) for one in cast("list[Any]", value)), PLACE)
    if value is None or isinstance(value, bool):
        return _word("null" if value is None else str(value).lower())
    return Scalar(str(value), not isinstance(value, str), PLACE)


def _word(text: str) -> Scalar:
    return Scalar(text, plain=True, place=PLACE)


class NoCalls:
    """Functions of a host that has none but `test.truth`, and `test.change`, which is noted."""

    def __init__(self) -> None:
        self.changed: list[Any] = []

    def __call__(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        if name == "test.truth":
            return args[0] if args else kwargs
        raise ZesterError(f"there is no function {name}")

    def change(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        if name == "test.change":
            self.changed.append((args, kwargs))
            return True
        return self(name, *args, **kwargs)


def states(*given: tuple[str, str, dict[str, Any]]) -> Compiled:
    """Make a tree of `(id, function, arguments)`; requisites name ids, options are Salt's words."""
    ids = [one[0] for one in given]
    return Compiled(states=tuple(_state(ids, *one) for one in given))


def _state(ids: list[str], name: str, function: str, given: dict[str, Any]) -> State:
    first, _, second = function.partition(".")
    rest = dict(given)
    requisites = tuple(
        Requisite(
            kind=cast("RequisiteKind", key), place=PLACE, text=", ".join(given[key]),
            states=tuple(ids.index(other) for other in rest.pop(key)),
        )
        for key in given if _REQUISITE.fullmatch(key)
    )  # fmt: skip
    resource = RESOURCES.find(function)
    own = resource.params.__struct_fields__ if resource else ()
    guards = tuple(
        one if isinstance(one, Guard) else Guard(kind=key, command=one, place=PLACE)
        for key in _GUARDS
        if key not in own
        for one in rest.pop(key, ())
    )
    retry = rest.pop("retry", None)
    options: dict[str, Any] = {key: rest.pop(key) for key in _OPTIONS if key in rest}
    sensitive = rest.pop("sensitive", False)
    return State(
        id=name, state=first, function=second, name=rest.pop("name", name),
        arguments={key: node(value) for key, value in rest.items()}, requisites=requisites,
        options=Options(guards=guards, retry=Retry(**retry) if retry else None, **options),
        source=PLACE, sls="main", dialect="sls", sensitive=sensitive,
    )  # fmt: skip


def params_of(resource: AnyResource, state: State) -> msgspec.Struct:
    """Fit a state's arguments."""
    fitted = fit(resource, state.name, state.arguments, state.dialect)
    if fitted.params is None:
        raise ZesterError(fitted.problems[0].message, hint=fitted.problems[0].hint)
    return fitted.params


def grounds(folder: Path, machine: Machine | None = None, **given: Any) -> Grounds:
    """Give what a run in a test stands on."""
    folder.mkdir(exist_ok=True)
    made: dict[str, Any] = {
        "machine": machine or PlainMachine(), "find": RESOURCES.find, "params": params_of,
        "facts": {}, "settings": {}, "sources": NoSources(), "templates": _templates,
        "calls": NoCalls(), "folder": folder, "backups": folder, "sleep": _no_sleep,
    }  # fmt: skip
    return Grounds(**(made | given))


def _no_sleep(seconds: float) -> None:
    assert seconds >= 0


def _templates(state: State) -> Templates:
    assert state.sls
    return plainly


def ran(compiled: Compiled, on: Grounds, **wishes: Any) -> dict[str, dict[str, Any]]:
    """Run a tree, and give its states by id, in the order in which they ran."""
    return {one["id"]: one for one in run(compiled, on, Wishes(**wishes))["states"]}
