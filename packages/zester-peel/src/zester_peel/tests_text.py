"""The tests of a state tree as text: a line each, and below it what is wrong."""

from collections.abc import Iterator
from typing import Any, cast

Row = dict[str, Any]


def is_tests(value: Any) -> bool:
    """Say whether a function's answer is that of `state.test`."""
    return isinstance(value, dict) and {"tests", "failed"} == cast("Row", value).keys()


def shown(result: Row, *, colour: bool = False) -> str:
    """Give the tests as text, and a line that counts."""
    rows: list[Row] = result["tests"]
    lines = [line for row in rows for line in _test(row, colour=colour)]
    count = f"{len(rows)} test{'s' * (len(rows) != 1)}"
    failed = int(result["failed"])
    on_root = sum(bool(row["host"]) for row in rows)
    more = f"; {on_root} on a root, too" if on_root else ""
    lines.append(f"{count}: {f'{failed} failed' if failed else 'ok'}{more}")
    return "\n".join(lines) + "\n"


def _test(row: Row, *, colour: bool) -> Iterator[str]:
    failed = row["result"] == "failed"
    word = "FAIL" if failed else "ok  "
    if colour:
        word = f"\x1b[{31 if failed else 32}m{word}\x1b[0m"
    name = f": {row['name']}" if row["name"] else ""
    yield f"{word} {row['file']}:{row['line']}{name}"
    for problem in row["problems"]:
        yield from (f"     {line}" for line in str(problem).splitlines())
