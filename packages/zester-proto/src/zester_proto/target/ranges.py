"""Ids by ranges in brackets: `web-[01-20]`, `db-[a-c].[1,3,5-7]`."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from typing import Final, NamedTuple, TypeAlias

MAX_NAMES: Final = 100_000
"""Names that one term may spell."""

_SPAN: Final = re.compile(r"(?:(\d{1,9})(?:-(\d{1,9}))?|([A-Za-z])(?:-([A-Za-z]))?)", re.ASCII)


class _Numbers(NamedTuple):
    """Numbers from low to high, with at least `width` digits."""

    low: int
    high: int
    width: int

    def names(self) -> Iterator[str]:
        return (f"{n:0{self.width}d}" for n in range(self.low, self.high + 1))


class _Letters(NamedTuple):
    """Letters of one case from low to high."""

    low: str
    high: str

    def names(self) -> Iterator[str]:
        return map(chr, range(ord(self.low), ord(self.high) + 1))


_Choice: TypeAlias = tuple[_Numbers | _Letters, ...]


class BadRange(ValueError):
    """Raised for a range that spells no names.

    Attributes:
        offset: where in the pattern.
    """

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.offset = offset


@lru_cache(maxsize=8)
def names(patterns: tuple[str, ...]) -> frozenset[str]:
    """Give all ids that the patterns spell.

    Raises:
        BadRange: one of them is malformed, or they spell more than `MAX_NAMES`.
    """
    return frozenset(name for pattern in patterns for name in _spell(pattern))


def size(pattern: str) -> int:
    """Count the ids that a pattern spells, without spelling them.

    Raises:
        BadRange: it is malformed.
    """
    total = 1
    for choice in _choices(pattern):
        total *= 1 if isinstance(choice, str) else sum(_span_size(span) for span in choice)
    return total


def _spell(pattern: str) -> Iterator[str]:
    parts = [
        (choice,) if isinstance(choice, str) else [n for span in choice for n in span.names()]
        for choice in _choices(pattern)
    ]
    return map("".join, product(*parts))


def _span_size(span: _Numbers | _Letters) -> int:
    if isinstance(span, _Numbers):
        return span.high - span.low + 1
    return ord(span.high) - ord(span.low) + 1


def _choices(pattern: str) -> Iterator[str | _Choice]:
    place = 0
    while place < len(pattern):
        start = pattern.find("[", place)
        text = pattern[place:] if start < 0 else pattern[place:start]
        wrong = re.search(r"[\]*?]", text)
        if wrong is not None:
            raise BadRange(f"`{wrong[0]}` has no place in a range", place + wrong.start())
        yield text
        if start < 0:
            return
        end = pattern.find("]", start)
        if end < 0:
            raise BadRange("this bracket is never closed", start)
        yield _choice(pattern[start + 1 : end], start + 1)
        place = end + 1


def _choice(text: str, offset: int) -> _Choice:
    spans: list[_Numbers | _Letters] = []
    for item in text.split(","):
        spans.append(_span(item, offset))
        offset += len(item) + 1
    return tuple(spans)


def _span(text: str, offset: int) -> _Numbers | _Letters:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise BadRange("a range is two numbers or two letters with a `-` between them", offset)
    if found[1]:
        low, high = found[1], found[2] or found[1]
        # 01-20 and 001-120 are padded to the width of the first; 1-20 is not padded
        width = len(low) if low.startswith("0") else 1
        span: _Numbers | _Letters = _Numbers(int(low), int(high), width)
    else:
        span = _Letters(found[3], found[4] or found[3])
        if span.low.isupper() != span.high.isupper():
            raise BadRange("both ends of a range of letters have the same case", offset)
    if span.low > span.high:  # pyright: ignore[reportOperatorIssue]  # both are of one type
        raise BadRange("this range runs backwards", offset)
    return span
