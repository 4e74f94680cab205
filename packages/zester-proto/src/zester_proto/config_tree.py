"""A configuration file as a tree of texts, each with its line; what they mean is decided later.

Only the field that a text is for says what it means: `yes`, `017` or `12:30:45` are what is
written, never a boolean, an octal or a sexagesimal number.
"""

import re
from typing import Any, Final

import msgspec

from zester_proto.errors import ZesterError

MAX_DEPTH: Final = 32
MAX_NODES: Final = 100_000


class ConfigError(ZesterError):
    """Raised when a configuration is wrong; the message begins with the file and line, or flag."""


class Scalar(msgspec.Struct, frozen=True, tag="s", array_like=True):
    """One word or text; `plain` if it was written without quotes."""

    text: str
    line: int
    plain: bool


class Sequence(msgspec.Struct, frozen=True, tag="l", array_like=True):
    """A list."""

    items: "list[Node]"
    line: int


class Mapping(msgspec.Struct, frozen=True, tag="m", array_like=True):
    """Keys and values, in their order, without duplicates."""

    items: "list[tuple[Scalar, Node]]"
    line: int


Node = Scalar | Sequence | Mapping


class Tree(msgspec.Struct, frozen=True):
    """What a file says, or why it cannot be read."""

    root: Mapping | None = None
    error: str = ""
    hint: str = ""


_NULL: Final = re.compile(r"~|null|Null|NULL|", re.ASCII)
_BOOL: Final = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT: Final = re.compile(
    r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII
)
_DIGITS: Final = 300
"""Digits of a number that is read as one; Python refuses thousands of them."""


def is_null(scalar: Scalar) -> bool:
    """Say whether a scalar stands for nothing."""
    return scalar.plain and _NULL.fullmatch(scalar.text) is not None


def read_bool(text: str) -> bool | None:
    """Give the truth that a text says; None if it says none."""
    return _BOOL.get(text)


def read_int(text: str) -> int | None:
    """Give the integer that a text says; None if it is none. `017` is none: is it 17 or 15?"""
    if len(text) > _DIGITS or _INT.fullmatch(text) is None:
        return None
    based = text[:2] in {"0o", "0x"}
    return int(text, 0) if based else int(text)


def read_float(text: str) -> float | None:
    """Give the number that a text says; None if it is none."""
    if len(text) > _DIGITS or _FLOAT.fullmatch(text) is None:
        return None
    return float(text)


def plain_value(node: Node) -> Any:
    """Give a free-form value by the core schema of YAML 1.2, where no field says what it means."""
    if isinstance(node, Mapping):
        return {key.text: plain_value(value) for key, value in node.items}
    if isinstance(node, Sequence):
        return [plain_value(item) for item in node.items]
    if not node.plain:
        return node.text
    if is_null(node):
        return None
    for read in (read_bool, read_int, read_float):
        value = read(node.text)
        if value is not None:
            return value
    return node.text
