"""Runs of states on many peels, shown like a plan: together where peels agree."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from zester_cli.duration import shown_range
from zester_cli.output.names import fold
from zester_cli.output.runs import Run, StateRow
from zester_cli.output.screen import Screen, style_of
from zester_cli.output.state_lines import (
    Line,
    View,
    body,
    diff_lines,
    head,
    is_shown,
    problem_lines,
    said_lines,
)
from zester_cli.results import PeelResult
from zester_proto.terminal import harmless_line, width
from zester_proto.units import counted

_INDENT: Final = "    "
_VARIANTS: Final = 5
"""In so many ways may one state differ within a group; more are counted."""
_SLOWEST: Final = 5
_WORDS: Final = (
    ("ok", "ok"), ("changed", "changed"), ("would-change", "would change"), ("failed", "failed"),
    ("skipped", "skipped"),
)  # fmt: skip


class Member(NamedTuple):
    """One peel and its run."""

    id: str
    result: PeelResult
    run: Run


def run_lines(screen: Screen, members: Sequence[Member], view: View, jid: str) -> list[str]:
    """Give the lines that show all runs of a job: those that failed come last."""
    groups = _grouped(members)
    groups.sort(key=lambda group: not group[0].result.succeeded)
    lines: list[str] = []
    for group in groups:
        lines += [""] if lines else []
        lines += _group(screen, group, view, jid)
    if len(groups) > 1:
        lines += ["", f"in all, {counted(len(members), 'peel')}: {_counted(members)}"]
    return lines


def hidden_diffs(members: Sequence[Member], view: View) -> int:
    """Count the diffs that are there and not shown."""
    if view.diff or view.summary:
        return 0
    return sum(bool(row.diff) for one in members for row in one.run.states)


def _grouped(members: Sequence[Member]) -> list[list[Member]]:
    """Put peels together on which the same states ended in the same way."""
    same: dict[Any, list[Member]] = {}
    for one in members:
        rows = tuple(
            (row.id, row.function, row.result, row.certain, row.skipped_by, bool(row.warnings))
            for row in one.run.states
        )
        key = (one.result.outcome, one.result.late, one.run.errors, one.run.warnings, rows)
        same.setdefault(key, []).append(one)
    return list(same.values())


def _group(screen: Screen, group: list[Member], view: View, jid: str) -> list[str]:
    lines = [_head(screen, group)]
    inner: list[str] = []
    if not view.summary:
        inner += [*_problems(screen, group[0].run), *_states(screen, group, view, jid)]
    if view.slowest:
        inner += _slowest(group)
    inner.append(screen.style(_counted(group), "bold"))
    result = group[0].result
    if result.outcome != group[0].run.result and result.reason:
        inner.append(harmless_line(result.reason))
    return [*lines, *(f"{_INDENT}{line}".rstrip() for line in inner)]


def _head(screen: Screen, group: list[Member]) -> str:
    result, ids = group[0].result, [one.id for one in group]
    name = ids[0] if len(ids) == 1 else f"{len(ids)} peels: {fold(ids)}"
    outcome = f"{result.outcome} (late: {result.late})" if result.late else result.outcome
    seconds = [one.result.seconds for one in group]
    time = f" after {shown_range(min(seconds), max(seconds))} s" if max(seconds) > 0 else ""
    return (
        f"{screen.style(harmless_line(name), 'bold')}: "
        f"{screen.style(outcome, style_of(result.outcome))}{screen.style(time, 'dim')}"
    )


def _problems(screen: Screen, run: Run) -> Iterator[str]:
    for kind, style, found in (("error", "bad", run.errors), ("warning", "warning", run.warnings)):
        for one in found:
            first, *more = problem_lines(kind, one)
            yield screen.style(first, style)
            yield from more
    if run.more_errors:
        yield f"and {counted(run.more_errors, 'more error')}"


def _states(screen: Screen, group: list[Member], view: View, jid: str) -> Iterator[str]:
    places = [at for at, row in enumerate(group[0].run.states) if is_shown(row)]
    names = {at: _named([one.run.states[at] for one in group]) for at in places}
    widths = (
        max(map(width, names.values()), default=0),
        max((width(harmless_line(group[0].run.states[at].function)) for at in places), default=0),
    )
    for at in places:
        yield head(screen, group[0].run.states[at], names[at], widths)
        for line in _below(screen, group, at, view, jid):
            yield f"{_INDENT}{line}"


def _named(rows: list[StateRow]) -> str:
    """Give a state's id, and its name where that is another one and the same on all peels."""
    first = rows[0]
    differs = first.name in {"", first.id} or any(row.name != first.name for row in rows)
    return harmless_line(first.id if differs else f"{first.id} ({first.name})")


def _below(screen: Screen, group: list[Member], at: int, view: View, jid: str) -> Iterator[str]:
    """Give what stands below a state's line: what all peels share, then what differs."""
    rows = [one.run.states[at] for one in group]
    named = len({row.name for row in rows}) > 1
    said = [said_lines(row) for row in rows]
    bodies = [[*_name_line(row, named=named), *body(row)] for row in rows]
    diffs = [diff_lines(row) if view.diff else [] for row in rows]
    common = set(bodies[0]).intersection(*map(set, bodies))
    first, last = _agreed(said), _agreed(diffs)
    same: dict[tuple[Line, ...], list[str]] = {}
    for at_peel, one in enumerate(group):
        own: list[Line] = [] if first else said[at_peel]
        own = [*own, *(line for line in bodies[at_peel] if line not in common)]
        same.setdefault((*own, *([] if last else diffs[at_peel])), []).append(one.id)
    shared = [*first, *(line for line in bodies[0] if line in common)]
    yield from (screen.style(line.text, line.style) for line in shared)
    yield from _variants(screen, same, jid)
    yield from (screen.style(line.text, line.style) for line in last)


def _agreed(blocks: list[list[Line]]) -> list[Line]:
    """Give the lines that all peels have, as a whole; none if some differ."""
    return blocks[0] if all(block == blocks[0] for block in blocks) else []


def _name_line(row: StateRow, *, named: bool) -> list[Line]:
    return [Line("", harmless_line(row.name))] if named else []


def _variants(screen: Screen, same: dict[tuple[Line, ...], list[str]], jid: str) -> Iterator[str]:
    for lines, ids in list(same.items())[:_VARIANTS]:
        if not lines:
            continue
        styled = [screen.style(line.text, line.style) for line in lines]
        where = f"on {harmless_line(fold(ids))}:"
        if len(styled) == 1:
            yield f"{where} {styled[0]}"
        else:
            yield where
            yield from (f"  {line}" for line in styled)
    if len(same) > _VARIANTS:
        others = [peel for ids in list(same.values())[_VARIANTS:] for peel in ids]
        yield (
            f"… on {harmless_line(fold(others))} it is different again: "
            f"zester job show {jid} --peel ID"
        )


def _slowest(group: list[Member]) -> Iterator[str]:
    took: dict[tuple[str, str], float] = {}
    for row in (row for one in group for row in one.run.states):
        key = (row.id, row.function)
        took[key] = max(took.get(key, 0.0), row.duration_ms)
    if took:
        yield "slowest states:"
    for (name, function), spent in sorted(took.items(), key=lambda pair: -pair[1])[:_SLOWEST]:
        yield f"{_INDENT}{spent / 1000:8.3f} s  {harmless_line(f'{name}  {function}')}"


def _counted(members: Sequence[Member]) -> str:
    """Give the line that counts; of several peels all their states together."""
    errors = sum(len(one.run.errors) + one.run.more_errors for one in members)
    rows = [row for one in members for row in one.run.states]
    if errors and not rows:
        return f"{counted(errors, 'error')}, nothing ran"
    counts = Counter(row.result for row in rows)
    parts = [f"{counts[kind]} {text}" for kind, text in _WORDS if counts[kind]]
    unsure = sum(not row.certain for row in rows)
    parts += [f"{unsure} uncertain{_after(rows)}"] if unsure else []
    parts += [counted(errors, "error")] if errors else []
    return f"{counted(len(rows), 'state')}: {', '.join(parts) or 'nothing to do'}"


def _after(rows: list[StateRow]) -> str:
    """Name the commands that make states uncertain, whatever else does."""
    ids = sorted({one for row in rows for one in row.unsettled_by})
    return f" after {harmless_line(fold(ids))}" if ids else ""
