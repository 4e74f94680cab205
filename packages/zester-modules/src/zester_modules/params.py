"""Arguments of a state, fitted to its resource's parameters: from a tree's nodes, or from words.

A node keeps its source text, so a parameter that takes text gets what was written (`1.10`), and a
mode is read from its digits, in both dialects (states.md 1).
"""

import types
import typing
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, TypeGuard, TypeVar, get_args, get_origin

import msgspec
from msgspec import NODEFAULT
from msgspec.structs import FieldInfo

from zester_modules.resource import Resource
from zester_modules.words import Kind, kind_of, shown
from zester_proto.render.nodes import Dialect, Node, Place, Scalar, Sequence
from zester_proto.render.nodes import Mapping as MapNode
from zester_proto.render.values import plain, scalar
from zester_proto.units import UNIT, did_you_mean

P = TypeVar("P", bound=msgspec.Struct)
Wrong = Literal["unknown", "lacking", "type", "missing"]

REST: Final = "rest"
"""The field that takes all other arguments of a resource that is `open`."""


class BadParameter(msgspec.Struct, frozen=True, kw_only=True):
    """One argument that does not fit."""

    kind: Wrong
    argument: str
    message: str
    hint: str = ""
    place: Place | None = None


class Fitted(msgspec.Struct, frozen=True, kw_only=True):
    """Typed parameters, or what is wrong; arguments that are passed over do not keep them back."""

    params: Any = None
    """A Struct of the resource's `params`; None where an argument is missing or of a wrong type."""
    problems: tuple[BadParameter, ...] = ()


def fit(
    resource: Resource[P],
    name: str,
    arguments: Mapping[str, Any],
    dialect: Dialect = "zy",
    places: Mapping[str, Place] | None = None,
) -> Fitted:
    """Fit arguments to a resource.

    Args:
        resource: whose parameters count.
        name: the state's name, for its parameter `name`.
        arguments: nodes of a tree, words as people type them, or plain values.
        dialect: how nodes are read where anything may stand.
        places: where the arguments' names stand.
    """
    fields = parameters(resource)
    values: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    problems: list[BadParameter] = []
    for key, value in {**({"name": name} if "name" in fields else {}), **arguments}.items():
        field = fields.get(key)
        place = (places or {}).get(key) or _place(value)
        if field is None:
            if resource.open:
                rest[key] = plain(value, dialect) if _is_node(value) else value
            elif key in resource.lacks:
                if _asks(value, dialect):
                    problems.append(_lacking(resource, key, place))
            elif key not in resource.retires:
                problems.append(_unknown(resource, key, list(fields), place))
            continue
        if _is_null(value, dialect) and not _takes_none(field.type) and not field.required:
            continue  # as if it were not there
        try:
            values[field.name] = converted(field.type, value, dialect)
        except (ValueError, RecursionError) as error:
            problems.append(_of_wrong_type(resource, key, field, str(error), _place(value)))
    given = {one.argument for one in problems}
    problems += [
        BadParameter(
            kind="missing", argument=key, message=f"{resource.name} needs the argument {key!r}",
            hint=f"{key} takes: {kind(field.type).label}" + _described(field),
        )
        for key, field in fields.items()
        if field.required and field.name not in values and key not in given
    ]  # fmt: skip
    if any(one.kind in {"type", "missing"} for one in problems):
        return Fitted(problems=tuple(problems))
    if resource.open and REST in resource.params.__struct_fields__:
        values[REST] = rest
    return Fitted(params=resource.params(**values), problems=tuple(problems))


@lru_cache(maxsize=1024)
def _fields(params: type[msgspec.Struct]) -> dict[str, FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(params)}


def parameters(resource: Resource[Any]) -> dict[str, FieldInfo]:
    """Give the parameters of a resource by the names that states use."""
    fields = _fields(resource.params)
    if resource.open:
        return {key: field for key, field in fields.items() if field.name != REST}
    return fields


def default_of(field: FieldInfo) -> Any:
    """Give what stands for a parameter that is not given; None for a required one."""
    if field.default is not NODEFAULT:
        return field.default
    return field.default_factory() if callable(field.default_factory) else None


def help_of(field: FieldInfo) -> str:
    """Give the description of a parameter."""
    metas = get_args(field.type)[1:] if get_origin(field.type) is Annotated else ()
    texts = [one.description for one in metas if isinstance(one, msgspec.Meta)]
    return next((text for text in texts if text), "")


def _described(field: FieldInfo) -> str:
    text = help_of(field)
    return f" ({text})" if text else ""


def kind(annotation: Any) -> Kind:
    """Give what a parameter takes, in words."""
    return kind_of(bare(annotation))


@lru_cache(maxsize=4096)
def bare(annotation: Any) -> Any:
    """Give an annotation without descriptions; units of numbers stay."""
    if get_origin(annotation) is not Annotated:
        return annotation
    inner = get_args(annotation)
    metas = [one for one in inner[1:] if isinstance(one, msgspec.Meta)]
    units = [one for one in metas if UNIT in (one.extra or {})]
    return Annotated[inner[0], units[0]] if units else inner[0]


def converted(annotation: Any, value: Any, dialect: Dialect) -> Any:
    """Give a value of the type that an annotation says.

    Args:
        annotation: of a parameter.
        value: a node, a word, or a plain value.
        dialect: of the node.

    Raises:
        ValueError: it does not fit; the text says why.
    """
    annotation = bare(annotation)
    if not _is_node(value):
        if value is None and _takes_none(annotation):
            return None
        return kind_of(annotation).convert(value)
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation is Any:
        return plain(value, dialect)
    if origin is typing.Union or origin is types.UnionType:
        return _union(annotation, inner, value, dialect)
    if annotation is list or origin is list:
        item = inner[0] if inner else Any
        nodes = value.items if isinstance(value, Sequence) else (value,)
        return [converted(item, one, dialect) for one in nodes]
    if annotation is dict or origin is dict:
        return _map(inner[1] if inner else Any, value, dialect)
    return _single(annotation, value, dialect)


def _single(annotation: Any, value: Any, dialect: Dialect) -> Any:
    label = kind_of(annotation).label
    if not isinstance(value, Scalar):
        what = "a list" if isinstance(value, Sequence) else "a mapping"
        raise ValueError(f"it is {what}, and takes: {label}")  # noqa: TRY004  # the one error of kinds
    try:
        return kind_of(annotation).convert(value.text)
    except ValueError as error:
        meant = scalar(value, dialect)
        try:
            return kind_of(annotation).convert(meant)  # 0x1f, 1_000
        except ValueError:
            raise error from None


def _map(item: Any, value: Any, dialect: Dialect) -> dict[str, Any]:
    pairs = value.pairs if isinstance(value, MapNode) else ()
    if isinstance(value, Sequence):
        if not all(isinstance(one, MapNode) for one in value.items):
            raise ValueError("it is a list, and takes: a mapping")
        pairs = tuple(pair for one in value.items for pair in getattr(one, "pairs", ()))
    elif isinstance(value, Scalar):
        raise ValueError(f"{shown(value.text)} is no mapping")  # noqa: TRY004  # the same
    return {key.text: converted(item, one, dialect) for key, one in pairs}


def _union(annotation: Any, inner: tuple[Any, ...], value: Any, dialect: Dialect) -> Any:
    if types.NoneType in inner and _is_null(value, dialect):
        return None
    members = [one for one in inner if one is not types.NoneType]
    if len(members) == 1:
        return converted(members[0], value, dialect)
    for one in sorted(members, key=lambda one: _distance(one, value, dialect)):
        try:
            return converted(one, value, dialect)
        except ValueError:
            continue
    said = plain(value, dialect)
    raise ValueError(f"{shown(said)} is no {kind_of(annotation).label}")


def _distance(annotation: Any, value: Any, dialect: Dialect) -> int:
    """Give how far a type is from a node: what is narrower is nearer, text takes every word."""
    origin = get_origin(bare(annotation)) or bare(annotation)
    shape = {list: Sequence, dict: MapNode}.get(origin)
    if shape is not None:
        return 0 if isinstance(value, shape) else 5
    if not isinstance(value, Scalar):
        return 3
    if annotation is Any:
        return 4
    if bare(annotation) is str:
        return 0 if not value.plain else 2
    if bare(annotation) is bool:
        return 0 if isinstance(scalar(value, dialect), bool) else 3
    return 1


def _asks(value: Any, dialect: Dialect) -> bool:
    """Say whether an argument asks for anything but what is done without it."""
    meant = plain(value, dialect) if _is_node(value) else value
    return meant not in {"", False, None} if isinstance(meant, str | bool | int | None) else True


def _lacking(resource: Resource[Any], key: str, place: Place | None) -> BadParameter:
    return BadParameter(
        kind="lacking", argument=key, place=place,
        message=f"{key!r} of {resource.name} is passed over", hint="it has no effect here",
    )  # fmt: skip


def _is_node(value: Any) -> TypeGuard[Node]:
    return isinstance(value, Scalar | Sequence | MapNode)


def _is_null(value: Any, dialect: Dialect) -> bool:
    return value is None or (isinstance(value, Scalar) and scalar(value, dialect) is None)


def _takes_none(annotation: Any) -> bool:
    annotation = bare(annotation)
    return annotation is Any or types.NoneType in get_args(annotation)


def _place(value: Any) -> Place | None:
    return value.place if _is_node(value) else None


def _unknown(
    resource: Resource[Any], key: str, known: list[str], place: Place | None
) -> BadParameter:
    return BadParameter(
        kind="unknown", argument=key, message=f"{resource.name} has no argument {key!r}",
        hint=did_you_mean(key, known), place=place,
    )  # fmt: skip


def _of_wrong_type(
    resource: Resource[Any], key: str, field: FieldInfo, reason: str, place: Place | None
) -> BadParameter:
    takes = kind(field.type)
    example = f", such as {takes.example}" if takes.example else ""
    return BadParameter(
        kind="type", argument=key, message=f"{resource.name}: {key}: {reason}",
        hint=f"{key} takes: {takes.label}{example}", place=place,
    )  # fmt: skip
