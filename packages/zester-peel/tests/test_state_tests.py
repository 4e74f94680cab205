"""Tests of state trees, run as a CI job runs them: one command, a line a test, an exit code."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from zester_modules.call import call as in_this_process
from zester_modules.states.resources_table import Resources
from zester_modules.states.tests import form
from zester_modules.states.tests.made_up import MadeUpMachine
from zester_modules.states.trees import Trees
from zester_peel.tests_text import shown
from zester_testing.peels import PEEL

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "states"

STATES = """\
{% set name = settings.get("name", "none") %}
note:
  file.managed:
    - name: /etc/note
    - contents: |
        name={{ name }}
        id={{ facts.id }}
    - mode: "0644"
guarded:
  file.touch:
    - name: /etc/touched
    - unless: systemctl is-enabled note
owner:
  file.directory:
    - name: /srv/note
    - user: {{ facts.get("owner", "root") }}
tool:
  pkg.installed:
    - version: {{ facts.get("version", "'2.0'") }}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    write(folder, "note/init.zy", STATES)
    return folder


def write(tree: Path, name: str, text: str) -> None:
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    (tree / name).write_text(text)


def call(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PEEL, "call", "--tree", str(tree), "state.test", *words],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


GOOD = """\
facts: {id: web-1}
commands:
  systemctl is-enabled note: {exit_code: 1, stdout: disabled}
tests:
  fresh:
    settings: {name: acme}
    expect:
      result: would-change
      only: true
      order: [note, guarded, owner, tool]
      states:
        note: {function: file.managed, name: /etc/note, certain: true, comment: ""}
        guarded: would-change
        owner: would-change
        tool: {changes: {"tool:version": 2.0}}
      missing: [other]
      files:
        /etc/note: "name=acme\\nid=web-1"
  done already:
    settings: {name: acme}
    files: {/etc/note: "name=acme\\nid=web-1\\n"}
    folders: [/srv/note]
    packages: {tool: "2.0"}
    commands: {systemctl is-enabled note: 0}
    expect:
      result: ok
      files: {/etc/touched: {absent: true}}
      states: {note: ok, guarded: {result: skipped, skipped_by: guard}, owner: ok, tool: ok}
"""


def test_a_plan_is_what_the_tests_say(tree: Path):
    write(tree, "note/tests/plan.yaml", GOOD)
    done = call(tree)
    assert done.stdout == (
        "ok   note/tests/plan.yaml:5: fresh\n"
        "ok   note/tests/plan.yaml:19: done already\n"
        "2 tests: ok\n"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_made_up_host_has_the_programs_that_states_run(tmp_path: Path):
    resources = Resources(third_parties=None)
    found = [resources.find(name) for name in resources.names()]
    needs = {program for one in found if one is not None for program in one.needs}
    machine = MadeUpMachine(tmp_path, form.Host())
    assert {one for one in needs if machine.which(one) is None} == set()
    assert machine.which("zester-none") is None


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("result: ok", "the result has to be ok, and is would-change"),
        ("result: refused", "the tree has to be refused, and the result is would-change"),
        ("errors: [nothing]", "no error says: nothing"),
        ("states: {note: ok}", "note: result has to be ok, and is would-change (at note/init.zy:3"),
        ("states: {nota: ok}", "there is no state nota in the plan; did you mean note?"),
        ("states: {note: {certain: false}}", "note: certain has to be False, and is True"),
        ("states: {note: {comment: hey}}", "note: its comment lacks 'hey'"),
        (
            "states: {tool: {changes: {'tool:version': '3'}}}",
            "tool: tool:version has to become '3', and becomes '2.0'",
        ),
        (
            "states: {tool: {changes: {'tool:verzion': '3'}}}",
            "tool: tool:verzion does not change; did you mean tool:version?",
        ),
        ("only: true\n      states: {note: would-change, owner: ok, guarded: ok}",
         "the state tool (pkg.installed) is more"),
        ("missing: [tool]", "the state tool must not be there"),
        ("order: [tool, note]", "they have to run as tool, note, and run as note, tool"),
        ("files: {/etc/nothing: x}", "what is in /etc/nothing is unknown before tool ran"),
        (
            ("files: {/etc/nothing: x}\n    packages: {tool: '2.0'}\n    commands:\n"
             "      systemctl is-enabled note: 0"),
            "there is no file /etc/nothing",
        ),
        ("files: {/etc/note: {absent: true}}", "there is a file /etc/note"),
        ("files: {/etc/note: {has: [hey]}}", "/etc/note lacks 'hey':\n       name=none\n"),
        ("files: {/etc/note: {lacks: [id=]}}", "/etc/note has 'id='"),
        (
            "files: {/etc/note: 'name=x\n\n        id=web-1'}",
            ("/etc/note is not what it has to be:\n     --- expected\n     +++ found\n"
             "     @@ -1,2 +1,2 @@\n     -name=x\n     +name=none\n      id=web-1\n"),
        ),
    ],
)  # fmt: skip
def test_what_is_otherwise_is_said(tree: Path, expect: str, said: str):
    head = GOOD.partition("tests:")[0]
    write(tree, "note/tests/plan.yaml", f"{head}tests:\n  it:\n    expect:\n      {expect}\n")
    done = in_this_process("state.test", trees=Trees(states={"base": (str(tree),)}))
    text = shown(done.value)
    assert text.startswith("FAIL note/tests/plan.yaml:5: it\n")
    assert said in text
    assert text.endswith("1 test: 1 failed\n")
    assert (done.outcome, done.error) == ("failed", "1 of 1 tests failed")


def test_a_command_that_the_test_does_not_know_fails_its_state(tree: Path):
    write(tree, "note/tests/plan.yaml", "tests:\n  it:\n    facts: {id: web-1}\n")
    assert (
        "guarded fails: the test does not say how this command ends: systemctl is-enabled note\n"
        "     write it below `commands:` with its exit code (at note/init.zy:10)\n"
    ) in call(tree).stdout


def test_errors_of_a_tree_can_be_what_is_expected(tree: Path):
    write(tree, "note/init.zy", "a:\n  file.managed:\n    - nme: x\n    - mode: 999\n")
    wanted = "expect: {errors: [\"init.zy:3: file.managed has no argument 'nme'\", 'mode']}"
    write(tree, "note/tests/plan.yaml", f"tests:\n  it:\n    {wanted}\n  bare: {{}}\n")
    done = call(tree)
    assert "ok   note/tests/plan.yaml:2: it\nFAIL note/tests/plan.yaml:4: bare\n" in done.stdout
    assert "     error: note/init.zy:3: file.managed has no argument 'nme'" in done.stdout


def test_a_file_of_tests_is_read_strictly_and_hides_no_other(tree: Path):
    bad = "facts: 3\ntests:\n  it:\n    aplay: x\n    expect:\n      states: {a: changed}\n"
    write(tree, "note/tests/bad.yaml", bad)
    write(tree, "note/tests/tab.yaml", "tests:\n\tit: {}\n")
    write(tree, "note/tests/empty.yaml", "")
    write(tree, "note/tests/list.yaml", "- it\n")
    write(tree, "note/tests/plan.yaml", GOOD)
    done = call(tree)
    assert done.stderr == "failed: 4 of 6 tests failed\n"
    for said in (
        "note/tests/bad.yaml:1:8: facts: '3' is no mapping",
        "note/tests/bad.yaml:4:5: there is no key 'aplay' here (did you mean apply?)",
        "note/tests/bad.yaml:6:19: result: 'changed' is none of ok, would-change, failed, skipped",
        "note/tests/tab.yaml:2:1: not YAML: found character",
        "note/tests/empty.yaml:1: there is nothing in it",
        "note/tests/list.yaml:1:1: a mapping has to stand here (with: facts, ",
        "ok   note/tests/plan.yaml:5: fresh",
        "6 tests: 4 failed",
    ):
        assert said in done.stdout
    assert done.returncode == 1


def test_some_tests_can_be_named(tree: Path):
    write(tree, "note/tests/plan.yaml", GOOD)
    write(tree, "top.zy", "base: {'web-*': [note]}\n")
    write(tree, "tests/all.yaml", GOOD.replace("fresh", "by top"))
    for word, count in (("note", 2), ("fresh", 1), ("by *", 1), ("tests/all.yaml", 2)):
        document = json.loads(call(tree, word, "--output", "json").stdout)
        assert len(document["return"]["tests"]) == count
        assert document["return"]["failed"] == 0
    nothing = call(tree, "nope")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert nothing.stderr.startswith("refused: there is no test nope\n")


def test_with_host_a_tree_converges_on_a_root_of_its_own():
    done = call(EXAMPLES, "demo", "--host")
    assert done.stdout.splitlines()[-1] == "3 tests: ok; 2 on a root, too"
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("states", "said"),
    [
        (
            "again:\n  test.succeed_with_changes: []\n",
            "on a root, again still has something to do in the second run: again",
        ),
        (
            "made:\n  module.run:\n    - facts.set: [{key: rack}, {value: r1}]\n",
            "on a root, made fails: facts.set is not called in a test",
        ),
        (
            (
                "made:\n  file.managed:\n    - name: /none/such\n    - contents: x\n"
                "    - require: [{file: before}]\n"
                "before:\n  file.directory:\n    - name: /none\n"
            ),
            "",
        ),
    ],
)
def test_what_does_not_converge_is_said(tree: Path, states: str, said: str):
    write(tree, "note/init.zy", states)
    write(tree, "note/tests/plan.yaml", "tests:\n  it:\n    facts: {id: web-1}\n")
    assert call(tree).returncode == 0
    done = call(tree, "--host")
    assert said in done.stdout
    assert done.returncode == (1 if said else 0)
    write(tree, "note/tests/plan.yaml", "tests:\n  it:\n    host: false\n")
    assert call(tree, "--host").stdout.endswith("1 test: ok\n")
    assert not Path("/none").exists()


def test_the_page_names_every_key():
    page = (EXAMPLES.parents[1] / "docs" / "states.md").read_text()
    forms = (form.Suite, form.Case, form.Command, form.Contents, form.StateWish, form.Wish)
    keys = {key for one in forms for key in one.__struct_fields__}
    assert [key for key in sorted(keys) if f"`{key}`" not in page] == []


def test_the_examples_pass():
    done = call(EXAMPLES)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("5 tests: ok\n")


@pytest.mark.hosts("root")
def test_each_test_gets_a_copy_of_a_root_in_which_commands_run(tree: Path, tmp_path: Path):
    root = shell_root(tmp_path / "root")
    write(tree, "note/init.zy", (
        "made:\n  cmd.run:\n    - name: echo ran >> /ran\n    - creates: /ran\n"
        "seen:\n  file.exists:\n    - name: /mark\n"
    ))  # fmt: skip
    write(tree, "note/tests/plan.yaml", (
        "files: {/mark: x}\nusers: [al]\ntests:\n"
        "  one:\n    expect: {files: {/ran: {has: []}}}\n"
        "  two:\n    host: true\n"
    ))  # fmt: skip
    bare = call(tree, "two", "--host")
    assert "on a root, made fails" in bare.stdout
    assert "root=DIR gives one in which programs are" in bare.stdout
    done = call(tree, "two", f"root={root}")
    assert done.stdout == "ok   note/tests/plan.yaml:6: two\n1 test: ok; 1 on a root, too\n"
    assert not (root / "ran").exists()
    nowhere = call(tree, "two", f"root={tmp_path}/nowhere")
    assert "is no root for tests" in nowhere.stdout
    assert nowhere.returncode == 1


@pytest.mark.hosts("root")
def test_a_link_of_a_root_that_is_copied_leads_nowhere_out_of_it(tree: Path, tmp_path: Path):
    root = shell_root(tmp_path / "root")
    outside = tmp_path / "outside"
    (outside / "folder").mkdir(parents=True)
    (outside / "file").write_text("untouched")
    (root / "etc/file").symlink_to(outside / "file")
    (root / "etc/folder").symlink_to(outside / "folder")
    (root / "srv").symlink_to(outside / "folder")
    (root / str(outside / "folder")[1:]).mkdir(parents=True)  # to where it leads seen from inside
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/tool").symlink_to(outside / "tool")
    write(tree, "note/init.zy", "seen:\n  file.exists:\n    - name: /etc/file\n")
    write(tree, "note/tests/plan.yaml", (
        "files: {/etc/file: x, /etc/folder/new: y}\nfolders: [/etc/folder/below]\n"
        "programs: [tool]\ntests:\n"
        "  one:\n    expect: {files: {/etc/file: x, /etc/folder/new: y}}\n"
    ))  # fmt: skip
    done = call(tree, f"root={root}")
    assert done.stdout.endswith("1 test: ok; 1 on a root, too\n"), done.stdout
    assert sorted(one.name for one in outside.rglob("*")) == ["file", "folder"]
    assert (outside / "file").read_text() == "untouched"


def test_what_a_made_up_host_cannot_be_is_told_by_its_path(tree: Path):
    write(tree, "note/tests/plan.yaml", (
        "tests:\n  a:\n    files: {/etc: x}\n  b:\n    files: {/etc/a: x, /etc/a/b: y}\n"
        "  c:\n    folders: [rel]\n"
    ))  # fmt: skip
    said = call(tree).stdout
    assert "cannot write /etc: Is a directory" in said
    assert "cannot make the folder /etc/a: it is no folder" in said
    assert "'rel' is no whole path" in said
    assert str(tempfile.gettempdir()) + "/zester" not in said


def shell_root(root: Path) -> Path:
    """Make a root that has a shell, with the libraries that it needs, and nothing else."""
    linked = subprocess.run(["ldd", "/bin/sh"], capture_output=True, text=True, check=True).stdout
    libraries = [word for word in linked.split() if word.startswith("/")]
    for path in ("/bin/sh", *libraries):
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    (root / "etc").mkdir()
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    return root
