"""The states of commands."""

from pathlib import Path
from typing import Any

import pytest

from zester_testing.state_trees import grounds, ran, states


def run(tmp_path: Path, name: str, **given: Any) -> dict[str, Any]:
    tree = states(("it", "cmd.run", {"name": name, **given}))
    return ran(tree, grounds(tmp_path / "run"))["it"]


@pytest.mark.parametrize(
    ("name", "given", "result", "changed"),
    [
        ("true", {}, "changed", True),
        ("exit 3", {}, "failed", True),
        ("exit 3", {"success_retcodes": [2, 3]}, "changed", True),
        ("echo fine; exit 3", {"success_stdout": ["fine"]}, "changed", True),
        ("echo fine >&2; exit 3", {"success_stderr": ["fine"]}, "changed", True),
        ("echo; echo changed=no comment=hi there", {"stateful": True}, "ok", False),
        ("echo changed=yes who=me", {"stateful": True}, "changed", True),
        ("""echo '{"changed": true, "x": 1}'""", {"stateful": True}, "changed", True),
        ("""echo '{"changed": false}'""", {"stateful": True}, "ok", False),
        ("echo no line of that kind", {"stateful": True}, "changed", True),
        ("sleep 20", {"timeout": 0.1}, "failed", True),
        ("sleep 20", {"timeout": 0.1, "ignore_timeout": True}, "changed", True),
        ("true", {"cwd": "/nonexistent"}, "failed", False),
        ("true", {"runas": "nobody-of-that-name"}, "failed", False),
        ("true", {"touches": ["not/whole"]}, "failed", False),
    ],
)
def test_how_a_command_ends_is_the_states_result(
    tmp_path: Path, name: str, given: dict[str, Any], result: str, *, changed: bool
):
    row = run(tmp_path, name, **given)
    assert (row["result"], row["changed"]) == (result, changed)


def test_a_stateful_command_says_its_own_comment_and_changes(tmp_path: Path):
    row = run(tmp_path, "echo changed=yes comment=all is well who=me n=3", stateful=True)
    assert row["comment"] == "all is well"
    assert list(row["changes"].values()) == [{"before": None, "after": {"who": "me", "n": 3}}]


def test_a_dry_run_of_a_stateful_command_knows_that_only_the_command_knows(tmp_path: Path):
    tree = states(("it", "cmd.run", {"name": "true", "stateful": True}))
    row = ran(tree, grounds(tmp_path / "run"), test=True)["it"]
    assert row["changes"] == {"true": {"unknown": True, "because": ["it"]}}


def test_folder_environment_umask_shell_and_stdin_reach_the_command(tmp_path: Path):
    row = run(
        tmp_path, "pwd; echo $WORD $FLAG; umask; cat; echo ${BASH_VERSION:+bash}", cwd="/usr",
        env={"WORD": "hello", "FLAG": True}, umask="027", stdin="typed", shell="/bin/bash",
    )  # fmt: skip
    assert row["output"]["stdout"] == "/usr\nhello True\n0027\ntypedbash\n"


def test_the_environment_may_be_a_list_of_maps_as_in_salt(tmp_path: Path):
    row = run(tmp_path, "echo $A$B", env=[{"A": "x"}, {"B": 2}])
    assert row["output"]["stdout"] == "x2\n"


def test_output_can_be_kept_out_of_the_result(tmp_path: Path):
    row = run(tmp_path, "echo hunter2; echo hunter2 >&2; exit 1", hide_output=True)
    assert row["output"] is None
    assert "hunter2" not in row["comment"]
    assert "hunter2" in run(tmp_path, "echo hunter2 >&2; exit 1")["comment"]


def test_a_command_waits_for_a_change(tmp_path: Path):
    def tree(source: str) -> Any:
        return states(
            ("source", source, {}),
            ("wait", "cmd.wait", {"name": f"echo x >> {tmp_path}/out", "watch": ["source"]}),
        )

    ran(tree("test.nop"), grounds(tmp_path / "run"))
    assert not (tmp_path / "out").exists()
    rows = ran(tree("test.succeed_with_changes"), grounds(tmp_path / "run"), test=True)
    assert rows["wait"]["result"] == "would-change"
    assert not (tmp_path / "out").exists()
    ran(tree("test.succeed_with_changes"), grounds(tmp_path / "run"))
    assert (tmp_path / "out").read_text() == "x\n"


def test_a_script_gets_its_arguments_and_is_taken_away(tmp_path: Path):
    script = tmp_path / "script.sh"
    script.write_text('#!/bin/sh\necho "$0"; echo "$@"\n')
    tree = states(
        ("named", "cmd.script", {"name": f"{script} one two"}),
        ("sourced", "cmd.script", {"source": str(script), "args": "three 'four five'"}),
        ("missing", "cmd.script", {"source": f"{tmp_path}/nothing"}),
    )
    rows = ran(tree, grounds(tmp_path / "run"), test=True)
    assert [row["result"] for row in rows.values()] == ["would-change", "would-change", "failed"]
    rows = ran(tree, grounds(tmp_path / "run"))
    place, said = rows["named"]["output"]["stdout"].splitlines()
    assert said == "one two"
    assert not Path(place).exists()
    assert rows["sourced"]["output"]["stdout"].splitlines()[1] == "three four five"
