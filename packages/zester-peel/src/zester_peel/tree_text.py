"""What functions answer about a tree as text: its states in their order, its mistakes as lines."""

import json
from collections.abc import Iterator
from typing import Any, Final, cast

from zester_peel.states_text import Row, painted, place_of, problem_lines
from zester_proto.terminal import harmless

_LINTED: Final = {"files", "errors", "unread", "hidden"}
_SHOWN: Final = {"errors", "states"}
_REFUSED: Final = {"errors"}
_MORE: Final = {"more_errors"}
_RED: Final = "31"


def is_tree(value: Any) -> bool:
    """Say whether a value is what `state.lint` and `state.show` answer, or errors of a tree."""
    if not isinstance(value, dict):
        return False
    keys = set(cast("Row", value))
    return keys - _MORE in (_SHOWN, _REFUSED) or keys == _LINTED


def shown(value: Row, *, colour: bool = False) -> str:
    """Give such a value as text, and a last line that counts."""
    lines = _linted(value, colour=colour) if "files" in value else _states(value, colour=colour)
    return "\n".join(lines) + "\n"


def _linted(value: Row, *, colour: bool) -> Iterator[str]:
    errors: list[Row] = value["errors"]
    for one in errors:
        where = f"{place_of(one)}: " if one["file"] else ""
        hint = f" ({one['hint']})" if one["hint"] else ""
        yield painted(f"{where}error: {one['message']}{hint}", _RED if colour else "")
        lines = [*str(one.get("rendered", "")).splitlines(), *one.get("because", ())]
        yield from (painted(f"    {line}") for line in lines)
    for one in value["hidden"]:
        yield painted(f"{one['file']}: note: the one in {one['root']} is hidden by {one['by']}")
    for one in value["unread"]:
        yield painted(f"{one['folder']}: note: it is not read ({one['hint']})")
    yield f"{_count(int(value['files']), 'file')}: {_count(len(errors), 'error')}"


def _states(value: Row, *, colour: bool) -> Iterator[str]:
    yield from problem_lines(value, colour=colour)
    errors = len(value["errors"]) + int(value.get("more_errors", 0))
    states: list[Row] = value.get("states", [])
    for row in states:
        yield from _state(row, colour=colour)
    yield _count(errors, "error") if errors else _count(len(states), "state")


def _state(row: Row, *, colour: bool) -> Iterator[str]:
    named = "" if row["name"] == row["id"] else f" ({row['name']})"
    yield painted(f"{row['id']}{named}: {row['function']}")
    arguments = row["arguments"]
    if isinstance(arguments, dict):
        for key, one in cast("Row", arguments).items():
            yield from _argument(key, one)
    else:
        yield painted(f"    arguments: {arguments}")
    for one in row["requisites"]:
        yield painted(f"    {one['kind']}: {', '.join(one['ids'])}")
    wrong = row.get("problem") or ("there is no such state here" if row["unknown"] else "")
    if wrong:
        yield painted(f"    it will fail: {wrong}", _RED if colour else "")
    for one in row.get("warnings", ()):
        yield painted(f"    warning: {one}")
    yield painted(f"    at {place_of(row['source'])}")


def _argument(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, str) and "\n" in value.rstrip("\n"):
        yield painted(f"    {key}:")
        yield from (f"        {harmless(line)}" for line in value.rstrip("\n").split("\n"))
        return
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    yield painted(f"    {key}: {text}")


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'s' * (number != 1)}"
