from pathlib import Path

import pytest

from zester_testing.state_tree import StateTree

STATES = {f"{name}.sls": f"{name}: test.nop\n" for name in "abcdef"}


def ids(root: Path, top: str, *, env: str | None = None, **more: str) -> list[str]:
    found = StateTree(root, {"top.sls": top, **STATES, **more}).compile(env=env)
    assert found.errors == ()
    return [one.id for one in found.states]


@pytest.mark.parametrize(
    "line",
    [
        "'*'", "web-1", "'web-*'", "G@os:Debian", "'web-* and G@roles:web'", "'not db-*'",
        "'I@tier:front'", "L@web-1,db-1",
    ],
)  # fmt: skip
def test_the_whole_target_language_counts(line: str, tmp_path: Path):
    files = {"top.zy": f"base:\n  {line}: [a]\n  db-1: [b]\n", **STATES}
    found = StateTree(tmp_path, files, settings={"tier": "front"}).compile()
    assert [one.id for one in found.states] == ["a"]


@pytest.mark.parametrize(
    ("target", "match"),
    [
        ("os:Debian", "grain"), ("'os:(Deb|Ub).*'", "grain_pcre"), ("'web-[0-9]'", "pcre"),
        ("'web-1,db-1'", "list"), ("'web-*'", "glob"), ("'G@os:Debian'", "compound"),
    ],
)  # fmt: skip
def test_salts_match_lines_count(target: str, match: str, tmp_path: Path):
    assert ids(tmp_path, f"base:\n  {target}:\n    - match: {match}\n    - a\n") == ["a"]


def test_order_is_as_written_and_each_file_comes_once(tmp_path: Path):
    top = "base:\n  '*': [c, a]\n  web-1: [a, b]\n  'web*': ['[ef]']\n"
    assert ids(tmp_path, top) == ["c", "a", "b", "e", "f"]


def test_base_says_for_all_environments_and_others_for_themselves(tmp_path: Path):
    more = {
        "dev:top.sls": "base:\n  '*': [f]\ndev:\n  '*': [d]\n",
        "dev:d.sls": "dev_d: test.nop\n",
    }
    top = "base:\n  '*': [a]\n"
    assert ids(tmp_path / "1", top, **more) == ["a", "dev_d"]
    assert ids(tmp_path / "2", top, env="dev", **more) == ["dev_d"]
    assert ids(tmp_path / "3", top + "dev:\n  db-1: [d]\n", **more) == ["a"]


def test_a_top_file_includes_others_each_once(tmp_path: Path):
    more = {
        "tops/web.zy": "include: [tops.more, top]\nbase:\n  'web-*': [b]\n  db-1: [f]\n",
        "tops/more.sls": "include: [tops.web]\nbase:\n  '*': [c]\n",
    }
    top = "include:\n  - tops.web\nbase:\n  '*': [a]\n"
    assert ids(tmp_path, top, **more) == ["a", "b", "c"]


def test_what_a_top_file_cannot_include_is_told_with_its_line(tmp_path: Path):
    top = "include:\n  - tops.wbe\n  - {a: b}\nbase:\n  '*': [a]\n"
    found = StateTree(tmp_path, {"top.sls": top, "tops/web.sls": "base: {}\n", **STATES}).compile()
    assert [(str(one.place), one.message, one.hint) for one in found.errors] == [
        ("top.sls:2:5", "there is no 'tops.wbe' to include in environment 'base'",
         "did you mean tops.web?"),
        ("top.sls:3:5", "`include` of a top file is a list of top files", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("top", "message"),
    [
        ("base:\n  db-1: [a]\n", "the top file names nothing for the peel 'web-1'"),
        ("prod:\n  '*': [a]\n", "there is no environment 'prod'"),
        ("base:\n  'G@': [a]\n", "'G@': "),
        ("base:\n  '*':\n    - match: gain\n    - a\n", "`match` names no matcher"),
        ("base: [a]\n", "'base' in a top file is a mapping of targets"),
        ("- a\n", "a top file is a mapping of environments"),
        ("base:\n  '*': [nosuch]\n", "there is no state file 'nosuch'"),
        ("{{ nothing }}\n", "'nothing' is undefined"),
    ],
)
def test_a_broken_top_file_is_told(top: str, message: str, tmp_path: Path):
    told = StateTree(tmp_path, {"top.sls": top, **STATES}).errors()
    assert any(text.startswith(message) for _, text in told), told


def test_a_peel_that_no_line_means_hears_whom_they_mean(tmp_path: Path):
    top = "base:\n  db-1: [a]\n  'db-2 or db-3': [a, b]\n"
    (error,) = StateTree(tmp_path, {"top.sls": top, **STATES}).compile().errors
    assert error.hint == "looked in top.sls, which means 'db-1', 'db-2 or db-3'"


def test_a_tree_without_a_top_file_is_told(tmp_path: Path):
    assert StateTree(tmp_path, STATES).errors() == [("None", "there is no top file")]
