"""`zester-master settings render` and `check`, which need no server."""

import json
from pathlib import Path

import pytest

from zester_master.main import main

FILES = {
    "top.zy": "base:\n  '*': [common]\n  G@os:debian: [web]\ndev:\n  'web-*': [dev]\n",
    "common.zy": "id: {{ grains.id }}\npassword: !secret db\nlist: [1, {a: b}]\n",
    "web.zy": "web: {port: {{ facts.port | default(80) }}}\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        write(tmp_path / "base" / name, text)
    write(tmp_path / "dev" / "dev.sls", "env: dev\n")
    write(tmp_path / "facts.json", '{"os": "debian", "port": 8080}')
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main(["settings", *map(str, words)])
    caught = capsys.readouterr()
    return code, caught.out, caught.err


def roots(tree: Path) -> list[str]:
    return ["--tree", str(tree / "base"), "--tree", f"dev={tree / 'dev'}"]


def test_settings_of_a_peel_are_rendered_and_masked(tree: Path, capsys: pytest.CaptureFixture[str]):
    words = ["render", *roots(tree), "--id", "web-1", "--facts", tree / "facts.json"]
    code, out, err = run(capsys, *words, "--output", "json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "id": "web-1", "password": "***", "list": [1, {"a": "b"}], "web": {"port": 8080},
        "env": "dev",
    }  # fmt: skip
    _, out, _ = run(capsys, *words, "--output", "text", "--show", "--env", "base")
    assert out.splitlines() == [
        'id = "web-1"', 'password = "<secret db>"', "list:0 = 1", 'list:1:a = "b"',
        "web:port = 8080",
    ]  # fmt: skip
    assert "  port: 8080\n" in run(capsys, *words)[1]


def test_what_is_wrong_is_told_with_its_line(tree: Path, capsys: pytest.CaptureFixture[str]):
    write(tree / "base/web.zy", "web:\n  port: {{ facts.nosuch }}\n")
    words = ["render", *roots(tree), "--id", "web-1", "--facts", tree / "facts.json"]
    code, out, err = run(capsys, *words)
    assert (code, out) == (1, "")
    assert err.startswith("web.zy:2: 'dict object' has no attribute 'nosuch'")


def test_what_only_the_peel_knows_is_left_out(tree: Path, capsys: pytest.CaptureFixture[str]):
    write(tree / "base/web.zy", "web:\n  port: {{ salt['network.ip_addrs']()[0] }}\n")
    words = ["render", *roots(tree), "--id", "web-1", "--facts", tree / "facts.json"]
    code, out, err = run(capsys, *words, "--output", "json")
    assert (code, "web" in json.loads(out)) == (0, False)
    assert err.startswith("left out: web.zy:2: salt['network.ip_addrs'] is only known on the peel")


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ("[1]", "holds no facts"), ("a: [", "facts.json:1:1: not YAML"), (None, "cannot be read"),
    ],
)  # fmt: skip
def test_facts_that_are_none_are_told(
    facts: str | None, told: str, tree: Path, capsys: pytest.CaptureFixture[str]
):
    (tree / "facts.json").unlink()
    if facts is not None:
        write(tree / "facts.json", facts)
    code, _, err = run(capsys, "render", *roots(tree), "--id", "a", "--facts", tree / "facts.json")
    assert code == 3
    assert told in err


def test_what_a_top_file_names_in_vain_is_told_with_its_line(
    tree: Path, capsys: pytest.CaptureFixture[str]
):
    write(tree / "base/top.zy", "base:\n  '*':\n    - commons\n")
    for words in (["render", "--id", "web-1"], ["check"]):
        code, _, err = run(capsys, *words, "--tree", tree / "base")
        assert code == 1
        assert err.startswith("top.zy:3:7: there is no settings file 'commons' in the environment")
        assert "did you mean common?" in err


def test_a_rendering_without_facts_says_so(tree: Path, capsys: pytest.CaptureFixture[str]):
    write(tree / "base/common.zy", "os: {{ facts.os }}\n")
    _, _, err = run(capsys, "render", *roots(tree), "--id", "web-1")
    assert "zester facts web-1 --output json" in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--id", "Web 1"), "'Web 1' is not a valid peel id"),
        (("--id", "web-1", "--env", "dve"), "there is no environment 'dve' (did you mean dev?)"),
    ],
)
def test_ids_and_environments_that_are_none_are_told(
    words: tuple[str, ...], told: str, tree: Path, capsys: pytest.CaptureFixture[str]
):
    code, out, err = run(capsys, "render", *roots(tree), *words)
    assert (code != 0, out, told in err) == (True, "", True)


def test_a_folder_that_is_none_is_told(tree: Path, capsys: pytest.CaptureFixture[str]):
    code, _, err = run(capsys, "render", "--tree", tree / "nosuch", "--id", "a")
    assert (code, "is no folder" in err) == (3, True)


def test_a_tree_is_checked_for_everyone(tree: Path, capsys: pytest.CaptureFixture[str]):
    assert run(capsys, "check", *roots(tree)) == (0, "", "")
    write(tree / "base/bad.sls", "include: [nosuch]\nx: {{ secret(y) }}\n")
    write(tree / "base/worse.sls", "x: {% endif %}\n")
    write(tree / "base/twice.zy", "x: 1\nx: 2\n")
    write(tree / "base/top.zy", FILES["top.zy"] + "prod:\n  '*': []\n")
    code, _, err = run(capsys, "check", *roots(tree))
    assert code == 1
    assert [line.partition(" ")[0] for line in err.splitlines()] == [
        "bad.sls:1:", "bad.sls:2:", "top.zy:6:1:", "twice.zy:2:1:", "worse.sls:1:",
    ]  # fmt: skip


def test_a_top_file_is_checked_for_what_facts_must_not_decide(
    tree: Path, capsys: pytest.CaptureFixture[str]
):
    top = "base:\n  G@os:debian: [common]\n  N@webs: [common]\n  I@a:b: [web]\n"
    write(tree / "base/top.zy", top)
    code, _, err = run(capsys, "check", *roots(tree))
    assert code == 1
    assert [line.partition(": ")[0] for line in err.splitlines()] == ["top.zy:2:3", "top.zy:4:3"]
    assert "facts decide who gets it" in err
    assert "cannot ask for settings" in err


def test_lists_of_two_files_are_put_together_if_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for name, text in {"top.sls": "base:\n  '*': [a, b]\n", "a.sls": "x: [1, 2]\n"}.items():
        write(tmp_path / "tree" / name, text)
    write(tmp_path / "tree/b.sls", "x: [2, 3]\n")
    words = ["render", "--tree", tmp_path / "tree", "--id", "web-1", "--output", "json"]
    assert json.loads(run(capsys, *words)[1]) == {"x": [2, 3]}
    assert json.loads(run(capsys, *words, "--merge-lists")[1]) == {"x": [1, 2, 3]}
