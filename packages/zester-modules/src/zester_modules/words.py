"""Words as people type them, turned into what a function's signature asks for."""

import re
from collections.abc import Callable
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, cast, get_args, get_origin

import msgspec

from zester_modules import flow
from zester_proto.secrets.masker import MASK
from zester_proto.units import UNIT, BadUnit, Duration, Size, parse_duration, parse_size

__all__ = [
    "Duration", "Kind", "Mode", "Size", "Value", "Verbatim", "Written", "kind_of",
    "shown",
]  # fmt: skip

Value = Any
"""A parameter that takes whatever may travel; a word is read by `flow.word_value`."""

Written = Annotated[Any, msgspec.Meta(extra={UNIT: "written"})]
"""The same, and a word without quotes stays `flow.Plain`: who gets it knows what it has to be."""

Mode = Annotated[int, msgspec.Meta(extra={UNIT: "mode"})]
"""Permission bits or a umask; the digits are octal however they are written: `022`, `0o22`."""

_TRUE: Final = frozenset({"true", "yes", "on", "1"})
_FALSE: Final = frozenset({"false", "no", "off", "0"})
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,20}", re.ASCII)
_NUMBER: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?", re.ASCII)
_MODE: Final = re.compile(r"(0o)?[0-7]{1,5}", re.ASCII)


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """What one parameter takes."""

    label: str
    """In words, as help and errors show it."""
    convert: Callable[[Any], Any]
    """Gives the typed value; raises ValueError with what is wrong about it."""
    choices: tuple[str, ...] = ()
    example: str = ""


def kind_of(annotation: Any) -> Kind:
    """Give what an annotation takes.

    Raises:
        TypeError: no word can be turned into such a thing.
    """
    if annotation is Any:
        return _SIMPLE["value"]
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        unit = _unit(annotation, inner)
        return _SIMPLE[unit] if unit else kind_of(inner[0])
    if origin is Literal:
        return _choice(tuple(str(one) for one in inner))
    if origin is Union or origin is UnionType:
        return _union([kind_of(one) for one in inner if one is not NoneType])
    if origin is list:
        return _list(kind_of(inner[0]))
    if origin is dict:
        return _map(_of_text_keys(annotation, *inner))
    if isinstance(annotation, type) and annotation.__module__ == "builtins":
        found = _SIMPLE.get(annotation.__name__)
        if found is not None:
            return found
    raise TypeError(f"no word can be turned into {annotation!r}")


def _unit(annotation: Any, inner: tuple[Any, ...]) -> str:
    metas = [one for one in inner[1:] if isinstance(one, msgspec.Meta)]
    notes = [one.extra for one in metas if one.extra]
    unit = str(notes[0].get(UNIT, "")) if notes else ""
    if unit not in _SIMPLE and (unit or not metas):  # a mere description changes nothing
        raise TypeError(f"no word can be turned into {annotation!r}")
    return unit


def _of_text_keys(annotation: Any, key: Any, value: Any) -> Kind:
    if key is not str:
        raise TypeError(f"no word can be turned into {annotation!r}: keys are text")
    return kind_of(value)


class Verbatim(str):
    """A secret as an argument: a text that means nothing else, and that no error may show."""

    __slots__ = ()


def shown(value: Any) -> str:
    """Give a value short enough for an error's text."""
    if isinstance(value, Verbatim):
        return MASK
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _text(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"{shown(value)} is no text; put it in quotes")


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else _text(value).encode("utf-8", "surrogateescape")


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        number = int(value)
        if -(2**63) <= number < 2**64:
            return number
    raise ValueError(f"{shown(value)} is no whole number")


def _number(value: Any) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    raise ValueError(f"{shown(value)} is no number")


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower() if isinstance(value, (str, int)) else ""
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError(f"{shown(value)} is neither true nor false")


def _duration(value: Any) -> float:
    try:
        seconds = parse_duration(value) if isinstance(value, str) else _number(value)
    except (BadUnit, ValueError):
        seconds = -1
    if not 0 <= seconds < 1e10:
        raise ValueError(f"{shown(value)} is no duration")
    return seconds


def _size(value: Any) -> int:
    try:
        return parse_size(value) if isinstance(value, str) else _integer(value)
    except (BadUnit, ValueError):
        raise ValueError(f"{shown(value)} is no size") from None


def _mode(value: Any) -> int:
    digits = str(value).strip() if isinstance(value, (str, int)) else ""
    fits = not isinstance(value, bool) and _MODE.fullmatch(digits)
    mode = int(digits.removeprefix("0o"), 8) if fits else -1
    if not 0 <= mode <= 0o7777:
        raise ValueError(f"{shown(value)} is no mode in octal digits")
    return mode


def _value(value: Any) -> Any:
    """Give texts their meaning; inside of lists and maps only the unquoted ones have any."""
    if isinstance(value, str) and not isinstance(value, Verbatim):
        return flow.word_value(value)
    return _meaning(value)


def _written(value: Any) -> Any:
    if isinstance(value, str) and not isinstance(value, Verbatim):
        found = flow.word_value(value, flow.Plain)
        return flow.Plain(value) if isinstance(found, flow.Plain) else found
    return value


def _meaning(value: Any) -> Any:
    if isinstance(value, Verbatim):
        return str(value)
    if isinstance(value, flow.Plain):
        return flow.scalar(value)
    if isinstance(value, list):
        return [_meaning(one) for one in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: _meaning(one) for key, one in cast("dict[Any, Any]", value).items()}
    return value


def _inner(kind: Kind, value: Any) -> Any:
    # what stands inside of a list or map and was quoted there is text, even if it looks like more
    return _meaning(value) if kind.label == "value" else kind.convert(value)


def _choice(choices: tuple[str, ...]) -> Kind:
    def convert(value: Any) -> str:
        if value in choices:
            return str(value)
        raise ValueError(f"{shown(value)} is none of {', '.join(choices)}")

    return Kind(label=f"one of {', '.join(choices)}", convert=convert, choices=choices)


def _union(kinds: list[Kind]) -> Kind:
    if len(kinds) == 1:
        return kinds[0]

    def convert(value: Any) -> Any:
        for kind in sorted(kinds, key=lambda kind: _distance(kind, value)):
            try:
                return kind.convert(value)
            except ValueError:
                continue
        raise ValueError(f"{shown(value)} is no {label}")

    label = " or ".join(kind.label for kind in kinds)
    return Kind(label=label, convert=convert, example=kinds[0].example)


def _distance(kind: Kind, value: Any) -> int:
    """Give how far a kind is from a value: text takes every word, so what is narrower is nearer."""
    shape = kind.label.partition(" ")[0]
    if isinstance(value, Verbatim):
        return int(shape not in {"text", "value"})
    opening = value.lstrip()[:1] if isinstance(value, str) else ""
    if isinstance(value, (list, tuple)) or opening == "[":
        looks_like = "list"
    else:
        looks_like = "map" if isinstance(value, dict) or opening == "{" else ""
    if shape in {"list", "map"}:
        return 0 if shape == looks_like else 3
    return 2 if shape in {"text", "value"} else 1


def _list(item: Kind) -> Kind:
    def convert(value: Any) -> list[Any]:
        found = value
        if isinstance(value, Verbatim):
            found = [value]
        elif isinstance(value, str) and value.lstrip()[:1] == "[":
            found = flow.parse(value.strip(), flow.Plain)
        elif isinstance(value, str):
            found = flow.Plain(value)
        # one word is a list of one, as everywhere in Salt's and our own files
        items = cast("list[Any]", found if isinstance(found, (list, tuple)) else [found])
        return [_inner(item, one) for one in items]

    return Kind(label=f"list of {item.label}", convert=convert, example="[a, b]")


def _map(item: Kind) -> Kind:
    def convert(value: Any) -> dict[str, Any]:
        found = value
        is_word = isinstance(value, str) and not isinstance(value, Verbatim)
        if is_word and value.lstrip()[:1] == "{":
            found = flow.parse(value.strip(), flow.Plain)
        if not isinstance(found, dict):
            raise ValueError(f"{shown(value)} is no map")  # noqa: TRY004  # the one error of kinds
        pairs = cast("dict[Any, Any]", found)
        return {str(key): _inner(item, one) for key, one in pairs.items()}

    return Kind(label=f"map of {item.label}", convert=convert, example="{a: 1, b: two}")


_VALUE: Final = Kind(label="value", convert=_value)
_SIMPLE: Final = {
    "str": Kind(label="text", convert=_text),
    "bytes": Kind(label="text", convert=_bytes),
    "int": Kind(label="whole number", convert=_integer, example="5"),
    "float": Kind(label="number", convert=_number, example="0.5"),
    "bool": Kind(label="true or false", convert=_boolean),
    "duration": Kind(label="duration", convert=_duration, example="30s or 5m"),
    "size": Kind(label="size", convert=_size, example="64K or 2M"),
    "mode": Kind(label="octal mode", convert=_mode, example="0644"),
    "value": _VALUE,
    "written": Kind(label="value", convert=_written),
    "list": _list(_VALUE),
    "dict": _map(_VALUE),
}
