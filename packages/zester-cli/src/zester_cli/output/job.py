"""A job's results as a table: successes, then what went wrong, at the end who was silent."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from zester_cli.duration import shown_range, shown_seconds
from zester_cli.output.columns import Cell, table
from zester_cli.output.names import fold
from zester_cli.output.runs import read_run
from zester_cli.output.screen import Screen, style_of
from zester_cli.output.state_lines import ALL, View
from zester_cli.output.states import Member, run_lines
from zester_cli.output.trees import is_tree, tree_lines
from zester_cli.output.values import as_command, command_lines, flat, value_lines
from zester_cli.results import JobResult, PeelResult, hint_for, said_counts
from zester_proto.terminal import harmless, harmless_line, width

GROUP_ABOVE: Final = 20
"""Up to so many peels each has a line of its own; above, those that agree share one."""
_AGREE: Final = 3
_COLUMN: Final = 100
"""Letters of a value that still fits into a table's column."""
_INDENT: Final = "    "


class Group(NamedTuple):
    """Peels whose results agree but for the time they took."""

    ids: list[str]
    result: PeelResult
    """That of the first of them."""
    fastest: float
    slowest: float


def runs_of(job: JobResult) -> list[Member]:
    """Give the peels that answered with a run of states."""
    found = ((peel_id, one, read_run(one.value)) for peel_id, one in job.peels.items())
    return [Member(peel_id, one, run) for peel_id, one, run in found if run is not None]


def job_lines(screen: Screen, job: JobResult, view: View = ALL) -> list[str]:
    """Give the lines that show a job's results, runs of states before all else."""
    members = runs_of(job)
    if not members:
        return _result_lines(screen, job.peels, job.jid)
    ran = {one.id for one in members}
    rest = {peel_id: one for peel_id, one in job.peels.items() if peel_id not in ran}
    others = _result_lines(screen, rest, job.jid)
    lines = run_lines(screen, members, view, job.jid)
    return [*lines, "", *others] if others else lines


def _result_lines(screen: Screen, peels: dict[str, PeelResult], jid: str) -> list[str]:
    groups = grouped(peels)
    good = [one for one in groups if one.result.succeeded]
    bad = [one for one in groups if not one.result.succeeded]
    bad.sort(key=lambda one: one.result.silent)
    lines = _good_lines(screen, good, jid)
    for one in bad:
        lines += ["", *_block(screen, one, jid)] if lines else _block(screen, one, jid)
    return lines


def grouped(peels: dict[str, PeelResult]) -> list[Group]:
    """Put peels together whose results agree, if there are many of them."""
    trees = any(is_tree(one.value) for one in peels.values())
    if len(peels) <= GROUP_ABOVE and not trees:
        return [_group([(peel_id, one)]) for peel_id, one in peels.items()]
    agree = 1 if trees else _AGREE
    same: dict[Any, list[tuple[str, PeelResult]]] = {}
    for peel_id, one in peels.items():
        key = (one.outcome, one.error, one.hint, one.late, _content(one.value))
        same.setdefault(key, []).append((peel_id, one))
    return [
        group
        for members in same.values()
        for group in (
            [_group(members)] if len(members) >= agree else [_group([one]) for one in members]
        )
    ]


def _content(value: Any) -> Any:
    """Give something that is equal for equal values and can be looked up."""
    if isinstance(value, (dict, list)):
        from zester_proto.codec import pack_normal  # noqa: PLC0415  # only structures pay

        return pack_normal(value)
    return (type(value), value)


def _group(members: list[tuple[str, PeelResult]]) -> Group:
    seconds = [one.seconds for _, one in members]
    return Group([peel_id for peel_id, _ in members], members[0][1], min(seconds), max(seconds))


def _good_lines(screen: Screen, groups: list[Group], jid: str) -> list[str]:
    if not groups:
        return []
    columns = [_column(one.result) for one in groups]
    room = min(_COLUMN, screen.columns - 2)
    if any(text is None or width(text) > room for text in columns):
        lines: list[str] = []
        for one in groups:
            lines += _block(screen, one, jid)
        return lines
    rows = [
        (
            Cell(_name(one)),
            Cell(_outcome(one.result), style_of(one.result.outcome)),
            Cell(_seconds(one), "dim"),
            Cell(text or ""),
        )
        for one, text in zip(groups, columns, strict=True)
    ]
    return table(screen, ("PEEL", "OUTCOME", "SECONDS", "RETURN"), rows, right="SECONDS")


def _column(result: PeelResult) -> str | None:
    """Give a value that fits into one line of a table; none if it does not."""
    value, command = result.value, as_command(result.value)
    if command is not None:
        if command["stderr"] or command["exit_code"] or command.get("truncated"):
            return None
        value = command["stdout"].rstrip("\n")
    if isinstance(value, (dict, list)):
        return None if value else flat(value)
    if isinstance(value, str):
        return None if "\n" in value or len(value) > _COLUMN else harmless_line(value)
    return flat(value)


def _outcome(result: PeelResult) -> str:
    return f"{result.outcome} (late: {result.late})" if result.late else result.outcome


def _name(group: Group) -> str:
    if len(group.ids) == 1:
        return harmless_line(group.ids[0])
    return f"{len(group.ids)} peels: {harmless_line(fold(group.ids))}"


def _seconds(group: Group) -> str:
    return shown_range(group.fastest, group.slowest)


def _block(screen: Screen, group: Group, jid: str) -> list[str]:
    """Give a head line and what belongs below it."""
    result = group.result
    head = f"{screen.style(_name(group), 'bold')}: "
    head += screen.style(_outcome(result), style_of(result.outcome))
    if group.slowest > 0:
        head += screen.style(f" after {_seconds(group)} s", "dim")
    return [head, *(f"{_INDENT}{line}".rstrip() for line in _body(screen, group, jid))]


def _body(screen: Screen, group: Group, jid: str) -> Iterator[str]:
    result = group.result
    told = tree_lines(screen, result.value) if is_tree(result.value) else None
    if told:
        yield from told
        return
    command = as_command(result.value)
    rest = f"zester job show {jid} --peel {group.ids[0]} --output raw"
    if command is not None:
        yield from command_lines(command, rest)
        if command["exit_code"] and result.succeeded:
            yield f"exit code {command['exit_code']}"
    elif result.value is not None or result.succeeded:
        yield from value_lines(result.value, rest)
        if result.truncated:
            yield "… the value was too large: only its beginning and its end were kept"
    if result.reason:
        yield from harmless(result.reason).split("\n")
    hint = hint_for(result, group.ids[0], jid)
    if hint:
        yield f"→ {harmless_line(hint)}"


def summary(job: JobResult) -> str:
    """Give the one line that says how the job ended."""
    counts = job.counts()
    count = sum(counts.values())
    time = f" in {shown_seconds(job.seconds)}" if job.seconds else ""
    peels = f"{count} peel{'s' * (count != 1)}"
    return f"{peels}: {said_counts(counts) or 'none'}{time}; job {job.jid}"
