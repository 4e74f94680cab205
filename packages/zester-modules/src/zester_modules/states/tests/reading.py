"""Reads a file of tests into its form: typed, with all that is wrong by file and line."""

from collections.abc import Mapping
from typing import Any, TypeVar, cast, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo

from zester_modules.params import bare, converted, kind
from zester_modules.states.tests.form import Suite
from zester_proto.render.nodes import Mapping as MapNode
from zester_proto.render.nodes import Node, Place, Problem, Scalar
from zester_proto.render.yaml import load
from zester_proto.units import did_you_mean

S = TypeVar("S", bound=msgspec.Struct)


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """A file of tests; without a suite it cannot be used."""

    suite: Suite | None
    problems: tuple[Problem, ...]
    lines: Mapping[str, int]
    """Where each test begins."""


def read_suite(path: str, data: bytes) -> Read:
    """Read a file of tests."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = Problem(message="this is no UTF-8 text", place=Place(path, line))
        return Read(suite=None, problems=(problem,), lines={})
    loaded = load(text, path, "zy")
    problems = list(loaded.problems)
    if loaded.root is None:
        if not problems:
            problems.append(Problem(message="there is nothing in it", place=Place(path, 1)))
        return Read(suite=None, problems=tuple(problems), lines={})
    suite = _Reader(problems).struct(Suite, loaded.root)
    return Read(
        suite=None if problems else suite, problems=tuple(problems), lines=_lines(loaded.root)
    )


def _lines(root: Node) -> dict[str, int]:
    tests = _value_of(root, "tests")
    pairs = tests.pairs if isinstance(tests, MapNode) else ()
    return {key.text: key.place.line for key, _ in pairs}


def _value_of(node: Node, key: str) -> Node | None:
    pairs = node.pairs if isinstance(node, MapNode) else ()
    return next((value for name, value in pairs if name.text == key), None)


class _Reader:
    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems

    def struct(self, form: type[S], node: Node) -> S | None:
        """Read a mapping, or what stands for one of a single key."""
        short = cast("str", getattr(form, "SHORT", ""))
        fields = {one.encode_name: one for one in msgspec.structs.fields(form)}
        pairs = [(Scalar(short, plain=True, place=node.place), node)] if short else None
        if isinstance(node, MapNode):
            pairs = list(node.pairs)
        if pairs is None:
            self._wrong("a mapping has to stand here", node.place, f"with: {', '.join(fields)}")
            return None
        values: dict[str, Any] = {}
        for key, value in pairs:
            field = fields.get(key.text)
            if field is None:
                hint = did_you_mean(key.text, fields)
                self._wrong(f"there is no key {key.text!r} here", key.place, hint)
            else:
                values[field.name] = self._value(field, value)
        for name in [one.name for one in fields.values() if one.required]:
            if name not in values:
                self._wrong(f"the key {name!r} is missing", node.place)
                return None
        return form(**values)

    def _value(self, field: FieldInfo, node: Node) -> Any:
        wanted = bare(field.type)
        if isinstance(wanted, type) and issubclass(wanted, msgspec.Struct):
            return self.struct(wanted, node)
        inner = get_args(wanted)
        if get_origin(wanted) is dict and _is_struct(inner[1]):
            if not isinstance(node, MapNode):
                self._wrong(f"{field.encode_name} takes a mapping", node.place)
                return {}
            return {key.text: self.struct(inner[1], value) for key, value in node.pairs}
        try:
            return converted(wanted, node, "zy")
        except (ValueError, RecursionError) as error:
            hint = f"it takes {kind(wanted).label}"
            self._wrong(f"{field.encode_name}: {error}", node.place, hint)
            return None

    def _wrong(self, message: str, place: Place, hint: str = "") -> None:
        self._problems.append(Problem(message=message, place=place, hint=hint))


def _is_struct(wanted: Any) -> bool:
    return isinstance(wanted, type) and issubclass(wanted, msgspec.Struct)
