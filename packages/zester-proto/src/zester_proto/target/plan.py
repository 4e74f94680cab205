"""A fact term made ready: which paths it walks, and what it asks of the values there.

Both evaluators walk by the same plan, one through a peel's facts and one through the index.
At a place that the first `i` words lead to, `tails[i]` is asked of the value and of the keys.
"""

import operator
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NamedTuple

from zester_proto.target.ast import Comparison, Fact, FactRegex
from zester_proto.target.globs import glob_test, is_exact
from zester_proto.target.regex import BadRegex, regex_test
from zester_proto.target.values import is_number, number, position, text_of, version

Test = Callable[[str], object]

MAX_WORDS: Final = 64
"""Words of a path and its value; facts are at most 64 levels deep."""

_ANY_LEVEL: Final = "*"

_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "!=": operator.eq,  # its plan finds the equal ones, which are then left out
}


class Tail(NamedTuple):
    """What is asked where a path ends.

    Attributes:
        text: a test of texts, which are in lower case; true and false are texts here.
        number: a test of the texts of numbers.
        exact: the only text that can pass, if there is such a one.
        every: whether every text passes.
        lists: whether every list passes, and even one with nothing in it.
    """

    text: Test
    number: Test
    exact: str | None = None
    every: bool = False
    lists: bool = False

    def passes(self, value: Any) -> bool:
        """Ask it of a value that is neither map nor list."""
        return bool((self.number if is_number(value) else self.text)(text_of(value)))


class Plan(NamedTuple):
    """How a term walks.

    Attributes:
        words: the words of the path, and as many more as a value could take.
        tails: for each number of words walked what is asked there; None asks nothing.
        keys: whether the keys of a map are asked too: `G@site:rack` holds if `rack` is there.
        skips: words that may be passed over anywhere: positions, where lists are not known.
    """

    words: tuple[str, ...]
    tails: tuple[Tail | None, ...]
    keys: bool
    skips: frozenset[int] = frozenset()

    def asked(self, at: frozenset[int]) -> list[Tail]:
        """Give what is asked at a place."""
        return [tail for i in at if (tail := self.tails[i]) is not None]

    def closed(self, at: frozenset[int]) -> frozenset[int]:
        """Add, in a map, the places behind a `*`, which stands for one level or none."""
        while more := {i + 1 for i in self._steps(at) if self.words[i] == _ANY_LEVEL} - at:
            at |= more
        return at

    def below(self, at: frozenset[int]) -> "tuple[dict[str, frozenset[int]], frozenset[int]]":
        """Say where to go on in a map: by key, and below keys not named there."""
        steps = self._steps(at)
        others = frozenset(i + 1 for i in steps if self.words[i] == _ANY_LEVEL)
        named: dict[str, frozenset[int]] = {}
        for i in steps:
            named[self.words[i]] = named.get(self.words[i], others) | {i + 1}
        return named, others

    def inside(self, at: frozenset[int], place: int, length: int) -> frozenset[int]:
        """Say where to go on in one member of a list: a list takes no word, or its position."""
        places = {place, place - length}
        return at | {i + 1 for i in self._steps(at) if position(self.words[i]) in places}

    def without_positions(self, longest: int) -> "Plan":
        """Give a plan that finds no less where positions in lists are not known.

        Args:
            longest: the length of the longest list.
        """
        skips = frozenset(
            i
            for i, word in enumerate(self.words[:-1])
            if (place := position(word)) is not None and -longest <= place < longest
        )
        return self._replace(skips=skips)

    def skipped(self, at: frozenset[int]) -> frozenset[int]:
        """Add the places behind words that may be passed over."""
        while more := {i + 1 for i in at & self.skips} - at:
            at |= more
        return at

    def _steps(self, at: frozenset[int]) -> list[int]:
        # the last word is always left for the value
        return [i for i in at if i < len(self.words) - 1]


@lru_cache(maxsize=256)
def plan_of(term: Fact | FactRegex) -> Plan:
    """Make a term ready; each way of cutting its words into a path and a value counts."""
    tails: list[Tail | None] = [None]
    for cut in range(1, len(term.words)):
        value = term.delimiter.join(term.words[cut:])
        tails.append(_glob(value) if isinstance(term, Fact) else _regex(value))
    return Plan(term.words, tuple(tails), keys=True)


@lru_cache(maxsize=256)
def comparison_plan(term: Comparison) -> Plan:
    """Make a comparison ready; for `!=` this is the plan of equality, which must not hold."""
    return Plan((*term.path, ""), (*[None] * len(term.path), _comparison(term)), keys=False)


@lru_cache(maxsize=256)
def presence_plan(path: tuple[str, ...]) -> Plan:
    """Make ready the question whether there is anything but a map at a path."""
    return Plan((*path, ""), (*[None] * len(path), _ALL), keys=False)


def is_comparable(text: str) -> bool:
    """Say whether an ordering can be asked for: a number or a version."""
    return number(text) is not None or version(text) is not None


def _yes(_text: str) -> object:
    return True


_ALL: Final = Tail(_yes, _yes, every=True, lists=True)


def _glob(pattern: str) -> Tail:
    pattern = pattern.lower()
    test = glob_test(pattern)
    return Tail(test, test, pattern if is_exact(pattern) else None, every=pattern == "*")


def _regex(pattern: str) -> Tail | None:
    try:
        test = regex_test(pattern, ignore_case=True)
    except BadRegex:
        # The cut went through the expression (`^(?:a|b)` at its colon). The parser has seen to it
        # that one way of cutting gives an expression.
        return None
    return Tail(test, test)


def _comparison(term: Comparison) -> Tail:
    wanted = number(term.value)
    wanted_version = version(term.value)
    compare = _COMPARE[term.operator]
    same = glob_test(term.value.lower()) if term.operator == "!=" else None

    def text(value: str) -> object:
        if same is not None and same(value):
            return True
        found = version(value)
        if found is not None and wanted_version is not None:
            return compare(found, wanted_version)
        plain = number(value)
        return plain is not None and wanted is not None and compare(plain, wanted)

    def numeric(value: str) -> object:
        if wanted is None:
            return text(value)
        found = number(value)
        return found is not None and compare(found, wanted)

    return Tail(text, numeric)
