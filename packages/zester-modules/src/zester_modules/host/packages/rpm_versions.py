"""Versions of RPM packages, compared as rpm does."""

import re
from itertools import zip_longest
from typing import Final

_PART: Final = re.compile(r"[0-9]+|[a-zA-Z]+|~|\^")


def compare(one: str, other: str) -> int:
    """Give -1, 0 or 1 for `epoch:version-release`; a release that one lacks is not compared."""
    first, second = _split(one), _split(other)
    if first[0] != second[0]:
        return -1 if first[0] < second[0] else 1
    answer = compare_part(first[1], second[1])
    if answer or not (first[2] and second[2]):
        return answer
    return compare_part(first[2], second[2])


def _split(text: str) -> tuple[int, str, str]:
    epoch, colon, rest = text.partition(":")
    if not colon or not epoch.isascii() or not epoch.isdigit():
        epoch, rest = "0", text
    version, _, release = rest.partition("-")
    return int(epoch), version, release


def compare_part(one: str, other: str) -> int:
    """Compare two versions, or two releases: runs of digits and of letters, one by one."""
    for first, second in zip_longest(_PART.findall(one), _PART.findall(other), fillvalue=""):
        if first != second and (answer := _compare_run(first, second)):
            return answer
    return 0


def _compare_run(first: str, second: str) -> int:
    if "~" in {first, second}:
        return -1 if first == "~" else 1
    if "^" in {first, second}:
        # a caret is newer than the end, and older than anything that goes on
        with_caret = 1 if not (second if first == "^" else first) else -1
        return with_caret if first == "^" else -with_caret
    if first.isdigit() and second.isdigit():
        return (int(first) > int(second)) - (int(first) < int(second))
    if first.isdigit() != second.isdigit():
        # digits are newer than letters, letters and digits newer than the end
        return 1 if first.isdigit() or not second else -1
    return 1 if first > second else -1
