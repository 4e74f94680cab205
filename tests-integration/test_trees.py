"""State trees from a master's folder to runs on every peel, on a fleet of real processes."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from zester_testing.fleet import Fleet, eventually

NOTE = "{note}:\n  cmd.run:\n    - name: echo {{{{ facts.id }}}} {word} >> {path}\n"


@pytest.fixture
def states(fleet: Fleet) -> Path:
    folder = fleet.folder / "states"
    folder.mkdir(exist_ok=True)
    return folder


def published(fleet: Fleet) -> dict[str, object]:
    return fleet.zester("tree", "status", "--output", "json").json["published"] or {}


def until_published(fleet: Fleet, change: Callable[[], object]) -> None:
    """Make a change of the folder and wait until a master has published it."""
    before = published(fleet).get("generation")
    change()
    eventually(lambda: published(fleet).get("generation") != before, "the trees are published")


def applied(fleet: Fleet, *words: str) -> dict[str, dict[str, object]]:
    done = fleet.zester("*", "state.apply", *words, "--output", "json")
    return {peel: {"code": done.code, **one} for peel, one in json.loads(done.out)["peels"].items()}


def test_an_edit_reaches_every_peel_in_the_next_run(fleet: Fleet, states: Path, tmp_path: Path):
    marks = tmp_path / "marks"
    text = NOTE.format(note="note", word="one", path=marks)
    until_published(fleet, lambda: (states / "note.zy").write_text(text))

    first = applied(fleet, "note")
    until_published(fleet, lambda: (states / "note.zy").write_text(text.replace("one", "two")))
    applied(fleet, "note")

    assert {one["outcome"] for one in first.values()} == {"changed"}
    assert sorted(marks.read_text().splitlines()) == sorted(
        f"peel-{n} {word}" for n in (1, 2, 3) for word in ("one", "two")
    )


HELD = """\
held:
  cmd.run:
    - name: "touch MARK-{{ facts.id }}; until test -e GO; do sleep 0.05; done"
    - timeout: 60
copied:
  file.managed:
    - name: OUT-{{ facts.id }}
    - source: zester://word
"""


def test_a_run_keeps_its_revision_while_a_newer_one_is_published(
    fleet: Fleet, states: Path, tmp_path: Path
):
    text = HELD.replace("MARK", f"{tmp_path}/mark").replace("GO", f"{tmp_path}/go")

    def write(word: str) -> None:
        (states / "word").write_text(word)
        (states / "held.zy").write_text(text.replace("OUT", f"{tmp_path}/out"))

    until_published(fleet, lambda: write("old"))
    with ThreadPoolExecutor() as pool:
        running = pool.submit(applied, fleet, "held")
        try:
            eventually(lambda: len(list(tmp_path.glob("mark-*"))) == 3, "it runs on every peel")
            until_published(fleet, lambda: write("new"))
        finally:
            (tmp_path / "go").touch()
        found = running.result()
    assert {one["outcome"] for one in found.values()} == {"changed"}
    assert {one.read_text() for one in tmp_path.glob("out-*")} == {"old"}

    applied(fleet, "held")
    assert {one.read_text() for one in tmp_path.glob("out-*")} == {"new"}


def test_a_dry_run_changes_nothing(fleet: Fleet, states: Path, tmp_path: Path):
    marks = tmp_path / "marks"
    text = NOTE.format(note="dry", word="x", path=marks)
    until_published(fleet, lambda: (states / "dry.zy").write_text(text))

    found = applied(fleet, "dry", "test=True")

    assert {one["outcome"] for one in found.values()} == {"would-change"}
    assert not marks.exists()


def test_code_in_a_published_tree_is_off_until_the_peel_says_so(fleet: Fleet, states: Path):
    code = (
        "from zester_modules.registry import Context, function\n\n"
        "@function('site.word', reads=True)\n"
        "def word(context: Context) -> str:\n    return 'signed'\n"
    )
    (states / "_modules").mkdir(exist_ok=True)
    until_published(fleet, lambda: (states / "_modules" / "site.py").write_text(code))

    def off() -> bool:
        found = json.loads(fleet.zester("*", "site.word", "--output", "json").out)["peels"]
        assert {one["outcome"] for one in found.values()} == {"refused"}
        said = "code in _modules/ of a tree is off, and `tree_modules: true` in the peel's conf"
        return all(said in one["error"] for one in found.values())

    eventually(off, "every peel has the tree, and says what is off")


def test_a_broken_tree_is_told_and_the_last_good_one_stays(
    fleet: Fleet, states: Path, tmp_path: Path
):
    text = NOTE.format(note="good", word="x", path=tmp_path / "marks")
    until_published(fleet, lambda: (states / "good.zy").write_text(text))
    before = published(fleet)

    (states / "broken.zy").write_text("a:\n  test.nop: []\n{% if %}\n")
    try:
        eventually(
            lambda: fleet.zester("tree", "status", "--output", "json").json["problems"],
            "the master sees the mistake",
        )
        status = fleet.zester("tree", "status")
        found = applied(fleet, "good")
    finally:
        (states / "broken.zy").unlink()

    assert status.code == 1
    assert "broken.zy:3" in status.out
    assert published(fleet) == before
    assert {one["outcome"] for one in found.values()} == {"changed"}


def test_a_large_file_is_fetched_when_a_state_needs_it_and_not_before(
    fleet: Fleet, states: Path, tmp_path: Path
):
    marks = tmp_path / "marks"
    script = f"#!/bin/sh\necho ran >> {marks}\nexit 0\n" + "# padding\n" * 40_000
    text = "large:\n  cmd.script:\n    - source: zester://large.sh\n"
    until_published(fleet, lambda: (states / "large.sh").write_text(script))
    until_published(fleet, lambda: (states / "large.zy").write_text(text))
    kept = fleet.folder / "peels" / "peel-1" / "state" / "trees" / "revisions"
    applied(fleet, "large", "test=True")

    applied(fleet, "large")

    assert marks.read_text().splitlines() == ["ran"] * 3
    assert [one.read_text() == script for one in kept.glob("*/base/large.sh")] == [True]


def test_links_and_empty_folders_reach_the_peels_and_nobody_follows_them(
    fleet: Fleet, states: Path, tmp_path: Path
):
    text = (
        "{% set top = '" + str(tmp_path) + "/' ~ facts.id %}\n"
        "plain:\n  file.recurse:\n    - name: {{ top }}/plain\n    - source: salt://site/in\n"
        "kept:\n  file.recurse:\n    - name: {{ top }}/kept\n    - source: salt://site\n"
        "    - keep_symlinks: true\n    - include_empty: true\n"
        "    - require: [{file: {{ top }}}]\n"
        "{{ top }}:\n  file.directory: []\n"
    )

    def change() -> None:
        (states / "site" / "in" / "real").mkdir(parents=True)
        (states / "site" / "in" / "real" / "file").write_text("text")
        (states / "site" / "in" / "linked").symlink_to("real")
        (states / "site" / "enabled").symlink_to("/etc/nginx/available")
        (states / "site" / "secret").symlink_to(fleet.folder / "operator.yaml")
        (states / "site" / "cache").mkdir()
        (states / "site" / "links.sls").write_text(text)

    until_published(fleet, change)
    dry = applied(fleet, "site.links", "test=True")
    done = applied(fleet, "site.links")
    again = applied(fleet, "site.links")

    assert {one["outcome"] for one in dry.values()} == {"would-change"}
    assert {one["outcome"] for one in done.values()} == {"changed"}, done
    assert {one["outcome"] for one in again.values()} == {"ok"}
    for peel in done:
        top = tmp_path / peel
        assert sorted(str(one.relative_to(top)) for one in top.rglob("*")) == [
            "kept", "kept/cache", "kept/enabled", "kept/in", "kept/in/linked", "kept/in/real",
            "kept/in/real/file", "kept/links.sls", "kept/secret",
            "plain", "plain/linked", "plain/linked/file", "plain/real", "plain/real/file",
        ]  # fmt: skip
        assert {one.name: str(one.readlink()) for one in top.rglob("*") if one.is_symlink()} == {
            "enabled": "/etc/nginx/available", "linked": "real",
            "secret": f"{fleet.folder}/operator.yaml",
        }  # fmt: skip
    assert fleet.zester("tree", "diff").out == ""


def test_large_files_are_taken_ahead_where_somebody_asks_for_it(
    fleet: Fleet, states: Path, tmp_path: Path
):
    data = "# ahead\n" * 50_000
    text = (
        f"ahead:\n  file.managed:\n    - name: {tmp_path}/ahead\n"
        "    - source: zester://ahead.txt\n    - unless: 'true'\n"
    )
    until_published(fleet, lambda: (states / "ahead.txt").write_text(data))
    until_published(fleet, lambda: (states / "ahead.zy").write_text(text))

    first, again = (
        json.loads(fleet.zester("*", "state.prefetch", "ahead", "--output", "json").out)["peels"]
        for _ in range(2)
    )

    whole = {"source": "zester://ahead.txt", "bytes": len(data), "fetched": True}
    assert [one["return"]["files"] for one in first.values()] == [[whole]] * 3
    assert {one["return"]["fetched_bytes"] for one in first.values()} == {len(data)}
    assert {one["return"]["fetched_bytes"] for one in again.values()} == {0}
    assert not (tmp_path / "ahead").exists()


def test_what_publishing_would_change_is_shown(fleet: Fleet, states: Path):
    until_published(fleet, lambda: (states / "shown.zy").write_text("a:\n  test.nop: []\n"))

    nothing = fleet.zester("tree", "diff")
    again = fleet.zester("tree", "publish")

    assert (nothing.code, nothing.out) == (0, "")
    assert again.code == 0, again.err
    assert "published" in again.out


def test_a_tree_is_live_within_moments_of_an_edit(fleet: Fleet, states: Path):
    began = time.monotonic()
    until_published(fleet, lambda: (states / "quick.zy").write_text("q:\n  test.nop: []\n"))
    print(f"published after {time.monotonic() - began:.2f} s")  # noqa: T201  # shown, not asserted

    found = applied(fleet, "quick")
    assert {one["outcome"] for one in found.values()} == {"ok"}, found
