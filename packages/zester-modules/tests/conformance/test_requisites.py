"""Salt's answers to small trees: what runs, in which order, and what comes of it.

`requisites.jsonl` holds them. Rows marked `odd` are accidents of how Salt is built; where ours is
another answer, `BETTER` says why, and docs/from-salt.md lists it.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from zester_modules.call import call
from zester_modules.context import Context
from zester_modules.registry import Registry
from zester_modules.states.resources_table import Resources
from zester_modules.states.session import Session
from zester_modules.states.trees import Trees, use
from zester_testing.plain_machine import PlainMachine

ROWS = {
    row["name"]: row
    for row in map(
        json.loads, Path(__file__).with_name("requisites.jsonl").read_text().splitlines()
    )
}

BETTER = {"yaml-anchor-on-arguments": "two states may share one list of arguments"}
"""Odd rows that ours answers otherwise."""

RESOURCES = Resources(third_parties=None)


def needs(row: dict[str, Any]) -> bool:
    """Say whether this host lacks a resource that the row needs."""
    text = "\n".join(row["files"].values())
    wanted = [name for name in ("file.managed", "file.append") if name in text]
    return any(RESOURCES.find(name) is None for name in wanted)


def applied(row: dict[str, Any], root: Path, tree: Path, tmp: Path) -> dict[str, Any]:
    for name, text in row["files"].items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("{{ROOT}}", str(root)))
    tmp.mkdir()
    context = Context(
        registry=Registry(), tmp=tmp, test=row["test"], machine=PlainMachine(), peel_id="host"
    )
    use(Trees(states={"base": (str(tree),)}, backups=str(tmp)), context)
    return Session(context).apply([row["entry"]])


def result_of(state: dict[str, Any]) -> bool | None:
    """Give what Salt would call a result."""
    if state["skipped_by"] == "require_failed":
        return False
    return {"failed": False, "would-change": None}.get(state["result"], True)


def keyed(states: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    ids = [state["id"] for state in states]
    return {
        one["id"]
        if ids.count(one["id"]) == 1
        else f"{one['id']}|{one['name']}|{one['function']}": one
        for one in states
    }


def differences(row: dict[str, Any], result: dict[str, Any], root: Path) -> list[str]:
    expect = row["expect"]
    files = {str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("*"))
             if path.is_file()}  # fmt: skip
    if expect.get("error") or result["result"] == "refused":
        refused = result["result"] == "refused"
        found = [f"refused: {[one['message'] for one in result['errors']]}"]
        return [] if bool(expect.get("error")) == refused and not (refused and files) else found
    found: list[str] = []
    ran = keyed([one for one in result["states"] if one["skipped_by"] != "failhard"])
    sequence = [key.replace("{{ROOT}}", str(root)) for key in expect["sequence"]]
    for key, wanted in expect["states"].items():
        state = ran.get(key.replace("{{ROOT}}", str(root)))
        if state is None:
            found.append(f"{key} is missing")
            continue
        ours = (
            result_of(state),
            state["changed"],
            state["skipped_by"] not in {None, "guard"},
        )
        salts = (wanted["result"], wanted["changed"], wanted["skipped_by_requisite"])
        if ours != salts:
            found.append(f"{key}: {ours} is not {salts}: {state['comment']}")
    if files != (expect.get("files") or {}):
        found.append(f"files: {files}")
    if list(ran) != sequence:
        found.append(f"sequence: {list(ran)}")
    return found


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if not needs(row)])
def test_ours_is_salts_answer(name: str, tmp_path: Path):
    root = tmp_path / "root"
    root.mkdir()
    row = ROWS[name]
    result = applied(row, root, tmp_path / "tree", tmp_path / "tmp")
    found = differences(row, result, root)
    if name in BETTER:
        assert row["odd"]
        assert found
    else:
        assert found == []


def test_every_exception_is_told_to_those_who_come_from_salt():
    page = (Path(__file__).parents[4] / "docs" / "from-salt.md").read_text()
    assert [name for name in BETTER if f"`{name}`" not in page] == []
    assert call("state.apply", registry=Registry()).outcome == "refused"
