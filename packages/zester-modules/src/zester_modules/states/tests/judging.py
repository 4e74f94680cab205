"""What came out, held against what had to."""

import difflib
from collections.abc import Iterator
from typing import Any

from zester_modules.host.machine import HostProblem, Machine, Unknowable
from zester_modules.states.tests.form import Contents, StateWish, Wish
from zester_proto.units import did_you_mean

Row = dict[str, Any]


def judge(wish: Wish, result: Row, machine: Machine) -> Iterator[str]:
    """Give everything in which a run is not as it had to be; a text may have several lines.

    Args:
        wish: what had to come out.
        result: of the run (states.md 7).
        machine: as it is afterwards, or would be.
    """
    yield from _errors(wish, result)
    if result["errors"]:
        return
    rows = {str(one["id"]): one for one in result["states"]}
    if wish.result is None and result["result"] == "failed":
        for one in result["states"]:
            if one["result"] == "failed" and one["id"] not in wish.states:
                yield f"{one['id']} fails: {one['comment']} (at {_place(one)})"
    elif wish.result is not None and result["result"] != wish.result:
        yield f"the result has to be {wish.result}, and is {result['result']}"
        yield from (f"{one['id']}: {one['comment']}" for one in rows.values() if _is_bad(one))
    for name, state in wish.states.items():
        if name in rows:
            yield from _state(name, state, rows[name])
        else:
            yield _absent(name, rows)
    yield from (f"the state {one} must not be there" for one in wish.missing if one in rows)
    if wish.only:
        more = [name for name in rows if name not in wish.states]
        yield from (f"the state {name} ({rows[name]['function']}) is more" for name in more)
    yield from _order(wish.order, rows)
    for path, contents in wish.files.items():
        yield from _file(path, contents, machine)


def _is_bad(row: Row) -> bool:
    return row["result"] == "failed"


def _place(row: Row) -> str:
    return f"{row['source']['file']}:{row['source']['line']}"


def _absent(name: str, rows: dict[str, Row]) -> str:
    near = did_you_mean(name, rows)
    known = near or f"there are: {', '.join(rows) or 'none'}"
    return f"there is no state {name} in the plan; {known}"


def _errors(wish: Wish, result: Row) -> Iterator[str]:
    left = [_error(one) for one in result["errors"]]
    for text in wish.errors:
        found = next((one for one in left if text in one), None)
        if found is None:
            yield f"no error says: {text}"
        else:
            left.remove(found)
    if wish.errors or wish.result != "refused":
        yield from (f"error: {one}" for one in left)
    elif not result["errors"]:
        yield f"the tree has to be refused, and the result is {result['result']}"


def _error(one: Row) -> str:
    where = f"{one['file']}:{one['line']}: " if one["file"] else ""
    return where + one["message"] + (f" ({one['hint']})" if one["hint"] else "")


def _state(name: str, wish: StateWish, row: Row) -> Iterator[str]:
    words = ("result", "function", "name", "certain", "skipped_by")
    for word in words:
        wanted = getattr(wish, word)
        if wanted not in {None, ""} and row[word] != wanted:
            why = f": {row['comment']}" if word == "result" and row["comment"] else ""
            yield f"{name}: {word} has to be {wanted}, and is {row[word]} (at {_place(row)}){why}"
    if wish.comment not in row["comment"]:
        yield f"{name}: its comment lacks {wish.comment!r}: {row['comment']}"
    for path, after in wish.changes.items():
        leaf = row["changes"].get(path)
        if leaf is None:
            near = did_you_mean(path, row["changes"])
            known = near or f"it changes: {', '.join(row['changes']) or 'nothing'}"
            yield f"{name}: {path} does not change; {known}"
        elif leaf.get("unknown"):
            yield f"{name}: {path} is unknown beforehand, and has to be {after!r}"
        elif not _is(leaf["after"], after):
            yield f"{name}: {path} has to become {after!r}, and becomes {leaf['after']!r}"


def _is(value: Any, wanted: Any) -> bool:
    return value == wanted or (_is_word(value) and _is_word(wanted) and str(value) == str(wanted))


def _is_word(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _order(order: list[str], rows: dict[str, Row]) -> Iterator[str]:
    for name in order:
        if name not in rows:
            yield _absent(name, rows)
    there = [name for name in rows if name in order]
    wanted = [name for name in order if name in rows]
    if there != wanted:
        yield f"they have to run as {', '.join(wanted)}, and run as {', '.join(there)}"


def _file(path: str, wish: Contents, machine: Machine) -> Iterator[str]:
    try:
        data = machine.read(path)
    except Unknowable as unknown:
        yield f"what is in {path} is unknown before {', '.join(unknown.because)} ran"
        return
    except HostProblem as problem:
        yield f"{path}: {problem.message}"
        return
    if data is None:
        if not wish.absent:
            yield f"there is no file {path}"
        return
    if wish.absent:
        yield f"there is a file {path}"
        return
    text = data.decode("utf-8", "replace")
    if wish.text is not None and text.rstrip("\n") != wish.text.rstrip("\n"):
        yield f"{path} is not what it has to be:\n{difference(wish.text, text)}"
    for one in wish.has:
        if one not in text:
            yield f"{path} lacks {one!r}:\n{_shown(text)}"
    yield from (f"{path} has {one!r}" for one in wish.lacks if one in text)


def difference(wanted: str, found: str) -> str:
    """Give a unified diff from what had to be to what is."""
    lines = difflib.unified_diff(
        wanted.splitlines(), found.splitlines(), "expected", "found", lineterm=""
    )
    return "\n".join(lines)


def _shown(text: str) -> str:
    lines = text.splitlines()
    more = [f"[... {len(lines) - 20} lines more ...]"] if len(lines) > 20 else []
    return "\n".join(f"  {one}" for one in (*lines[:20], *more))
