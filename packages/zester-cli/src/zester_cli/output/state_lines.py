"""One state of a run, and what is wrong with a tree, as lines."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final, NamedTuple, cast

from zester_cli.output.runs import Problem, StateRow
from zester_cli.output.screen import Screen
from zester_cli.output.values import as_command, command_lines, flat, value_lines
from zester_proto.terminal import harmless, harmless_line, padded, tabs_out

_MARKS: Final = {"+": "good", "-": "bad", "@": "dim"}
_MOST: Final = 500
"""Lines of one diff or output that are shown."""
_SIGNS: Final = {"changed": "+", "would-change": "~", "failed": "!", "skipped": "-"}
_STYLES: Final = {"changed": "changed", "would-change": "changed", "failed": "bad",
                  "skipped": "dim"}  # fmt: skip
_INDENT: Final = "    "
_DIGEST: Final = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")


class Line(NamedTuple):
    """A harmless line and its style."""

    style: str
    text: str


class View(NamedTuple):
    """How much of a run is shown."""

    summary: bool = False
    """Only the counts."""
    diff: bool = False
    slowest: bool = False
    """Also which states took longest."""


ALL: Final = View()
"""All but diffs and times."""


def is_shown(row: StateRow) -> bool:
    """Say whether a state has more to tell than that it is as it should be.

    That a command before it may change that is told once, below all states.
    """
    unsure = not row.certain and (bool(row.changes) or not row.unsettled_by)
    return row.result != "ok" or unsure or bool(row.warnings)


def head(screen: Screen, row: StateRow, named: str, widths: tuple[int, int]) -> str:
    """Give the line of a state."""
    function = padded(harmless_line(row.function), widths[1])
    text = f"{_SIGNS.get(row.result, ' ')} {padded(named, widths[0])}  {function}  "
    text += harmless_line(row.result)
    if row.skipped_by:
        text += f" ({harmless_line(row.skipped_by)})"
    if not row.certain:
        text += " (uncertain)"
    return screen.style(text, _STYLES.get(row.result, ""))


def diff_lines(row: StateRow) -> list[Line]:
    """Give the lines of a state's diff, without a head that only repeats the state's name."""
    lines = list(_text(row.diff))
    if len(lines) > 1 and lines[1] == f"+++ {harmless(row.name)}":
        lines = lines[2:]
    return [Line(_MARKS.get(line[:1], ""), line) for line in lines]


def body(row: StateRow) -> list[Line]:
    """Give the lines below a state's own, but for what it said and its diff."""
    lines = [Line("", _change(path, leaf, row)) for path, leaf in row.changes.items()]
    if not row.certain and not row.changes and not row.unsettled_by:
        lines.append(Line("", "it may be otherwise when the states before it have run"))
    if row.reaction:
        lines.append(Line("dim", "because of what it watches"))
    if row.attempts > 1:
        lines.append(Line("dim", f"after {row.attempts} attempts"))
    lines += [
        Line("warning", f"warning: {harmless_line(f'{row.source}: {one}')}") for one in row.warnings
    ]
    return lines


def said_lines(row: StateRow) -> list[Line]:
    """Give what a state that failed or was skipped said, and its command wrote."""
    return [Line("", line) for line in _told(row)]


def _told(row: StateRow) -> Iterator[str]:
    if row.result not in {"failed", "skipped"}:
        return
    yield from _text(row.comment)
    if row.result == "failed":
        yield from _output(row.output)
        if str(row.source):
            # a line is missing where it stands in no file, but was typed
            yield f"{'at' if row.source.line else 'given:'} {harmless_line(str(row.source))}"


def _output(value: Any) -> Iterator[str]:
    command = as_command(value)
    if command is not None:
        lines = command_lines(command, "--output json")
    else:
        lines = [] if value in (None, "", {}) else value_lines(value, "--output json")
    yield from _cut(f"| {line}" for line in lines)


def _text(text: str) -> Iterator[str]:
    return _cut(tabs_out(line) for line in harmless(text).splitlines())


def _cut(lines: Iterable[str]) -> Iterator[str]:
    found = iter(lines)
    yield from islice(found, _MOST)
    if next(found, None) is not None:
        yield "… there is more, all of it by --output json"


def _change(path: str, leaf: Any, row: StateRow) -> str:
    """Give the line of a leaf, without the name of its state, which stands above already."""
    if path == row.name:
        return _leaf(leaf)
    shorter = path.removeprefix(f"{row.name}:") if row.name else path
    return f"{harmless_line(shorter or path)}: {_leaf(leaf)}"


def _leaf(leaf: Any) -> str:
    if not isinstance(leaf, dict):
        return flat(leaf)
    sides = cast("dict[str, Any]", leaf)
    before = sides.get("before")
    after = _side(sides if sides.get("unknown") else sides.get("after"))
    return after if before is None else f"{_side(before)} → {after}"


def _side(value: Any) -> str:
    if isinstance(value, dict) and cast("dict[str, Any]", value).get("unknown"):
        because = cast("dict[str, Any]", value).get("because")
        ids = [str(one) for one in cast("list[Any]", because)] if isinstance(because, list) else []
        return harmless_line(f"unknown until {', '.join(ids)} ran") if ids else "unknown beforehand"
    return "(none)" if value is None else _DIGEST.sub(r"\1…", flat(value))


def problem_lines(kind: str, problem: Problem) -> Iterator[str]:
    """Give the lines of an error or warning: where, what, and what to do about it.

    Args:
        kind: a word before it, such as `error`; may be empty.
        problem: the error.
    """
    words = (kind, str(problem), problem.message)
    text = ": ".join(word for word in words if word)
    yield harmless_line(f"{text} ({problem.hint})" if problem.hint else text)
    for line in (*problem.rendered.splitlines(), *problem.because):
        yield f"{_INDENT}{harmless_line(line)}"
