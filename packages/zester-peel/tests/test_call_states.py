"""States run by a local call: a real process with trees in folders, and no network."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from zester_testing.peels import PEEL

WEB = """\
mark:
  cmd.run:
    - name: echo {{ pillar['word'] }} {{ grains['id'] }} {{ facts['rack'] }} >> ROOT/out
    - unless: test -e ROOT/out
after:
  test.succeed_with_changes:
    - onchanges: [{cmd: mark}]
note:
  test.show_notification:
    - text: hello
    - odd: 1
"""


@pytest.fixture
def trees(tmp_path: Path) -> Path:
    files = {
        "tree/web.sls": WEB.replace("ROOT", str(tmp_path)),
        "tree/top.sls": "base: {'web-*': [web]}",
        "tree/bad.zy": "a:\n  test.configurable_test_state:\n    - changs: true\n",
        "tree/fails.sls": "a:\n  test.fail_without_changes:\n    - comment: no luck\n",
        "settings/top.sls": "base: {'*': [common, 'extra.*']}",
        "settings/common.sls": "word: hello\ndeep: {a: 1, b: 1}",
        "settings/extra/one.sls": "include: [extra.two]\ndeep: {b: {{ pillar['deep']['a'] + 1 }} }",
        "settings/extra/two.sls": "listed: [x]",
        "facts.yaml": "rack: r7\nos: debian\n",
        "dev/web.sls": "dev:\n  test.nop: []\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def call(trees: Path, *words: object) -> subprocess.CompletedProcess[str]:
    options = ["--tree", trees / "tree", "--settings", trees / "settings", "--id", "web-1",
               "--facts", trees / "facts.yaml"]  # fmt: skip
    return subprocess.run(
        [PEEL, "call", *map(str, (*options, *words))], capture_output=True, text=True, check=False,
        timeout=60, env=dict(os.environ),
    )  # fmt: skip


def test_a_dry_run_a_run_and_a_second_run_of_the_top_file(trees: Path) -> None:
    dry = call(trees, "state.apply", "test=True")
    assert (dry.returncode, dry.stderr) == (0, "")
    assert "~ mark" in dry.stdout
    assert dry.stdout.splitlines()[-1].startswith("3 states: 1 ok, 2 would change; ")
    assert not (trees / "out").exists()

    done = call(trees, "state.highstate")
    assert done.stdout.splitlines()[-1].startswith("3 states: 1 ok, 2 changed; ")
    assert (trees / "out").read_text() == "hello web-1 r7\n"

    again = call(trees, "state.apply", "web")
    assert again.returncode == 0
    assert again.stdout.splitlines()[-1].startswith("3 states: 1 ok, 2 skipped; ")


def test_compiled_templates_are_kept_for_the_user_alone_and_none_is_needed(
    trees: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(trees / "cache"))
    kept = trees / "cache/zester/templates"
    first = call(trees, "state.apply", "web", "test=True")
    assert kept.stat().st_mode & 0o777 == 0o700
    codes = {one.name: one.stat().st_mtime_ns for one in kept.iterdir()}
    assert codes

    again = call(trees, "state.apply", "web", "test=True")
    assert {one.name: one.stat().st_mtime_ns for one in kept.iterdir()} == codes
    assert again.stdout.splitlines()[:-1] == first.stdout.splitlines()[:-1]

    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nobody/writes/here")
    assert call(trees, "state.apply", "web", "test=True").returncode == 0


def test_json_is_the_result_as_it_travels(trees: Path) -> None:
    done = call(trees, "--test", "--output", "json", "state.sls", "web")
    document = json.loads(done.stdout)
    assert document["outcome"] == "would-change"
    first = document["return"]["states"][0]
    assert first["source"] == {"file": "web.sls", "line": 2}
    assert (first["id"], first["function"], first["certain"]) == ("mark", "cmd.run", True)
    assert first["duration_ms"] >= 0


def test_a_called_function_unsettles_what_comes_after_unless_it_only_reads(trees: Path) -> None:
    (trees / "tree" / "calls.sls").write_text(
        "looks:\n  module.run:\n    - test.ping:\n"
        f"sure:\n  file.exists:\n    - name: {trees}/facts.yaml\n"
        "sets:\n  module.run:\n    - facts.set: [{key: rack}, {value: r1}]\n"
        f"unsure:\n  file.exists:\n    - name: {trees}/facts.yaml\n"
    )
    done = call(trees, "--test", "--output", "json", "state.sls", "calls")
    rows = {one["id"]: one for one in json.loads(done.stdout)["return"]["states"]}
    assert {name: row["unsettled_by"] for name, row in rows.items()} == {
        "looks": [], "sure": [], "sets": [], "unsure": ["sets"],
    }  # fmt: skip
    text = call(trees, "--test", "state.sls", "calls").stdout.splitlines()[-1]
    assert text.startswith("4 states: 2 ok, 2 would change; 1 uncertain after sets; ")


def test_a_failed_run_is_exit_code_1_and_says_where(trees: Path) -> None:
    done = call(trees, "state.apply", "fails")
    assert done.returncode == 1
    assert "! a: test.fail_without_changes\n    no luck\n    at fails.sls:2\n" in done.stdout


def test_a_tree_with_errors_is_refused_with_file_and_line(trees: Path) -> None:
    done = call(trees, "state.apply", "bad,web")
    assert done.returncode == 1
    assert "error: bad.zy:3" in done.stdout
    assert "did you mean changes" in done.stdout
    assert done.stdout.splitlines()[-1] == "refused: 1 error, nothing ran"
    assert not (trees / "out").exists()


def test_settings_are_merged_in_order_and_the_runs_own_lie_on_top(trees: Path) -> None:
    (trees / "tree/show.sls").write_text(
        "show:\n  test.show_notification:\n    - text: {{ pillar | json | yaml_dquote }}\n"
    )
    done = call(trees, "--output", "json", "state.apply", "show", "pillar={deep: {c: 3}}")
    shown = json.loads(json.loads(done.stdout)["return"]["states"][0]["comment"])
    assert shown == {"word": "hello", "listed": ["x"], "deep": {"a": 1, "b": 2, "c": 3}}


def test_an_environment_is_a_tree_of_its_own(trees: Path) -> None:
    done = call(trees, "--tree", f"dev={trees / 'dev'}", "state.apply", "web", "saltenv=dev")
    assert "  dev: test.nop" in done.stdout
    done = call(trees, "--tree", trees / "nothing", "state.apply", "web")
    assert "there is no folder" in done.stderr
    done = call(trees, "--facts", trees / "nothing", "test.ping")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"zester-peel: there is no {trees}/nothing\n--facts takes")
    assert done.returncode != 0


def test_excluded_files_do_not_run(trees: Path) -> None:
    done = call(trees, "state.apply", "web,fails", "exclude=fails")
    assert "test.fail_without_changes" not in done.stdout
    assert done.returncode == 0


def test_two_runs_on_one_host_wait_for_each_other(trees: Path) -> None:
    (trees / "tree/slow.sls").write_text(
        "slow:\n  cmd.run:\n    - cwd: " + str(trees) + "\n"
        "    - name: echo in >> log; sleep 0.2; echo out >> log\n"
    )
    words = ["--tree", trees / "tree", "--state-dir", trees, "state.apply", "slow"]
    both = [
        subprocess.Popen([PEEL, "call", *map(str, words)], stdout=subprocess.DEVNULL)
        for _ in range(2)
    ]
    assert [one.wait(60) for one in both] == [0, 0]
    assert (trees / "log").read_text().split() == ["in", "out"] * 2


def test_failhard_stops_a_run(trees: Path) -> None:
    done = call(trees, "state.apply", "fails,web", "failhard=True")
    assert "- mark" in done.stdout
    assert "failhard after a" in done.stdout
    assert not (trees / "out").exists()


def test_a_single_state_needs_no_tree(trees: Path) -> None:
    done = call(trees, "state.single", "cmd.run", "name=touch " + str(trees / "single"))
    assert done.returncode == 0
    assert (trees / "single").exists()
    wrong = call(trees, "state.single", "cmd.run", "true", "cwdd=/")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "did you mean cwd?" in wrong.stderr
    unknown = call(trees, "state.single", "cmd.rum", "true")
    assert "did you mean cmd.run?" in unknown.stderr


def test_a_single_state_takes_what_every_state_takes(trees: Path) -> None:
    made = trees / "made"
    words = ["state.single", "cmd.run", f"touch {made}"]
    for guard in ("unless=true", "onlyif=[true, test -e /no/where]", f"creates={trees}",
                  "unless={fun: file.file_exists, args: [/proc/version]}"):  # fmt: skip
        done = call(trees, *words, guard)
        assert done.stdout.splitlines()[-1].startswith("1 state: 1 skipped; "), guard
    assert not made.exists()
    done = call(trees, *words, "unless=false", "retry={attempts: 2, interval: 0}")
    assert made.exists(), done.stdout + done.stderr

    near = call(trees, *words, "onlyiff=true")
    assert near.stderr.splitlines() == [
        "refused: cmd.run has no argument 'onlyiff'", "did you mean onlyif?",
    ]  # fmt: skip
    alone = call(trees, *words, "require=[{cmd: other}]")
    assert (alone.returncode, alone.stdout) == (1, "")
    assert "state.single runs one state, so that `require` has none to name" in alone.stderr
    assert "into a state file" in alone.stderr


def test_a_single_state_keeps_the_text_of_its_arguments(trees: Path) -> None:
    file = trees / "version"
    call(trees, "state.single", "file.managed", file, "contents=1.10", "mode=0600")
    assert file.read_text() == "1.10\n"
    assert file.stat().st_mode & 0o7777 == 0o600


def test_a_single_state_that_fails_says_what_was_typed(trees: Path) -> None:
    words = ["state.single", "file.managed", f"{trees}/a b", "source=/no/where", "umask=022"]
    done = call(trees, *words)
    assert f"\n    given: state.single file.managed '{trees}/a b' source=/no/where" in done.stdout
    document = json.loads(call(trees, "--output", "json", *words, "no_log=true").stdout)
    source = document["return"]["states"][0]["source"]
    assert source == {"file": "state.single file.managed", "line": None}


def test_a_link_that_leaves_the_tree_is_named_as_one(trees: Path) -> None:
    tree = trees / "tree"
    (trees / "out.sls").write_text("a: test.nop\n")
    (tree / "out.sls").symlink_to(trees / "out.sls")
    (tree / "asks.sls").write_text("include:\n  - out\n")
    (tree / "pulls.sls").write_text("a:\n  test.nop: []\n{% include 'out.sls' %}\n")
    why = f"out.sls is a link that leaves the tree, to {trees}/out.sls"
    for name, where in (("out", ""), ("asks", "asks.sls:2:5: "), ("pulls", "pulls.sls:3: ")):
        done = call(trees, "state.apply", name)
        assert done.stdout.splitlines()[0] == f"error: {where}{why}"


def test_lint_gives_lines_that_an_editor_can_follow(trees: Path) -> None:
    (trees / "hides").mkdir()
    (trees / "hides/web.sls").write_text("a: test.nop\n")
    (trees / "tree/_modules").mkdir()
    (trees / "tree/_modules/own.py").touch()
    done = call(trees, "--tree", trees / "hides", "state.lint", "bad,web")
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("bad.zy:3:7: error: test.configurable_test_state has no argument")
    assert lines[0].endswith("(did you mean changes?)")
    assert f"web.sls: note: the one in {trees}/hides is hidden by {trees}/tree" in lines
    assert any(one.startswith("_modules: note: it is not read (") for one in lines)
    assert lines[-1] == "2 files: 1 error"
    good = call(trees, "state.lint", "fails")
    assert (good.returncode, good.stdout.splitlines()[-1]) == (0, "1 file: no errors")


def test_show_gives_the_states_in_their_order_and_their_arguments(trees: Path) -> None:
    (trees / "tree/order.zy").write_text(
        "second:\n  file.managed:\n    - name: /x\n    - mode: '0644'\n    - context: {a: [1]}\n"
        "    - contents: |\n        one\n        two\n    - require:\n      - test: first\n"
        "first: test.nop\n"
    )
    done = call(trees, "state.show", "order")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "first: test.nop", "    at order.zy:11",
        "second (/x): file.managed", "    mode: 0644", '    context: {"a": [1]}',
        "    contents:", "        one", "        two", "    require: first", "    at order.zy:2",
        "2 states",
    ]  # fmt: skip
    bad = call(trees, "state.show", "bad")
    assert (bad.returncode, bad.stderr) == (1, "")
    assert bad.stdout.splitlines()[0].startswith("error: bad.zy:3:7: ")
    assert bad.stdout.splitlines()[-1] == "1 error"
    data = json.loads(call(trees, "--output", "json", "state.show", "order").stdout)
    assert [one["id"] for one in data["return"]["states"]] == ["first", "second"]


def test_one_file_by_two_names_is_told_as_such(trees: Path) -> None:
    (trees / "tree/sub").mkdir()
    (trees / "tree/sub/x.sls").write_text("x: test.nop\n")
    (trees / "tree/both.sls").write_text("include: [sub.x, sub/x]\n")
    done = call(trees, "state.apply", "both")
    first, hint, _ = done.stdout.splitlines()
    assert first == "error: sub/x.sls:1:1: sub/x.sls is asked for as 'sub.x' and as 'sub/x'"
    assert hint == "    write sub.x in both places"


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="root can read everything without it")
def test_what_may_not_be_read_is_no_empty_file(trees: Path) -> None:
    (trees / "tree/closed").mkdir(mode=0)
    (trees / "tree/shut.sls").touch(mode=0)
    weak = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] if os.geteuid() == 0 else []

    def told(*words: object) -> str:
        command = [*weak, PEEL, "call", "--facts", trees / "facts.yaml", "--tree", *words]
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False,
                              timeout=60)  # fmt: skip
        return done.stdout + done.stderr

    tree = trees / "tree"
    assert "error: shut.sls cannot be read: Permission" in told(tree, "state.apply", "shut")
    assert "closed/x.zy cannot be looked at: Perm" in told(tree, "state.apply", "closed.x")
    source = told(tree, "state.single", "file.managed", trees / "x", "source=salt://shut.sls")
    assert "\n    salt://shut.sls cannot be read: Permission denied\n" in source
    assert "closed may not be read" in told(tree / "closed", "state.lint")


def test_a_killed_run_is_repaired_by_the_next_one(trees: Path) -> None:
    (trees / "tree/killed.sls").write_text(
        f"one:\n  cmd.run:\n    - name: touch {trees}/one\n    - creates: {trees}/one\n"
        f"two:\n  cmd.run:\n    - name: kill -9 $PPID; touch {trees}/two\n"
        f"    - onlyif: test ! -e {trees}/safe\n"
        f"three:\n  cmd.run:\n    - name: touch {trees}/three\n    - creates: {trees}/three\n"
    )
    assert call(trees, "state.apply", "killed").returncode == -9
    assert not (trees / "three").exists()
    (trees / "safe").touch()
    done = call(trees, "state.apply", "killed")
    assert done.stdout.splitlines()[-1].startswith("3 states: 1 changed, 2 skipped; ")
    assert (trees / "three").exists()


def test_a_name_writes_no_rows_and_no_colours_of_its_own(trees: Path) -> None:
    fake = '"a\\n+ real: file.managed\\x1b[31m\\x1b]0;title\\x07"'
    (trees / "tree/fake.zy").write_text(f"real:\n  test.nop:\n    - name: {fake}\n")
    done = call(trees, "state.apply", "fake")
    assert done.returncode == 0, done.stderr
    assert "real (a\\n+ real: file.managed\\x1b]0;title\\x07): test.nop" in done.stdout
    assert "\x1b" not in done.stdout
    assert len(done.stdout.splitlines()) == 2
