"""Distributions that add something of every kind, good ones and broken ones."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE = '''
from typing import Annotated

import msgspec
from jinja2 import pass_context

from zester_modules.registry import Context, function
from zester_modules.resource import Changes, Leaf, Plan, Resource, Scope


@function("acme.greet", reads=True)
def greet(context: Context, whom: str) -> str:
    """Greet somebody."""
    return f"hello {whom}"


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Note a word."""

    name: Annotated[str, msgspec.Meta(description="path")]


def check(params: Params, scope: Scope) -> Plan:
    found = scope.machine.stat(params.name)
    return Plan() if found else Plan(leaves=(Leaf(path=params.name, after="x"),), todo=params.name)


def apply(plan: Plan, scope: Scope) -> Changes:
    scope.machine.write(plan.todo, b"x", mode=0o644, uid=-1, gid=-1)
    return Changes(leaves=plan.leaves)


NOTE = Resource(name="acme.note", params=Params, check=check, apply=apply)


def rack(source):
    return {"row": source.text("/etc/rack") or "none"}


def nothing(source):
    return None


def bad(source):
    raise SystemExit(3)


def shout(text):
    return text.upper() + "!"


@pass_context
def peeking(context, text):
    return text
'''

GOOD = """
[zester.functions]
acme = {code}
[zester.states]
acme = {code}
[zester.facts]
rack = {code}:rack
nothing = {code}:nothing
[zester.filters]
shout = {code}:shout
"""

BROKEN = """
[zester.functions]
test = {code}
gone = no_such_module
[zester.states]
file = {code}
gone = no_such_module
empty = json
[zester.facts]
os = {code}:rack
bad = {code}:bad
word = {code}:CODE_HAS_NOT_THIS
[zester.filters]
upper = {code}:shout
peeking = {code}:peeking
number = {code}:__name__
"""


def install(site: Path, package: str, points: str) -> None:
    info = site / f"{package}-1.2.dist-info"
    info.mkdir(parents=True)
    code = f"{package}_code"
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(points.format(code=code))
    (site / f"{code}.py").write_text(CODE)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    install(folder, "good", GOOD)
    install(folder, "broken", BROKEN)
    return folder


def python(site: Path, code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


FACTS = """
import json
from pathlib import Path
from zester_modules.facts.collect import Request, collect
found = collect(Request(folder=Path({folder!r})))
print(json.dumps([found.facts(), found.warnings]))
"""


def test_facts_come_from_distributions_and_what_is_broken_is_one_warning_each(
    site: Path, tmp_path: Path
):
    facts, warnings = json.loads(python(site, FACTS.format(folder=str(tmp_path / "none"))))
    assert facts["rack"] == {"row": "none"}
    assert "nothing" not in facts
    assert facts["os"] != {"row": "none"}
    said = [one.partition(" (")[0].partition(": ") for one in sorted(warnings)]
    assert {(first, last.partition(":")[0]) for first, _, last in said} == {
        ("the fact bad of broken 1.2 is missing", "SystemExit"),
        ("the fact os of broken 1.2 cannot be used", "Zester has this name itself"),
        ("the fact word of broken 1.2 cannot be loaded", "AttributeError"),
        ("the filter number of broken 1.2 cannot be loaded", "TypeError"),
        ("the filter peeking of broken 1.2 cannot be loaded", "TypeError"),
        ("the filter upper of broken 1.2 cannot be used", "Zester has this name itself"),
        ("the functions gone.* of broken 1.2 cannot be loaded", "ModuleNotFoundError"),
        ("the functions test.* of broken 1.2 cannot be used", "Zester has this name itself"),
        ("the states empty.* of broken 1.2 cannot be loaded", "TypeError"),
        ("the states file.* of broken 1.2 cannot be used", "Zester has this name itself"),
        ("the states gone.* of broken 1.2 cannot be loaded", "ModuleNotFoundError"),
    }
    assert len(warnings) == 11
    assert sum("its authors" in one or "choose another name" in one for one in warnings) == 10


def test_what_a_host_says_in_its_own_files_wins_over_a_distribution(site: Path, tmp_path: Path):
    folder = tmp_path / "facts"
    folder.mkdir()
    (folder / "own.yaml").write_text("rack: r7\n")
    facts, _ = json.loads(python(site, FACTS.format(folder=str(folder))))
    assert facts["rack"] == "r7"


RENDER = """
from zester_proto.render.renderer import Renderer
for text in {texts!r}:
    done = Renderer(lambda _path: None).render("a.sls", {{}}, text=text)
    for one in done.problems:
        print(one.place, one.message, one.hint, sep="|")
    print(done.text)
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ 'a' | shout }}", "A!"),
        ("{{ ['a', 'b'] | map('shout') | join }}", "A!B!"),
        ("{{ 'yes' if 'shout' is filter and 'gone' is not filter }}", "yes"),
        ("{{ 'a' | upper }}", "A"),
        ("\n{{ 'a' | shoot }}", "a.sls:2|not Jinja: No filter named 'shoot'.|did you mean shout?"),
        (
            "\n{{ 'a' | peeking }}",
            (
                "a.sls:2|the filter peeking of broken 1.2 cannot be loaded: TypeError: it asks for "
                "Jinja's own context, and a filter here gets the value alone|reinstall or update "
                "that distribution, or tell its authors"
            ),
        ),
    ],
)
def test_templates_know_the_filters_of_distributions(site: Path, text: str, said: str):
    assert python(site, RENDER.format(texts=[text])).strip() == said


def test_a_template_with_our_own_filters_never_looks_for_others(site: Path):
    code = RENDER.format(texts=["{{ 'a' | upper | to_bool }}"])
    code += "import sys; print('good_code' in sys.modules, 'broken_code' in sys.modules)"
    assert python(site, code).split() == ["False", "False", "False"]


APPLY = """
import sys
from pathlib import Path
from zester_modules.call import call
from zester_modules.states.trees import Trees
trees = Trees(states={{"base": ({tree!r},)}}, cache={tree!r} + "-cache")
for words in (["a"], ["b"]):
    answer = call("state.apply", words, trees=trees, peel_id="web-1")
    print(answer.outcome, [(one["id"], one["result"], one["comment"]) for one in
          answer.value["states"]], [one["message"] for one in answer.value["errors"]], sep="|")
"""


def test_a_run_knows_the_states_of_distributions_and_names_the_broken_one(
    site: Path, tmp_path: Path
):
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a.zy").write_text(
        f"one:\n  acme.note:\n    - name: {tmp_path}/{{{{ salt['acme.greet']('you') | shout }}}}\n"
    )
    (tree / "b.zy").write_text("two:\n  gone.note: []\n")
    first, second = python(site, APPLY.format(tree=str(tree))).splitlines()
    assert first == "changed|[('one', 'changed', '')]|[]"
    assert (tmp_path / "HELLO YOU!").read_bytes() == b"x"
    assert second == (
        'refused|[]|["the states gone.* of broken 1.2 cannot be loaded: '
        "ModuleNotFoundError: No module named 'no_such_module'\"]"
    )
