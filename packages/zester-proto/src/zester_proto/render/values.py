"""What a YAML tree means as plain Python data, in our dialect and in Salt's.

`plain(node, dialect)` makes dicts (in written order), lists, texts, numbers, booleans and None.

* `zy` is the core schema of YAML 1.2, except that a leading zero changes nothing: `0644` is 644.
* `sls` is what Salt's loader makes of YAML 1.1: `yes`, `on` and their like are booleans, `1_000`
  is 1000, `0x1f` and `0b1` are numbers, `12:30:45` counts in sixties, and an integer of octal
  digits with leading zeros is decimal: `0644` is 644. Dates stay texts in both.

Keys follow the same rules as values, so the key `1` is an int and `yes` in a `.sls` is True. Salt
does the same, and data that a template writes with `| json` or `| yaml` comes back as it was.
Whoever needs names takes `Scalar.text`.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from zester_proto.render.nodes import Dialect, Mapping, Node, Scalar, Sequence

_TRUE: Final = dict.fromkeys(("true", "True", "TRUE"), True)
_FALSE: Final = dict.fromkeys(("false", "False", "FALSE"), False)
_NULL: Final[dict[str, Any]] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_CORE: Final[dict[str, Any]] = {**_NULL, **_TRUE, **_FALSE}
_SALT: Final[dict[str, Any]] = {
    **_CORE,
    **dict.fromkeys(("yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("no", "No", "NO", "off", "Off", "OFF"), False),
}
_WORDS: Final[dict[Dialect, dict[str, Any]]] = {"zy": _CORE, "sls": _SALT}
_NUMERIC: Final = frozenset("0123456789+-.")
_MAX_DIGITS: Final = 1000
"""Beyond this digits are text: making a number of them takes time that grows as their square."""

_CORE_INT: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_CORE_FLOAT: Final = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)"
    r"|\.(?:nan|NaN|NAN)",
    re.ASCII,
)
_SALT_INT: Final = re.compile(
    r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]+|0|[1-9][0-9_]*(?::[0-5]?[0-9])*)", re.ASCII
)
_SALT_FLOAT: Final = re.compile(
    r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
    re.ASCII,
)

Tagged = Callable[[Node, Any], Any]
"""Given a node with a tag of ours and its value, returns what stands for it."""


def plain(node: Node | None, dialect: Dialect, tagged: Tagged | None = None) -> Any:
    """Return a tree as plain data; each call makes new dicts and lists.

    Args:
        node: the tree; None (an empty document) is None.
        dialect: whose words and numbers hold.
        tagged: what to make of nodes with a tag such as `!secret`; without it the tag is passed
            over.
    """
    match node:
        case None:
            return None
        case Scalar():
            value: Any = scalar(node, dialect)
        case Sequence():
            value = [plain(item, dialect, tagged) for item in node.items]
        case Mapping():
            value = {scalar(key, dialect): plain(item, dialect, tagged) for key, item in node.pairs}
    return tagged(node, value) if tagged is not None and node.tag else value


def scalar(node: Scalar, dialect: Dialect) -> Any:
    """Return what one word or text means."""
    return word(node.text, dialect) if node.plain else node.text


def translated(node: Node, dialect: Dialect, into: Dialect) -> Node:
    """Return a tree in the words of another dialect; it means the same there."""
    match node:
        case Scalar():
            return _translated(node, dialect, into) if node.plain else node
        case Sequence():
            items = tuple(translated(item, dialect, into) for item in node.items)
            return Sequence(items, node.place, node.tag)
        case Mapping():
            pairs = tuple(
                (_translated(key, dialect, into), translated(item, dialect, into))
                for key, item in node.pairs
            )
            return Mapping(pairs, node.place, node.tag)


def _translated(node: Scalar, dialect: Dialect, into: Dialect) -> Scalar:
    value = scalar(node, dialect)
    other = scalar(node, into)
    if type(value) is type(other) and (value == other or value != value):  # noqa: PLR0124 -- nan
        return node
    if isinstance(value, str):
        return Scalar(value, False, node.place, node.tag)
    return Scalar(_written(value), True, node.place, node.tag)


def _written(value: float | bool | None) -> str:
    """Return a value as both dialects write it."""
    if isinstance(value, float):
        text = repr(value).replace("inf", ".inf").replace("nan", ".nan")
        return text.replace("e", ".0e") if "e" in text and "." not in text else text
    return "null" if value is None else str(value).lower()


def word(text: str, dialect: Dialect) -> Any:
    """Return what a word without quotes means."""
    words = _WORDS[dialect]
    if text in words:
        return words[text]
    if text[0] not in _NUMERIC or len(text) > _MAX_DIGITS:
        return text
    return _core_number(text) if dialect == "zy" else _salt_number(text)


def _core_number(text: str) -> int | float | str:
    if _CORE_INT.fullmatch(text):
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
    return _float(text) if _CORE_FLOAT.fullmatch(text) else text


def _salt_number(text: str) -> int | float | str:
    bare = text.replace("_", "")
    if _SALT_INT.fullmatch(text):
        return _salt_int(bare, text)
    if not _SALT_FLOAT.fullmatch(text):
        return text
    return float(_sixties(bare)) if ":" in bare else _float(bare)


def _salt_int(bare: str, text: str) -> int | str:
    digits = bare.lstrip("+-")
    sign = -1 if bare.startswith("-") else 1
    base = {"0b": 2, "0x": 16}.get(digits[:2])
    if base is not None:
        return sign * int(digits[2:], base) if digits[2:] else text
    if ":" in bare:
        return int(_sixties(bare))
    # Salt takes the zeros away only where the text begins with them; behind a sign YAML 1.1's
    # octal reading is left.
    octal = digits != bare and len(digits) > 1 and digits.startswith("0")
    return sign * int(digits, 8 if octal else 10)


def _sixties(bare: str) -> int | float:
    sign = -1 if bare.startswith("-") else 1
    total: int | float = 0
    for part in bare.lstrip("+-").split(":"):
        total = total * 60 + (float(part) if "." in part else int(part))
    return sign * total


def _float(bare: str) -> float:
    return float(bare.lower().replace(".inf", "inf").replace(".nan", "nan"))
