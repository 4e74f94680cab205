"""Salt's answers (salt 3008.5), row by row; docs/targeting.md lists the rows that differ."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from zester_proto.target import TargetError
from zester_proto.target.offline import answer, read_fleet, read_groups

FOLDER = Path(__file__).parents[1] / "conformance"
PAGE = Path(__file__).parents[4] / "docs" / "targeting.md"
ROWS: list[dict[str, Any]] = [
    json.loads(line) for line in (FOLDER / "targeting.jsonl").read_text().splitlines()
]
FLEET = list(read_fleet((FOLDER / "fleet.jsonl").read_text().splitlines(), "fleet.jsonl"))
GROUPS = read_groups((FOLDER / "groups.json").read_text(), "groups.json")


def is_error_here(row: dict[str, Any]) -> bool:
    """What Salt cannot evaluate, and what is malformed, ends in an error; an id is an id."""
    return bool(row.get("salt_error")) or (
        row["kind"] == "malformed" and row["expr"] != "not-a-host"
    )


def our_answer(expression: str) -> list[str] | str:
    try:
        return list(answer(expression, FLEET, GROUPS).ids)
    except TargetError:
        return "error"


def differing() -> set[str]:
    """The expressions for which we do not answer as the rows say."""
    found: set[str] = set()
    for row in ROWS:
        wanted = "error" if is_error_here(row) else row["ids"]
        if our_answer(row["expr"]) != wanted:
            found.add(row["expr"])
    return found


def listed_exceptions() -> set[str]:
    section = PAGE.read_text().partition("\n## Where Salt answers otherwise\n")[2]
    return set(re.findall(r"^\| `(.+?)` \|", section.partition("\n## ")[0], re.MULTILINE))


@pytest.mark.parametrize("row", ROWS, ids=[row["expr"] for row in ROWS])
def test_we_answer_as_salt_does_or_say_why_not(row: dict[str, Any]):
    ours = our_answer(row["expr"])

    if row["expr"] in listed_exceptions():
        assert row.get("odd"), "only an accident of Salt's may be answered otherwise"
    elif is_error_here(row):
        assert ours == "error"
    else:
        assert ours == row["ids"]


def test_the_page_lists_the_exceptions_and_no_others():
    assert listed_exceptions() & {row["expr"] for row in ROWS} == differing()
