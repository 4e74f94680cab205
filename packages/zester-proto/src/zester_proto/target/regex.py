"""Regular expressions that cannot hang the process that tries them.

Python's `re` backtracks and has no time limit, and targets are tried on masters against what
peels say of themselves. So a pattern goes to `re` only where the number of ways to try it is
small for the text at hand; any other runs on an automaton of our own in time in proportion to
the text (`zester_proto.target.automaton`); what neither can do is refused.
"""

import re
import warnings
from collections.abc import Callable
from functools import lru_cache
from re import (
    _parser,  # pyright: ignore[reportAttributeAccessIssue,reportUnknownVariableType]  # no other
)
from typing import Any, Final, cast

from zester_proto.target.automaton import UNBOUNDED, Automaton, TooLarge, Tree

_PARSER: Final = cast("Any", _parser)

MAX_LENGTH: Final = 1_024
"""Characters of a pattern."""

MAX_WAYS: Final = 100_000
"""Ways to try a pattern that are left to `re`: some milliseconds in the worst case."""

SHORT: Final = 256
"""Characters of a text up to which `re` may be used; ids and most values are shorter."""

_MAX_DEPTH: Final = 50


class BadRegex(ValueError):
    """Raised for a pattern that is malformed or cannot be tried in bounded time.

    Attributes:
        offset: where in the pattern.
        hint: what to do instead.
    """

    def __init__(self, reason: str, offset: int = 0, hint: str = "") -> None:
        super().__init__(reason)
        self.offset = offset
        self.hint = hint


@lru_cache(maxsize=256)
def regex_test(pattern: str, *, ignore_case: bool = False) -> Callable[[str], object]:
    """Give a test of texts that is true for those that begin with a match.

    Args:
        pattern: a regular expression in Python's syntax, anchored at its start as in Salt.
        ignore_case: whether case does not count.

    Raises:
        BadRegex: see there.
    """
    if len(pattern) > MAX_LENGTH:
        raise BadRegex(f"a regular expression has at most {MAX_LENGTH} characters", MAX_LENGTH)
    try:
        return _test(pattern, re.IGNORECASE if ignore_case else re.NOFLAG)
    except re.error as error:
        raise BadRegex(f"not a regular expression: {error.msg}", error.pos or 0) from error
    except (RecursionError, OverflowError) as error:
        raise BadRegex("this regular expression is nested too deep") from error
    except TooLarge as error:
        raise BadRegex(str(error), hint="repeat less, or match with several terms") from error


def _test(pattern: str, flags: int) -> Callable[[str], object]:
    with warnings.catch_warnings():
        # `[[` and the like only warn of what future versions may mean
        warnings.simplefilter("ignore")
        quick = re.compile(pattern, flags).match
        tree, flags = read_tree(pattern, flags)
    cheap = ways(tree) <= MAX_WAYS
    try:
        automaton = Automaton(tree, flags)
    except NotImplementedError as error:
        if cheap:
            return lambda text: quick(text[:SHORT])
        raise BadRegex(
            f"{error} beside this many repeats could take for ever",
            hint="leave it out, or say it with `and not`",
        ) from error
    if not cheap:
        return automaton.matches
    return lambda text: quick(text) if len(text) <= SHORT else automaton.matches(text)


def read_tree(pattern: str, flags: int = 0) -> tuple[Tree, int]:
    """Give the tree of Python's parser, and the flags with those that the pattern sets itself.

    Raises:
        re.error: the pattern is malformed.
        RecursionError: it is nested too deep.
    """
    parsed = _PARSER.parse(pattern, flags)
    return _named(parsed), int(parsed.state.flags)


def _named(value: Any, depth: int = 0) -> Any:
    """Turn the parser's tree into plain sequences, its opcodes into their names."""
    if depth > _MAX_DEPTH:
        raise RecursionError
    if hasattr(value, "name"):
        return value.name if value != UNBOUNDED else UNBOUNDED
    if isinstance(value, _PARSER.SubPattern):
        return [_named(item, depth + 1) for item in value]
    if isinstance(value, list | tuple):
        return [_named(item, depth) for item in cast("list[Any]", value)]
    return value


def ways(items: Tree) -> int:
    """Bound the number of ways in which a backtracking matcher can try a parsed pattern.

    Counted for texts of `SHORT` characters, and never too low; capped a little above `MAX_WAYS`.
    """
    total = 1
    for code, argument in items:
        total = min(total * _ways_of(code, argument), MAX_WAYS + 1)
    return total


def _ways_of(code: str, argument: Any) -> int:
    if code == "BRANCH":
        return sum(ways(branch) for branch in argument[1])
    if code in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
        low, high, body = argument
        return _repeat_ways(low, high, body)
    if code == "SUBPATTERN":
        return ways(argument[3])
    if code == "ATOMIC_GROUP":
        return ways(argument)
    if code in {"ASSERT", "ASSERT_NOT"}:
        return ways(argument[1])
    if code == "GROUPREF_EXISTS":
        return ways(argument[1]) + ways(argument[2] or ())
    return 1


def _repeat_ways(low: int, high: int, body: Tree) -> int:
    once = ways(body)
    most = min(high, SHORT)
    if once == 1:
        return max(most - min(low, SHORT) + 1, 1)
    total = 0
    for count in range(min(low, SHORT), most + 1):
        total += once ** min(count, 20)  # 2 ** 20 is far beyond the cap
        if total > MAX_WAYS:
            break
    return min(max(total, 1), MAX_WAYS + 1)
