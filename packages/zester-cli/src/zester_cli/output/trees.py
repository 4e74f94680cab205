"""What functions answer about a tree: its states as a table, its mistakes as lines."""

from typing import Any, cast

import msgspec

from zester_cli.output.columns import Cell, table
from zester_cli.output.runs import Place, Problem
from zester_cli.output.screen import Screen
from zester_cli.output.state_lines import problem_lines
from zester_proto.terminal import harmless_line


class _Requisite(msgspec.Struct, frozen=True):
    kind: str
    ids: tuple[str, ...] = ()


class _State(msgspec.Struct, frozen=True):
    id: str
    function: str
    name: str
    order: int | str | None
    requisites: tuple[_Requisite, ...]
    source: Place
    problem: str = ""


class _Shown(msgspec.Struct, frozen=True):
    errors: tuple[Problem, ...]
    states: tuple[_State, ...]
    more_errors: int = 0


class _Hidden(msgspec.Struct, frozen=True):
    file: str
    root: str
    by: str


class _Linted(msgspec.Struct, frozen=True):
    files: int
    errors: tuple[Problem, ...]
    hidden: tuple[_Hidden, ...]


def is_tree(value: Any) -> bool:
    """Say whether a value is what `state.show` or `state.lint` answer."""
    if not isinstance(value, dict):
        return False
    keys = set(cast("dict[Any, Any]", value))
    shown, linted = {"errors", "states"} <= keys, {"errors", "files", "hidden"} <= keys
    return (shown or linted) and "result" not in keys


def tree_lines(screen: Screen, value: Any) -> list[str] | None:
    """Give the lines of such a value; none if it has another form after all."""
    try:
        if "states" in value:
            return _shown(screen, msgspec.convert(value, _Shown))
        return _linted(msgspec.convert(value, _Linted))
    except msgspec.ValidationError:
        return None


def _shown(screen: Screen, shown: _Shown) -> list[str]:
    lines = [line for one in shown.errors for line in problem_lines("", one)]
    if shown.more_errors:
        lines.append(f"and {shown.more_errors} more")
    rows = [[Cell(harmless_line(text)) for text in _row(one)] for one in shown.states]
    if rows:
        lines += table(screen, ("ID", "FUNCTION", "NAME", "SOURCE", "REQUISITES"), rows)
    return lines or ["no states"]


def _row(one: _State) -> tuple[str, ...]:
    requisites = "; ".join(f"{it.kind} {', '.join(it.ids)}" for it in one.requisites)
    name = "" if one.name == one.id else one.name
    return one.id, one.function, name, str(one.source), one.problem or requisites


def _linted(found: _Linted) -> list[str]:
    lines = [line for one in found.errors for line in problem_lines("", one)]
    lines += [
        harmless_line(f"{one.file}: the one in {one.root} is hidden by {one.by}")
        for one in found.hidden
    ]
    count = len(found.errors)
    files = f"{found.files} file{'s' * (found.files != 1)}"
    return [*lines, f"{files}: {count or 'no'} error{'s' * (count != 1)}"]
