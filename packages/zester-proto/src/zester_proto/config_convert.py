"""What a text means, by the field that it is for."""

import operator
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from msgspec import inspect

from zester_proto.config_tree import (
    Mapping,
    Node,
    Scalar,
    Sequence,
    is_null,
    plain_value,
    read_bool,
    read_float,
    read_int,
)
from zester_proto.errors import ZesterError
from zester_proto.units import UNIT, BadUnit, did_you_mean, parse_duration, parse_size


class BadValue(ZesterError):
    """Raised when a value does not fit its key; also for a Struct's own `__post_init__` to raise.

    Attributes:
        key: the dotted key, where a Struct's own check raises it.
    """

    def __init__(self, message: str, *, hint: str = "", key: str = "") -> None:
        super().__init__(message, hint=hint)
        self.key = key


class Description(NamedTuple):
    """A flag as its help shows it."""

    help: str
    metavar: str
    boolean: bool
    many: bool = False


def is_map(kind: inspect.Type) -> bool:
    """Say whether a field is a map, which no flag can give."""
    inner = _bare(kind)
    return isinstance(inner, (inspect.DictType, inspect.AnyType))


def describe(kind: inspect.Type) -> Description:
    """Give what a flag's help says of a field."""
    text = ""
    if isinstance(kind, inspect.Metadata):
        text = _note(kind, "extra_json_schema", "description")
    inner = _bare(kind)
    many = isinstance(inner, (inspect.ListType, inspect.VarTupleType))
    boolean = isinstance(inner, inspect.BoolType)
    return Description(text.replace("%", "%%"), _metavar(kind, inner), boolean, many)


def _metavar(kind: inspect.Type, inner: inspect.Type) -> str:
    if unit := _unit(kind):
        return unit.upper()
    if isinstance(inner, inspect.LiteralType):
        return "|".join(str(value) for value in inner.values)
    return _METAVARS.get(type(inner), "PATH" if _is_path(inner) else "TEXT")


_METAVARS: Final[dict[type[inspect.Type], str]] = {
    inspect.IntType: "N",
    inspect.FloatType: "NUMBER",
    inspect.ListType: "A,B,...",
    inspect.VarTupleType: "A,B,...",
}


def _bare(kind: inspect.Type) -> inspect.Type:
    """Take off annotations and `| None`."""
    if isinstance(kind, inspect.Metadata):
        return _bare(kind.type)
    if isinstance(kind, inspect.UnionType):
        rest = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
        return _bare(rest[0]) if len(rest) == 1 else kind
    return kind


def _unit(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.UnionType):
        return next((unit for one in kind.types if (unit := _unit(one))), "")
    if isinstance(kind, inspect.Metadata):
        return _note(kind, "extra", UNIT) or _unit(kind.type)
    return ""


def _note(kind: inspect.Metadata, part: str, name: str) -> str:
    """Give what an annotation notes; msgspec does not say of what its notes are."""
    notes: dict[str, object] = getattr(kind, part) or {}
    return str(notes.get(name, ""))


def _is_path(kind: inspect.Type) -> bool:
    return isinstance(kind, inspect.CustomType) and issubclass(kind.cls, Path)


def convert(kind: inspect.Type, node: Node) -> Any:
    """Give the value that a node stands for in a field of that type.

    Raises:
        BadValue: it does not fit.
    """
    unit = _unit(kind)
    if isinstance(kind, inspect.UnionType):
        return _union(kind, node)
    inner = kind.type if isinstance(kind, inspect.Metadata) else kind
    if isinstance(inner, inspect.UnionType):
        return _union(inner, node)
    if isinstance(inner, inspect.AnyType):
        return plain_value(node)
    if isinstance(inner, inspect.DictType):
        return _dict(inner, node)
    if isinstance(inner, (inspect.ListType, inspect.VarTupleType)):
        return _list(inner, node)
    return _scalar(inner, unit, node)


def _union(kind: inspect.UnionType, node: Node) -> Any:
    members = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
    if len(members) < len(kind.types) and isinstance(node, Scalar) and is_null(node):
        return None
    problem: BadValue | None = None
    for member in members:
        try:
            return convert(member, node)
        except BadValue as error:
            problem = problem or error
    raise problem or BadValue("nothing fits here")


def _dict(kind: inspect.DictType, node: Node) -> dict[str, Any]:
    if not isinstance(node, Mapping):
        raise BadValue("a map belongs here", hint="below it, indented: KEY: VALUE")
    return {key.text: convert(kind.value_type, value) for key, value in node.items}


def _list(kind: inspect.ListType | inspect.VarTupleType, node: Node) -> Any:
    if isinstance(node, Mapping):
        raise BadValue("a list belongs here", hint="write [A, B], or lines that begin with '- '")
    if isinstance(node, Scalar):
        words = [word.strip() for word in node.text.split(",") if word.strip()]
        node = Sequence([Scalar(word, node.line, node.plain) for word in words], node.line)
    values = [convert(kind.item_type, item) for item in node.items]
    return tuple(values) if isinstance(kind, inspect.VarTupleType) else values


def _scalar(kind: inspect.Type, unit: str, node: Node) -> Any:
    if not isinstance(node, Scalar):
        raise BadValue(f"{_noun(kind, unit)} belongs here, not a list or map")
    if is_null(node):
        raise BadValue("it has no value", hint="write one, or leave the key out")
    value = _read(kind, unit, node.text)
    _check_bounds(kind, node.text, value)
    return value


def _check_bounds(kind: inspect.Type, text: str, value: Any) -> None:
    """Hold a value against the bounds that its annotation states."""
    if isinstance(kind, (inspect.IntType, inspect.FloatType)):
        for bound, holds, words in (
            (kind.ge, operator.ge, "at least"),
            (kind.gt, operator.gt, "more than"),
            (kind.le, operator.le, "at most"),
            (kind.lt, operator.lt, "less than"),
        ):
            if bound is not None and not holds(value, bound):
                raise BadValue(f"{text} is not allowed: it has to be {words} {bound:g}")
    if isinstance(kind, inspect.StrType):
        if kind.pattern is not None and re.search(kind.pattern, value) is None:
            raise BadValue(f"{text!r} is not allowed: it does not match {kind.pattern}")
        if len(value) < (kind.min_length or 0):
            raise BadValue(f"{text!r} is too short: it needs {kind.min_length} characters")
        if kind.max_length is not None and len(value) > kind.max_length:
            raise BadValue(f"it is too long: {kind.max_length} characters are allowed")


def _read(kind: inspect.Type, unit: str, text: str) -> Any:
    try:
        if unit == "duration":
            return parse_duration(text)
        if unit == "size":
            return parse_size(text)
    except BadUnit as error:
        raise BadValue(error.message, hint=error.hint) from error
    if isinstance(kind, inspect.LiteralType):
        return _literal(kind, text)
    if _is_path(kind):
        if not text or "\0" in text:
            raise BadValue("a path is empty or holds a NUL")
        return Path(text)
    reader = _READERS.get(type(kind))
    value = reader(text) if reader else None
    if value is None:
        hint = "write true or false" if isinstance(kind, inspect.BoolType) else ""
        if text[:1] == "0" and text.isdigit():
            hint = f"write {int(text)}, or 0o{text.lstrip('0')} if it is octal"
        raise BadValue(f"{text!r} is not {_noun(kind, unit)}", hint=hint)
    return value


def _literal(kind: inspect.LiteralType, text: str) -> Any:
    for value in kind.values:
        if str(value) == text:
            return value
    names = [str(value) for value in kind.values]
    raise BadValue(f"{text!r} is none of {', '.join(names)}", hint=did_you_mean(text, names))


_READERS: Final[dict[type[inspect.Type], Callable[[str], Any]]] = {
    inspect.StrType: str,
    inspect.BoolType: read_bool,
    inspect.IntType: read_int,
    inspect.FloatType: read_float,
}
_NOUNS: Final[dict[type[inspect.Type], str]] = {
    inspect.StrType: "a text",
    inspect.BoolType: "true or false",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
}


def _noun(kind: inspect.Type, unit: str) -> str:
    return f"a {unit}" if unit else _NOUNS.get(type(kind), "a word")
