"""Collects what is wrong with a tree: all at once, at most 50 and a count (states.md 3)."""

from collections.abc import Iterable
from typing import Final

from zester_proto.render.nodes import Place, Problem

LIMIT: Final = 50


def where(problem: Problem) -> tuple[str, int, int]:
    """Give the file, line and column of a problem to sort by; what has no place comes first."""
    place = problem.place
    return (place.file, place.line, place.column or 0) if place else ("", 0, 0)


class Problems:
    """Errors and warnings of one compile.

    Attributes:
        strict: what Salt lets pass in a `.sls` is an error.
    """

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []
        self.count = 0
        self._seen: set[tuple[str, Place | None]] = set()

    def error(self, message: str, place: Place | None, hint: str = "") -> None:
        """Note an error; the same one at the same place counts once."""
        self.add(Problem(message=message, place=place, hint=hint))

    def warn(self, message: str, place: Place | None, hint: str = "") -> None:
        """Note what works and is not as it should be; an error where strictness is asked for."""
        if self.strict:
            self.error(message, place, hint)
        else:
            self.warnings.append(Problem(message=message, place=place, hint=hint))

    def add(self, problem: Problem) -> None:
        """Note a finished error."""
        key = (problem.message, problem.place)
        if key in self._seen:
            return
        self._seen.add(key)
        self.count += 1
        if len(self.errors) < LIMIT:
            self.errors.append(problem)

    def extend(self, problems: Iterable[Problem]) -> None:
        """Note several errors."""
        for one in problems:
            self.add(one)

    def in_order(self) -> tuple[Problem, ...]:
        """Give the errors as a reader of the tree comes upon them."""
        return tuple(sorted(self.errors, key=where))

    @property
    def full(self) -> bool:
        """Whether further errors are only counted, so that no hint is worth its time."""
        return self.count >= LIMIT

    @property
    def more(self) -> int:
        """How many errors are beyond the limit."""
        return self.count - len(self.errors)


def placed(problem: Problem) -> str:
    """Give a problem without what to do: its place, and what is wrong."""
    return f"{problem.place}: {problem.message}" if problem.place else problem.message


def told(problem: Problem) -> str:
    """Give a problem on one line: its place, what is wrong, and what to do."""
    return placed(problem) + (f" ({problem.hint})" if problem.hint else "")
