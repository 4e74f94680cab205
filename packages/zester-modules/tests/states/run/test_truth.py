"""A dry run says the truth about the real run after it (states.md 5), over any trees."""

import posixpath
import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec import Meta

from zester_modules.host.machine import HostProblem, Service
from zester_modules.resource import AnyResource, Changes, Leaf, Plan, Resource, Scope
from zester_testing.plain_machine import PlainMachine
from zester_testing.state_trees import RESOURCES, grounds, ran, states


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """A file, or none."""

    name: Annotated[str, Meta(description="path")]
    contents: Annotated[str, Meta(description="contents")] = ""


def check_file(params: Params, scope: Scope) -> Plan:
    above = scope.machine.follow(posixpath.dirname(params.name))
    if above is None:
        raise HostProblem("its folder is missing")
    before = scope.machine.read(params.name)
    if before == params.contents.encode():
        return Plan()
    leaf = Leaf(path=params.name, before=before and before.decode(), after=params.contents)
    return Plan(leaves=(leaf,), todo=params)


def check_gone(params: Params, scope: Scope) -> Plan:
    if scope.machine.stat(params.name) is None:
        return Plan()
    return Plan(leaves=(Leaf(path=params.name, before="there"),), todo=params)


def apply_file(plan: Plan, scope: Scope) -> Changes:
    params: Params = plan.todo
    scope.machine.write(params.name, params.contents.encode(), mode=0o644, uid=0, gid=0)
    return Changes(leaves=plan.leaves)


def apply_gone(plan: Plan, scope: Scope) -> Changes:
    scope.machine.remove(plan.todo.name)
    return Changes(leaves=plan.leaves)


FILE = Resource(name="tried.file", params=Params, reach="path", check=check_file, apply=apply_file)
GONE = Resource(name="tried.gone", params=Params, reach="path", check=check_gone, apply=apply_gone)


def find(name: str) -> AnyResource | None:
    return {"tried.file": FILE, "tried.gone": GONE}.get(name) or RESOURCES.find(name)


KINDS = ("require", "require_any", "watch", "onchanges", "onfail", "onfail_all", "listen")
PATHS = ("one", "two", "sub/three")
COMMANDS = (
    "touch {}", "true", "mkdir -p $(dirname {})", "rm -f {}", "printf b > {} || true",
    "rm -rf $(dirname {})/sub",
)  # fmt: skip
options = {
    "path": st.sampled_from(PATHS),
    "guard": st.sampled_from(("", "", "", "onlyif", "unless", "creates")),
    "kind": st.sampled_from(("", "", "", *KINDS)),
    "named": st.sets(st.integers(0, 8), max_size=2),
}
files = st.fixed_dictionaries({
    "what": st.sampled_from(("tried.file", "tried.file", "tried.gone")),
    "word": st.sampled_from(("a", "b")), **options,
})  # fmt: skip
commands = st.fixed_dictionaries({
    "what": st.sampled_from(("cmd.run", "cmd.run", "cmd.wait")),
    "command": st.sampled_from(COMMANDS), "touches": st.sampled_from((None, None, "all of it")),
    **options,
})  # fmt: skip
others = st.fixed_dictionaries({
    "what": st.sampled_from((
        "test.nop", "test.succeed_with_changes", "test.fail_without_changes",
    )), **options,
})  # fmt: skip
one_state = st.one_of(files, commands, files, others)


def touched(command: str, path: str) -> list[str]:
    """Give all that a command changes."""
    above = posixpath.dirname(path)
    if command == "true":
        return []
    return [f"{above}/sub"] if "rm -rf" in command else [above if "mkdir" in command else path]


def tree(root: str, given_states: list[dict[str, Any]]) -> Any:
    made: list[tuple[str, str, dict[str, Any]]] = []
    for index, one in enumerate(given_states):
        path = f"{root}/{one['path']}"
        arguments: dict[str, Any] = {}
        if one["what"].startswith("tried"):
            arguments = {"name": path, "contents": one["word"]}
        elif one["what"].startswith("cmd"):
            arguments = {"name": one["command"].format(path)}
            if one["touches"]:
                arguments["touches"] = touched(one["command"], path)
        if one["what"] == "tried.gone":
            del arguments["contents"]
        if one["guard"] == "creates":
            arguments["creates"] = [path]
        elif one["guard"]:
            arguments[one["guard"]] = [f"test -e {path}"]
        named = [f"s{other}" for other in sorted(one["named"]) if other < index]
        if one["kind"] and named:
            arguments[one["kind"]] = named
        made.append((f"s{index}", one["what"], arguments))
    # `states` looks for ids in all of the tree
    return states(*made)


def is_unknown(leaf: Any) -> bool:
    return bool(leaf.get("unknown"))


def lies(foretold: dict[str, Any], done: dict[str, Any]) -> list[str]:
    """Give what a dry run said that the run after it has shown to be untrue."""
    found: list[str] = []
    for name in {**foretold, **done}:
        said = foretold.get(
            name, {"changes": {}, "certain": True, "result": "ok", "unsettled_by": []}
        )
        if said["unsettled_by"]:
            continue  # it says that a command may make it otherwise
        was = done.get(name, {"changes": {}, "result": "ok", "skipped_by": None})
        unknown = [path for path, leaf in said["changes"].items() if is_unknown(leaf)]
        for path, leaf in said["changes"].items():
            if not is_unknown(leaf) and was["changes"].get(path) != leaf:
                found.append(f"{name}: {path} would become {leaf}, and is {was['changes']}")
        found += [
            f"{name}: {path} changed unforeseen"
            for path in was["changes"]
            if path not in said["changes"] and not any(path.startswith(one) for one in unknown)
        ]
        if said["result"] == "ok" and said["certain"] and was["result"] != "ok":
            found.append(f"{name} was to be ok, and is {was['result']}")
    return found


def _failed(rows: dict[str, Any]) -> set[str]:
    return {name for name, row in rows.items() if row["result"] == "failed"}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(one_state, min_size=1, max_size=7), st.booleans())
def test_what_a_dry_run_knows_is_what_happens(given_states: list[dict[str, Any]], there: bool):
    root = tempfile.mkdtemp(prefix="truth-")
    try:
        if there:
            Path(root, "one").write_text("a")
            Path(root, "sub").mkdir()
            Path(root, "sub", "three").write_text("a")
        compiled = tree(root, given_states)
        folder = Path(root, "run")
        foretold = ran(compiled, grounds(folder, find=find), test=True)
        done = ran(compiled, grounds(folder, find=find))
        # that a command or an unknown state fails, nobody can foretell, nor what that keeps back
        assume(not _failed(done) - _failed(foretold))
        assert lies(foretold, done) == []
    finally:
        shutil.rmtree(root)


@pytest.mark.parametrize("test", [True, False])
def test_a_converged_host_has_nothing_to_do_and_nothing_unknown(tmp_path: Path, *, test: bool):
    compiled = states(
        ("make", "cmd.run", {"name": f"mkdir {tmp_path}/sub", "creates": [f"{tmp_path}/sub"]}),
        ("file", "tried.file", {"name": f"{tmp_path}/sub/x", "contents": "x", "require": ["make"]}),
        ("wait", "cmd.wait", {"name": "true", "watch": ["file"]}),
        ("gone", "tried.gone", {"name": f"{tmp_path}/y"}),
        ("guarded", "cmd.run", {"name": "true", "unless": [f"test -e {tmp_path}/sub/x"]}),
        ("reload", "cmd.run", {"name": "true", "onchanges": ["file", "guarded"]}),
    )
    on = grounds(tmp_path / "run", find=find)
    assert lies(ran(compiled, on, test=True), ran(compiled, on)) == []
    again = ran(compiled, on, test=test)
    assert {row["result"] for row in again.values()} <= {"ok", "skipped"}
    assert [row["changes"] for row in again.values() if row["changes"]] == []
    assert all(row["certain"] for row in again.values())


def test_a_package_that_would_come_leaves_the_rest_as_certain_as_it_was(tmp_path: Path):
    machine = PlainMachine()
    machine.packages.offered = {"nginx": "1"}
    machine.services.have = {"cron": Service(name="cron", running=True, enabled=True)}
    compiled = states(
        ("server", "pkg.installed", {"name": "nginx"}),
        ("conf", "file.managed", {"name": "/etc/nginx-none/site.conf", "contents": "x"}),
        ("patch", "file.replace", {"name": "/etc/nginx-none/mime", "pattern": "a", "repl": "b"}),
        ("web", "service.running", {"name": "nginx", "watch": ["conf"]}),
        ("owner", "user.present", {"name": "www-none"}),
        ("page", "file.managed", {"name": f"{tmp_path}/page", "contents": "x"}),
        ("tool", "file.managed", {"name": "/usr/local/bin/tool-none", "contents": "x"}),
        ("jobs", "service.running", {"name": "cron"}),
        ("more", "pkg.installed", {"name": "vim-none"}),
        ("last", "file.managed", {"name": f"{tmp_path}/sub/last", "contents": "x",
                                  "makedirs": True}),
    )  # fmt: skip
    told = ran(compiled, grounds(tmp_path / "run", machine), test=True)
    assert [name for name, row in told.items() if not row["certain"]] == [
        "conf", "patch", "web", "owner", "more",
    ]  # fmt: skip
    assert {name: row["result"] for name, row in told.items() if row["certain"]} == {
        "server": "would-change", "page": "would-change", "tool": "would-change", "jobs": "ok",
        "last": "would-change",
    }  # fmt: skip


def test_a_failure_of_what_may_not_run_at_all_keeps_nothing_back(tmp_path: Path):
    compiled = states(
        ("first", "tried.file", {"name": f"{tmp_path}/one", "contents": "a"}),
        ("repair", "test.nop", {"onfail": ["first"]}),
        ("refuse", "test.fail_without_changes", {"onchanges": ["repair"]}),
        ("last", "tried.file", {"name": f"{tmp_path}/one", "contents": "b", "require": ["refuse"]}),
    )
    on = grounds(tmp_path / "run", find=find)
    told, done = ran(compiled, on, test=True), ran(compiled, on)
    assert lies(told, done) == []
    assert (told["refuse"]["result"], told["refuse"]["certain"]) == ("would-change", False)
    assert told["refuse"]["comment"].startswith("if it runs, it fails: ")
    assert (told["last"]["result"], done["last"]["result"]) == ("would-change", "changed")


def test_a_target_of_prereq_of_which_nobody_knows_has_not_failed(tmp_path: Path):
    target, made = tmp_path / "target", tmp_path / "made"
    made.mkdir()
    tree = states(
        ("make", "cmd.run", {"name": f"mkdir {made}/deep"}),
        ("first", "cmd.run", {"name": "true", "prereq": ["copy"]}),
        ("copy", "file.copy", {"name": str(target), "source": f"{made}/deep"}),
    )
    rows = ran(tree, grounds(tmp_path / "run", find=find), test=True)
    assert (rows["copy"]["result"], rows["copy"]["certain"]) == ("would-change", False)
    assert (rows["first"]["result"], rows["first"]["certain"]) == ("would-change", False)
    real = ran(tree, grounds(tmp_path / "run", find=find))
    assert [one["result"] for one in real.values()] == ["changed"] * 3


def test_after_a_command_all_that_looks_at_the_host_is_uncertain(tmp_path: Path):
    (tmp_path / "there").write_text("a")
    compiled = states(
        ("before", "tried.file", {"name": f"{tmp_path}/there", "contents": "a"}),
        ("command", "cmd.run", {"name": f"rm {tmp_path}/there"}),
        ("next", "cmd.run", {"name": "true"}),
        ("after", "tried.file", {"name": f"{tmp_path}/there", "contents": "a"}),
        ("told", "test.nop", {}),
        ("reload", "cmd.run", {"name": "true", "onchanges": ["after"]}),
        ("ear", "test.nop", {"listen": ["after"]}),
        ("kept", "cmd.run", {"name": "true", "creates": [f"{tmp_path}/there"]}),
    )
    on = grounds(tmp_path / "run", find=find)
    rows = ran(compiled, on, test=True)
    assert {name: row["unsettled_by"] for name, row in rows.items() if not row["certain"]} == {
        "after": ["command", "next"], "reload": ["command", "next"],
        "kept": ["command", "next"], "listener_ear": ["command", "next"],
    }  # fmt: skip
    assert (rows["after"]["result"], rows["after"]["changes"]) == ("ok", {})
    done = ran(compiled, on)
    assert {name for name, row in done.items() if row["result"] != rows[name]["result"]} == {
        "command", "next", "after", "reload", "listener_ear",
    }  # fmt: skip


def test_what_a_command_touches_is_all_that_it_makes_unknown(tmp_path: Path):
    (tmp_path / "sub").mkdir()
    for name in ("sub/deep", "other"):
        (tmp_path / name).write_text("a")
    compiled = states(
        ("none", "cmd.run", {"name": "true", "touches": []}),
        ("command", "cmd.run", {
            "name": f"rm -r {tmp_path}/sub", "touches": [f"{tmp_path}/sub"],
        }),
        ("deep", "tried.file", {"name": f"{tmp_path}/sub/deep", "contents": "a"}),
        ("other", "tried.file", {"name": f"{tmp_path}/other", "contents": "a"}),
        ("absent", "tried.gone", {"name": f"{tmp_path}/none"}),
    )  # fmt: skip
    rows = ran(compiled, grounds(tmp_path / "run", find=find), test=True)
    assert [name for name, row in rows.items() if not row["certain"]] == ["deep"]
    assert rows["deep"]["changes"] == {
        f"{tmp_path}/sub/deep": {"unknown": True, "because": ["command"]},
    }
    assert not any(row["unsettled_by"] for row in rows.values())


def test_a_command_may_change_what_the_next_function_of_its_id_looks_at(tmp_path: Path):
    (tmp_path / "there").write_text("a")
    file = ("both", "tried.file", {"name": f"{tmp_path}/there", "contents": "a"})
    compiled = states(("both", "cmd.run", {"name": f"rm {tmp_path}/there"}), file)
    rows = ran(compiled, grounds(tmp_path / "run", find=find), test=True)
    assert rows["both"]["function"] == "tried.file"
    assert (rows["both"]["certain"], rows["both"]["unsettled_by"]) == (False, ["both"])


def test_a_guard_of_a_prereqs_target_may_say_something_else_by_then(tmp_path: Path):
    compiled = states(
        ("flag", "tried.file", {"name": f"{tmp_path}/flag", "contents": "a"}),
        ("first", "cmd.run", {"name": "true", "prereq": ["target"]}),
        ("target", "cmd.run", {"name": "true", "unless": [f"test ! -e {tmp_path}/flag"]}),
    )
    on = grounds(tmp_path / "run", find=find)
    told, done = ran(compiled, on, test=True), ran(compiled, on)
    assert lies(told, done) == []
    assert (told["first"]["result"], told["first"]["certain"]) == ("would-change", False)
    assert done["first"]["result"] == "changed"
