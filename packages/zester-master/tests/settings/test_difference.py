"""`zester-master settings diff`: what an edit would change for a peel, before it is published."""

import shutil
from pathlib import Path

import pytest

from zester_master.main import main

CANARY = "canary-of-a-literal"
FILES = {
    "top.zy": "base:\n  '*': [common]\n  G@os:debian: [web]\n",
    "common.zy": "port: 80\ngone: 1\nsame: [1, {a: b}]\nkey: !secret old\n",
    "web.zy": f'web: {{workers: 2}}\nliteral: !encrypted "{CANARY}"\n',
}


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    """A tree, and a copy of it."""
    now, copy = tmp_path / "now", tmp_path / "copy"
    now.mkdir()
    for name, text in FILES.items():
        (now / name).write_text(text)
    shutil.copytree(now, copy)
    (tmp_path / "master.yaml").write_text(f"settings_dir: {now}\n")
    (tmp_path / "facts.json").write_text('{"os": "debian"}')
    return now, copy


def diff(copy: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str, str]:
    place = copy.parent
    words = ["--tree", str(copy), "--config", str(place / "master.yaml")]
    words += ["--facts", str(place / "facts.json"), *more]
    code = main(["settings", "diff", "web-1", *words])
    caught = capsys.readouterr()
    return code, caught.out, caught.err


def test_what_comes_goes_and_changes_is_told_and_secrets_stay_masked(
    trees: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
):
    copy = trees[1]
    assert diff(copy, capsys) == (0, "nothing would change\n", "")
    (copy / "common.zy").write_text("port: '80'\nsame: [1, {a: b}]\nkey: !secret new\nmore: {}\n")
    (copy / "web.zy").write_text(f'web: {{workers: 4}}\nliteral: !encrypted "{CANARY}-2"\n')

    code, out, err = diff(copy, capsys)

    assert (code, err) == (0, "")
    assert sorted(out.splitlines()) == [
        "+ more = {}",
        "- gone = 1",
        '~ key = "***" -> "***"',
        '~ literal = "***" -> "***"',
        '~ port = 80 -> "80"',
        "~ web:workers = 2 -> 4",
    ]
    assert f'~ literal = "{CANARY}" -> "{CANARY}-2"' in diff(copy, capsys, "--show")[1]


def test_a_tree_that_cannot_be_rendered_is_told_with_its_line(
    trees: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
):
    (trees[1] / "web.zy").write_text("web: {{ nosuch }}\n")
    code, out, err = diff(trees[1], capsys)
    assert (code, out) == (1, "")
    assert err.startswith("in --tree: web.zy:1: 'nosuch' is undefined")
