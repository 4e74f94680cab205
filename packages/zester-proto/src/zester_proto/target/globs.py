"""Globs: `*`, `?`, `[abc]`, `[a-z]` and `[!abc]`, over the whole text."""

import fnmatch
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

_MAGIC: Final = re.compile(r"[*?\[]")
_SPAN: Final = re.compile(r"([^\]])-([^\]])", re.DOTALL)


def is_exact(pattern: str) -> bool:
    """Say whether a glob matches nothing but itself."""
    return _MAGIC.search(pattern) is None


def prefix(pattern: str) -> str:
    """Give the text with which all begins that a glob matches."""
    found = _MAGIC.search(pattern)
    return pattern if found is None else pattern[: found.start()]


@lru_cache(maxsize=512)
def glob_test(pattern: str) -> Callable[[str], object]:
    """Give a test of texts that is true (not None, not False) for those that a glob matches.

    It takes time in proportion to the text: `fnmatch` writes stars as atomic groups.
    """
    if is_exact(pattern):
        return pattern.__eq__
    return re.compile(fnmatch.translate(pattern)).match


def bracket_end(text: str, start: int, *, escapes: bool = False) -> int:
    """Give the place of the `]` that closes the `[` at `start`, or -1.

    Args:
        text: a glob or a regular expression.
        start: where the bracket opens.
        escapes: whether a backslash takes the next sign's meaning, as in regular expressions.
    """
    place = start + 1
    if text[place : place + 1] == ("^" if escapes else "!"):
        place += 1
    first = place
    while place < len(text):
        if text[place] == "]" and place > first:
            return place
        place += 2 if escapes and text[place] == "\\" else 1
    return -1


def glob_fault(pattern: str) -> tuple[str, int] | None:
    """Say what is wrong with a glob and where; None if nothing is."""
    place = pattern.find("[")
    while place >= 0:
        end = bracket_end(pattern, place)
        if end < 0:
            return "this bracket is never closed", place
        for found in _SPAN.finditer(pattern, place + 1, end):
            if found[1] > found[2]:
                return "this range runs backwards", found.start()
        place = pattern.find("[", end)
    return None
