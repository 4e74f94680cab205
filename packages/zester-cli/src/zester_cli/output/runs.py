"""The result of a run of states as peels answer it, read by its form."""

from typing import Any

import msgspec


class Place(msgspec.Struct, frozen=True):
    """Where something stands in a tree."""

    file: str = ""
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        parts = (self.file, self.line, self.column)
        return ":".join(str(part) for part in parts if part is not None) if self.file else ""


class Problem(Place, frozen=True):
    """An error or a warning of a tree."""

    message: str = ""
    hint: str = ""
    rendered: str = ""
    because: tuple[str, ...] = ()


class StateRow(msgspec.Struct, frozen=True):
    """How one state ended."""

    id: str
    function: str
    result: str
    name: str = ""
    certain: bool = True
    unsettled_by: tuple[str, ...] = ()
    changes: dict[str, Any] = {}
    diff: str = ""
    output: Any = None
    comment: str = ""
    warnings: tuple[str, ...] = ()
    skipped_by: str | None = None
    reaction: Any = None
    attempts: int = 1
    duration_ms: float = 0.0
    source: Place = Place()


class Run(msgspec.Struct, frozen=True):
    """How all states of one peel ended."""

    result: str
    errors: tuple[Problem, ...]
    states: tuple[StateRow, ...]
    warnings: tuple[Problem, ...] = ()
    more_errors: int = 0


def read_run(value: Any) -> Run | None:
    """Give the run that a function answered; none if the answer has another form."""
    if not isinstance(value, dict) or not {"result", "errors", "states"} <= value.keys():
        return None
    try:
        return msgspec.convert(value, Run)
    except msgspec.ValidationError:
        return None
