"""A dry run and a run of states as an operator sees them, on a fleet of real processes."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from zester_testing.fleet import Done, Fleet, eventually

TREE = """\
site:
  file.directory:
    - name: {folder}/{{{{ facts.id }}}}

page:
  file.managed:
    - name: {folder}/{{{{ facts.id }}}}/index.html
    - contents: hello from {{{{ facts.id }}}}
    - require:
        - file: site

all:
  test.nop: []
"""


@pytest.fixture(scope="module")
def pages(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the states of the tree write; the tree is published."""
    folder = tmp_path_factory.mktemp("pages")
    states = fleet.folder / "states"
    states.mkdir(exist_ok=True)
    (states / "web.zy").write_text(TREE.format(folder=folder))
    (states / "broken.zy").write_text("a:\n  file.absent:\n    - nname: /nowhere\n")
    eventually(lambda: is_published(fleet), "the tree is published")
    return folder


def is_published(fleet: Fleet) -> bool:
    done = fleet.zester("tree", "status", "--output", "json")
    head: dict[str, Any] = done.json["published"] or {"environments": {}}
    base: dict[str, Any] = head["environments"].get("base") or {}
    return done.code == 0 and base.get("files") == 2


def lines(done: Done) -> list[str]:
    return [line.strip() for line in done.out.splitlines()]


def test_a_dry_run_then_a_run_then_nothing(fleet: Fleet, pages: Path) -> None:
    for one in pages.iterdir():
        shutil.rmtree(one)
    dry = fleet.zester("*", "state.apply", "web", "test=True", "--diff", "--detailed-exit")
    untouched = list(pages.iterdir())
    ran = fleet.zester("*", "state.apply", "web")
    again = fleet.zester("*", "state.apply", "web", "--test", "--detailed-exit")

    assert dry.code == 7
    assert untouched == []
    assert dry.out.startswith("3 peels: peel-[1-3]: would-change after ")
    assert "~ page  file.managed    would-change" in lines(dry)
    assert [f"+hello from peel-{n}" in lines(dry) for n in (1, 2, 3)] == [True] * 3
    assert "9 states: 3 ok, 6 would change" in lines(dry)

    assert ran.code == 0
    assert "+ site  file.directory  changed" in lines(ran)
    assert "9 states: 3 ok, 6 changed" in lines(ran)
    assert "hello from" not in ran.out
    assert "3 diffs are not shown; --diff shows them" in ran.err
    assert (pages / "peel-2" / "index.html").read_text().strip() == "hello from peel-2"

    assert again.code == 0
    assert lines(again)[1:] == ["9 states: 9 ok"]


def test_a_job_that_is_over_is_shown_the_same_way(fleet: Fleet, pages: Path) -> None:
    fleet.zester("*", "state.apply", "web")
    (pages / "peel-3" / "index.html").write_text("other\n")
    done = fleet.zester("*", "state.apply", "web", "test=True", "--output", "json")
    jid = json.loads(done.out)["jid"]

    text = fleet.zester("job", "show", jid, "--diff", "--slowest")
    counts = fleet.zester("job", "show", jid, "--summary")

    assert "2 peels: peel-[1-2]: ok after" in text.out
    assert "peel-3: would-change after" in text.out
    assert {"-other", "+hello from peel-3", "slowest states:"} <= set(lines(text))
    assert "in all, 3 peels: 9 states: 8 ok, 1 would change" in lines(counts)
    assert "page" not in counts.out


def test_mistakes_and_tables_of_a_tree_are_readable(fleet: Fleet, pages: Path) -> None:
    assert pages.is_dir()
    refused = fleet.zester("*", "state.apply", "broken")
    lint = fleet.zester("*", "state.lint", "broken")
    shown = fleet.zester("peel-1", "state.show", "web")
    graph = fleet.zester("peel-1", "state.graph", "web")

    assert refused.code == 1
    assert refused.out.startswith("3 peels: peel-[1-3]: refused")
    assert any(line.startswith("error: broken.zy:3:") for line in lines(refused))
    assert "3 errors, nothing ran" in lines(refused)
    assert any(line.startswith("broken.zy:3:") for line in lines(lint))
    assert lines(shown)[1].split() == ["ID", "FUNCTION", "NAME", "SOURCE", "REQUISITES"]
    assert len(lines(shown)) == 5
    assert graph.code == 0
    assert "page" in graph.out
