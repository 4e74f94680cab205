"""Code in a state tree, run by a local call: off by default, and apart from what is installed."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from zester_testing.peels import PEEL

WEB = '''
"""Functions of the web."""

from __future__ import annotations

import msgspec

from zester_modules.registry import Context, function

print("loaded")  # whatever it prints is not the answer


class Page(msgspec.Struct):
    words: list[Word]


class Word(msgspec.Struct):
    text: str


@function("web.title", reads=True)
def title(context: Context, word: str = "none") -> str:
    """Give a title.

    Args:
        word: what it says.
    """
    page = msgspec.convert({"words": [{"text": word}]}, Page)
    return f"{page.words[0].text} of {context.facts['id']}"
'''

NOTE = '''
from typing import Annotated

from msgspec import Meta, Struct

from zester_modules.resource import Changes, Leaf, Plan, Resource


class Params(Struct, frozen=True, kw_only=True):
    """Note a word."""

    name: Annotated[str, Meta(description="path")]
    word: Annotated[str, Meta(description="what is noted")]


def check(params, scope):
    if scope.machine.read(params.name) == params.word.encode():
        return Plan()
    return Plan(leaves=(Leaf(path=params.name, after=params.word),), todo=params)


def apply(plan, scope):
    scope.machine.write(plan.todo.name, plan.todo.word.encode(), mode=0o644, uid=-1, gid=-1)
    return Changes(leaves=plan.leaves)


NOTE = Resource(name="note.kept", params=Params, check=check, apply=apply)
'''

SALT = '''
def greet(name):
    """Greet."""
    if __opts__["test"]:
        return None
    return __salt__["cmd.run"](f"echo {name}")
'''


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    files = {
        "_modules/web.py": WEB,
        "_modules/old.py": SALT,
        "_modules/test.py": WEB.replace("web.", "test."),
        "_modules/broken.py": "import no_such_package\n",
        "_modules/syntax.py": "def\n",
        "_states/note.py": NOTE,
        "_grains/rack.py": "def rack():\n    return {'rack': 1}\n",
        "page.zy": f"page:\n  note.kept:\n    - name: {tmp_path}/page\n"
        "    - word: {{ salt['web.title']('hello') }}\n",
        "page_of_salt.sls": f"page:\n  note.kept:\n    - name: {tmp_path}/page\n    - word: x\n",
    }
    for name, text in files.items():
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_text(text)
    return tmp_path / "tree"


def call(tree: Path, *words: str, on: bool = True) -> tuple[int, dict[str, Any]]:
    options = ["--tree", str(tree), "--id", "web-1", "--output", "json"]
    options += ["--tree-modules"] if on else []
    done = subprocess.run(
        [PEEL, "call", *options, *words], capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, json.loads(done.stdout)


def test_functions_and_states_of_a_tree_run_where_they_are_turned_on(tree: Path, tmp_path: Path):
    assert call(tree, "web.title", "hello")[1] == {"outcome": "ok", "return": "hello of web-1"}
    code, document = call(tree, "state.apply", "page")
    assert (code, document["outcome"]) == (0, "changed")
    assert (tmp_path / "page").read_text() == "hello of web-1"
    assert call(tree, "state.apply", "page")[1]["outcome"] == "ok"
    assert not list(tree.rglob("__pycache__"))


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["web.title"], "the functions web.* of _modules/web.py in the tree"),
        (["state.single", "note.kept", "/x"], "the states note.* of _states/note.py in the tree"),
    ],
)
def test_without_it_an_error_names_the_file_and_the_key(tree: Path, words: list[str], what: str):
    code, document = call(tree, *words, on=False)
    folder = what.partition(" of ")[2].partition("/")[0]
    assert (code, document) == (1, {
        "outcome": "refused", "return": None,
        "error": f"{what} cannot be used: code in {folder}/ of a tree is off, and "
        "`tree_modules: true` in the peel's configuration turns it on",
        "hint": "it is loaded from published trees alone, which are signed; "
        "`zester-peel call --tree-modules` loads it from --tree",
    })  # fmt: skip


def test_a_state_of_the_tree_that_is_off_is_an_error_with_its_line_or_fails(
    tree: Path, tmp_path: Path
):
    (tree / "page.zy").write_text(f"page:\n  note.kept:\n    - name: {tmp_path}/page\n")
    _, document = call(tree, "state.show", "page", on=False)
    (error,) = document["return"]["errors"]
    assert (error["file"], error["line"]) == ("page.zy", 2)
    assert "_states/note.py in the tree cannot be used" in error["message"]
    assert "tree_modules: true" in error["message"]
    _, document = call(tree, "state.apply", "page_of_salt", on=False)
    assert "code in _states/ of a tree is off, and `tree_modules: true`" in str(
        document["return"]["states"][0]["comment"]
    )


@pytest.mark.parametrize(
    ("function", "error"),
    [
        ("old.greet", "cannot be used: _modules/old.py:4: there is no __opts__"),
        ("broken.go", "cannot be loaded: ModuleNotFoundError: No module named 'no_such_package'"),
        ("syntax.go", "cannot be used: _modules/syntax.py:1: not Python: invalid syntax"),
        ("web.titl", "there is no function 'web.titl' on this host"),
    ],
)
def test_what_cannot_be_loaded_says_why_and_harms_nothing_else(
    tree: Path, function: str, error: str
):
    code, document = call(tree, function)
    assert (code, document["outcome"]) == (1, "refused")
    assert error in str(document["error"])
    assert call(tree, "web.title")[0] == 0


def test_a_module_of_the_tree_never_takes_a_name_of_ours(tree: Path):
    assert call(tree, "test.ping")[1] == {"outcome": "ok", "return": True}
    _, document = call(tree, "test.title")
    assert document["hint"].startswith(
        "the functions test.* of _modules/test.py in the tree cannot be used: "
        "Zester has this name itself; did you mean "
    )


def test_lint_names_the_folders_that_nothing_reads(tree: Path):
    _, document = call(tree, "state.lint", "page")
    unread = document["return"]["unread"]
    assert [one["folder"] for one in unread] == ["_grains"]
    assert "zester.facts" in unread[0]["hint"]
    _, document = call(tree, "state.lint", "page_of_salt", on=False)
    unread = document["return"]["unread"]
    assert [one["folder"] for one in unread] == ["_grains", "_modules", "_states"]
