"""What Salt made of 83 trees: which it refused, and in which order it ran the others."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from zester_testing.state_tree import StateTree

ROWS: Final[list[dict[str, Any]]] = [
    json.loads(line)
    for line in (Path(__file__).parent / "requisites.jsonl").read_text().splitlines()
]
BETTER: Final = {"yaml-anchor-on-arguments"}
"""Odd rows that Salt refuses and we run; docs/from-salt.md says so."""


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_a_tree_is_refused_or_ordered_as_by_salt(row: dict[str, Any], tmp_path: Path):
    files = {name: text.replace("{{ROOT}}", "/R") for name, text in row["files"].items()}
    compiled = StateTree(tmp_path, files).compile(row["entry"])
    expect = row["expect"]
    if row["name"] in BETTER:
        assert row["odd"]
        assert compiled.errors == ()
        return
    assert bool(compiled.errors) == bool(expect.get("error")), compiled.errors
    if compiled.errors:
        assert all(one.message for one in compiled.errors)
        return
    ids = [one.id for one in compiled.states]
    order = [
        one.id if ids.count(one.id) == 1 else f"{one.id}|{one.name}|{one.state}.{one.function}"
        for one in compiled.states
    ]
    ran = {
        key.replace("{{ROOT}}", "/R")
        for key, state in expect["states"].items()
        if not key.startswith("listener_") and not _failed_in_a_trial(row, key, state)
    }
    sequence = [key.replace("{{ROOT}}", "/R") for key in expect["sequence"]]
    assert [key for key in order if key in ran] == [key for key in sequence if key in ran]
    assert ran | set(expect.get("absent", ())) <= set(order)


def _failed_in_a_trial(row: dict[str, Any], key: str, state: dict[str, Any]) -> bool:
    """The trial run for a `prereq` is Salt's answer for a target whose own requisite failed."""
    text = "\n".join(row["files"].values())
    return "prereq" in text and state["reason"] == "require_failed" and bool(key)
