"""The result of a run of states as text, like a plan."""

from collections.abc import Iterator
from typing import Any, Final, cast

from zester_proto.terminal import harmless, harmless_line

Row = dict[str, Any]

_SIGNS: Final = {"ok": " ", "changed": "+", "would-change": "~", "failed": "!", "skipped": "-"}
_COLOURS: Final = {"changed": "33", "would-change": "33", "failed": "31", "skipped": "2"}
_WIDTH: Final = 200
_PLURALS: Final = (
    ("ok", "ok"), ("changed", "changed"), ("would-change", "would change"), ("failed", "failed"),
    ("skipped", "skipped"),
)  # fmt: skip


def is_result(value: Any) -> bool:
    """Say whether a function's answer is the result of a run of states."""
    return isinstance(value, dict) and {"result", "errors", "states"} <= value.keys()


def shown(result: Row, *, colour: bool = False) -> str:
    """Give a result as text: each state with what changes, then a line that counts."""
    lines = [*problem_lines(result, colour=colour)]
    for row in result["states"]:
        lines += _state(row, colour=colour)
    lines.append(_summary(result))
    return "\n".join(lines) + "\n"


def problem_lines(result: Row, *, colour: bool) -> Iterator[str]:
    """Give the errors and warnings of a tree, each with its place and what to do."""
    for kind, code in (("errors", "31"), ("warnings", "33")):
        for one in result.get(kind, ()):
            name = kind.removesuffix("s")
            where = f"{place_of(one)}: " if one["file"] else ""
            yield painted(f"{name}: {where}{one['message']}", code if colour else "")
            lines = [*str(one.get("rendered", "")).splitlines(), *one.get("because", ())]
            yield from (painted(f"    {line}") for line in lines)
            if one["hint"]:
                yield painted(f"    {one['hint']}")
    if result.get("more_errors"):
        yield f"and {result['more_errors']} more errors"


def place_of(one: Row) -> str:
    """Give where something stands: `file:line:column`, as much of it as is known."""
    parts = [one["file"], one.get("line"), one.get("column")]
    return ":".join(str(part) for part in parts if part is not None)


def _state(row: Row, *, colour: bool) -> Iterator[str]:
    kind = str(row["result"])
    doubt = "" if row["certain"] else " (uncertain)"
    named = "" if row["name"] == row["id"] else f" ({row['name']})"
    code = _COLOURS.get(kind, "") if colour else ""
    yield painted(f"{_SIGNS[kind]} {row['id']}{named}: {row['function']}{doubt}", code)
    if kind in {"failed", "skipped"}:
        yield from (painted(f"    {line}") for line in str(row["comment"]).splitlines())
        where = place_of(row["source"])
        if kind == "failed" and where:
            # a line is missing where it stands in no file, but was typed
            yield painted(f"    at {where}" if row["source"]["line"] else f"    given: {where}")
    for path, leaf in row["changes"].items():
        yield f"    {harmless_line(path)}: {harmless(_leaf(leaf))}"
    yield from (f"    {_diff_line(line, colour=colour)}" for line in row["diff"].splitlines())
    where = place_of(row["source"])
    for warning in row["warnings"]:
        yield painted(f"    warning: {where}: {warning}", "33" if colour else "")
    if row["attempts"] > 1:
        yield f"    after {row['attempts']} attempts"


def _leaf(leaf: Row) -> str:
    if leaf.get("unknown"):
        because = ", ".join(leaf["because"])
        return f"unknown until {because} ran" if because else "unknown beforehand"
    before, after = _value(leaf["before"]), _value(leaf["after"])
    return after if leaf["before"] is None else f"{before} → {after}"


def _value(value: Any) -> str:
    if isinstance(value, dict) and "unknown" in value:
        return "unknown beforehand"
    text = "(none)" if value is None else str(cast("object", value))
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."


def _diff_line(line: str, *, colour: bool) -> str:
    code = {"+": "32", "-": "31", "@": "36"}.get(line[:1], "") if colour else ""
    return _coloured(harmless(line), code)


def painted(text: str, code: str = "") -> str:
    """Give one line; what names and files hold does not make more of it, or colours of its own."""
    return _coloured(harmless_line(text), code)


def _coloured(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if code else text


def _summary(result: Row) -> str:
    if result["result"] == "refused":
        count = len(result["errors"]) + int(result.get("more_errors", 0))
        return f"refused: {count} error{'s' * (count != 1)}, nothing ran"
    states = result["states"]
    counts = {kind: sum(row["result"] == kind for row in states) for kind, _ in _PLURALS}
    parts = [f"{counts[kind]} {text}" for kind, text in _PLURALS if counts[kind]]
    unsure = sum(not row["certain"] for row in states)
    seconds = sum(float(row["duration_ms"]) for row in states) / 1000
    after = ", ".join(sorted({one for row in states for one in row["unsettled_by"]}))
    doubt = f"; {unsure} uncertain{f' after {after}' if after else ''}" if unsure else ""
    total = f"{len(states)} state{'s' * (len(states) != 1)}"
    return f"{total}: {', '.join(parts) or 'nothing to do'}{doubt}; {seconds:.2f} s"
