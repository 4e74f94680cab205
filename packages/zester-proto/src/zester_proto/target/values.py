"""How a fact's value reads: as text, as a number, as a version."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

VersionKey = tuple[Any, ...]

_NUMBER: Final = re.compile(r"[-+]?\d{1,300}(\.\d{1,300})?([eE][-+]?\d{1,3})?", re.ASCII)
_VERSION: Final = re.compile(r"v?(?:(\d{1,9}):)?(\d[0-9a-z.+~_-]{0,127})", re.ASCII)
_PIECE: Final = re.compile(r"\d+|[a-z]+", re.ASCII)
_EARLY: Final = frozenset({"a", "alpha", "b", "beta", "c", "dev", "pre", "preview", "rc"})

# What a piece of a version is, from low to high: `1.0~x` and `1.0-rc1` come before `1.0`,
# `1.0a` and `1.0-1` after it.
_TILDE: Final = (0,)
_END: Final = (2,)


class _Missing:
    """The type of `MISSING`."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""What `value_at` gives where there is nothing: null is a value."""


def text_of(value: Any) -> str:
    """Give the text by which a value that is neither map nor list is matched, in lower case."""
    return value.lower() if type(value) is str else str(value).lower()


def is_number(value: Any) -> bool:
    """Say whether a value is a number; true and false are none."""
    return type(value) is int or type(value) is float


def value_at(facts: Mapping[str, Any], key: str, delimiter: str = ":") -> Any:
    """Give the value that a key such as `cpu:count` or `disks:0:size` names, or `MISSING`."""
    return value_in(facts, key.split(delimiter))


def value_in(value: Any, words: Iterable[str]) -> Any:
    """Walk from a value by the keys of maps and the positions in lists, or give `MISSING`."""
    for word in words:
        if isinstance(value, Mapping):
            value = cast("Mapping[str, Any]", value).get(word, MISSING)
        elif isinstance(value, list):
            value = _member(cast("list[Any]", value), word)
        else:
            return MISSING
    return value


def _member(values: list[Any], word: str) -> Any:
    place = position(word)
    if place is None or not -len(values) <= place < len(values):
        return MISSING
    return values[place]


def position(word: str) -> int | None:
    """Give the place in a list that a word names (`0`, `-1`), or None."""
    digits = word.removeprefix("-")
    if len(digits) > 6 or not (digits.isascii() and digits.isdigit()):
        return None
    return int(word)


def number(text: str) -> int | float | None:
    """Read a number, or give None."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    return float(text) if found[1] or found[2] else int(text)


def version(text: str) -> VersionKey | None:
    """Give a key that sorts as versions do, or None for a text that is no version.

    Numbers compare as numbers, `1.0` equals `1`, and what follows a `-` or `+` counts only
    between equals, so that `2.4-10` comes before `2.4.1-2` (the order of dpkg and rpm); words
    such as `rc` and all after a `~` come before the version without them.
    """
    found = _VERSION.fullmatch(text.lower())
    if found is None:
        return None
    sections = [_section(part) for part in re.split(r"(?=~)|[-+_]", found[2])]
    return (int(found[1] or 0), *sections, (_END,))


def _section(text: str) -> VersionKey:
    pieces = _PIECE.findall(text)
    key: list[tuple[Any, ...]] = [_TILDE] if text.startswith("~") else []
    for place, piece in enumerate(pieces):
        if piece.isdigit():
            if not any(rest.strip("0") for rest in pieces[place:]):
                break  # only zeros to the end: 1.0.0 is 1
            key.append((4, int(piece)))
        else:
            key.append((1 if piece in _EARLY else 3, piece))
    return (*key, _END)
