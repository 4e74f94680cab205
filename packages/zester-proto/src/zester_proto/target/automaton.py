"""A lazily made deterministic automaton: regular expressions in linear time.

It takes the tree of Python's own parser and asks Python's own classes about single characters,
so that the two engines agree on all that both can do.
"""

import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

Tree: TypeAlias = Sequence[tuple[str, Any]]
"""A parsed pattern: what Python's parser calls its opcodes, with their arguments."""

UNBOUNDED: Final = 2**32 - 1
"""What the parser gives for the end of `*` and `+`."""

MAX_STATES: Final = 4_000
"""States of the automaton before it is made deterministic: what bounded repeats blow up."""

MAX_KEPT: Final = 20_000
"""Steps remembered; past it all are forgotten, so that memory stays bounded."""

_END: Final = ""  # these two cannot be confused with a character
_LAST_NEWLINE: Final = "\n$"

_CATEGORIES: Final = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}
_NAMES: Final = {
    "ASSERT": "look-around",
    "ASSERT_NOT": "look-around",
    "GROUPREF": "a back-reference",
    "GROUPREF_EXISTS": "a conditional group",
    "ATOMIC_GROUP": "an atomic group",
    "POSSESSIVE_REPEAT": "a possessive repeat",
}


class TooLarge(ValueError):
    """Raised for a pattern whose bounded repeats need more than `MAX_STATES` states."""


class _State(NamedTuple):
    """One state: consumes a character (`test`), or needs a place (`place`), or only forks."""

    test: Callable[[str], object] | None
    place: str
    then: tuple[int, ...]


class _Step:
    """A deterministic state: the states that are alive, and what was just before."""

    __slots__ = ("alive", "start", "to", "word")

    def __init__(self, alive: frozenset[int], *, start: bool, word: bool) -> None:
        self.alive = alive
        self.start = start
        self.word = word
        self.to: dict[str, _Step | bool] = {}


class Automaton:
    """A pattern ready to be tried at the start of texts.

    Attributes:
        kept: how many steps it remembers.
    """

    def __init__(self, tree: Tree, flags: int) -> None:
        """Build it from the parser's tree.

        Raises:
            TooLarge: see there.
            NotImplementedError: the pattern is no regular language; the text names the construct.
        """
        if flags & (re.MULTILINE | re.LOCALE):
            raise NotImplementedError("the flag (?m) or (?L)")
        self._flags = flags & (re.IGNORECASE | re.DOTALL | re.ASCII)
        self._tests: dict[str, Callable[[str], object]] = {}
        self._states: list[_State] = []
        self._accept = self._add(None, "")
        self._is_word = self._class(r"\w")
        self._first = frozenset({self._chain(tree, self._accept)})
        self._forget()

    def matches(self, text: str) -> bool:
        """Say whether the text begins with a match."""
        if self.kept > MAX_KEPT:
            self._forget()
        step = self._begin
        last = len(text) - 1
        for place, sign in enumerate(text):
            key = _LAST_NEWLINE if sign == "\n" and place == last else sign
            after = step.to.get(key)
            if after is None:
                after = self._advance(step, key)
            if isinstance(after, bool):
                return after
            step = after
        ended = step.to.get(_END)
        return self._advance(step, _END) is True if ended is None else ended is True

    def _forget(self) -> None:
        self.kept: int = 0
        self._steps: dict[tuple[frozenset[int], bool], _Step] = {}
        self._begin = _Step(self._first, start=True, word=False)

    def _advance(self, step: _Step, key: str) -> "_Step | bool":
        closed = self._closure(step, key)
        after: _Step | bool
        if self._accept in closed:
            after = True
        else:
            alive: set[int] = set()
            for number in closed if key else ():
                state = self._states[number]
                if state.test is not None and state.test(key[0]):
                    alive.update(state.then)
            after = (
                self._step(frozenset(alive), word=bool(self._is_word(key[0]))) if alive else False
            )
        step.to[key] = after
        self.kept += 1
        return after

    def _step(self, alive: frozenset[int], *, word: bool) -> _Step:
        step = self._steps.get((alive, word))
        if step is None:
            step = self._steps[alive, word] = _Step(alive, start=False, word=word)
        return step

    def _closure(self, step: _Step, key: str) -> set[int]:
        seen: set[int] = set()
        waiting = list(step.alive)
        while waiting:
            number = waiting.pop()
            if number in seen:
                continue
            seen.add(number)
            state = self._states[number]
            if state.test is None and self._stands(state.place, step, key):
                waiting.extend(state.then)
        return seen

    def _stands(self, place: str, step: _Step, key: str) -> bool:
        if not place:
            return True
        if place in {"AT_BEGINNING", "AT_BEGINNING_STRING"}:
            return step.start
        if place == "AT_END":
            return key in {_END, _LAST_NEWLINE}
        if place == "AT_END_STRING":
            return key == _END
        # Python's \B matches nothing in an empty text up to 3.13
        if step.start and key == _END:
            return False
        at_edge = step.word != (key != _END and bool(self._is_word(key[0])))
        return at_edge == (place == "AT_BOUNDARY")

    def _add(self, test: Callable[[str], object] | None, place: str, *then: int) -> int:
        if len(self._states) >= MAX_STATES:
            raise TooLarge("this regular expression is too large: its repeats multiply")
        self._states.append(_State(test, place, then))
        return len(self._states) - 1

    def _chain(self, items: Tree, then: int) -> int:
        for code, argument in reversed(items):
            then = self._build(code, argument, then)
        return then

    def _build(self, code: str, argument: Any, then: int) -> int:
        if code == "BRANCH":
            return self._add(None, "", *(self._chain(b, then) for b in argument[1]))
        if code in {"MAX_REPEAT", "MIN_REPEAT"}:
            low, high, body = argument
            return self._repeat(low, high, body, then)
        if code == "SUBPATTERN":
            if argument[1] or argument[2]:
                raise NotImplementedError("a group with flags of its own")
            return self._chain(argument[3], then)
        if code == "AT":
            return self._add(None, argument, then)
        if code in _NAMES:
            raise NotImplementedError(_NAMES[code])
        return self._add(self._class(_source(code, argument)), "", then)

    def _repeat(self, low: int, high: int, body: Tree, then: int) -> int:
        if high == UNBOUNDED:
            entry = self._add(None, "")
            self._states[entry] = _State(None, "", (self._chain(body, entry), then))
            then = entry
        else:
            for _ in range(high - low):
                then = self._add(None, "", self._chain(body, then), then)
        for _ in range(low):
            then = self._chain(body, then)
        return then

    def _class(self, source: str) -> Callable[[str], object]:
        test = self._tests.get(source)
        if test is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                test = self._tests[source] = re.compile(source, self._flags).match
        return test


def _source(code: str, argument: Any) -> str:
    """Write the pattern of one character again."""
    if code == "ANY":
        return "."
    if code == "LITERAL":
        return re.escape(chr(argument))
    if code == "NOT_LITERAL":
        return f"[^{re.escape(chr(argument))}]"
    if code == "CATEGORY":
        return _CATEGORIES[argument]
    if code == "IN":
        return "[" + "".join(_member(kind, value) for kind, value in argument) + "]"
    raise NotImplementedError(f"the construct {code}")


def _member(code: str, argument: Any) -> str:
    if code == "NEGATE":
        return "^"
    if code == "RANGE":
        return f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
    return _source(code, argument)
