"""Runs of hand-made trees on this host."""

from pathlib import Path
from typing import Any

import pytest

from zester_modules.states.model import Guard
from zester_testing.plain_machine import PlainMachine
from zester_testing.state_trees import PLACE, NoCalls, grounds, ran, states

CHANGES = "test.succeed_with_changes"
FAILS = "test.fail_without_changes"
NOP = "test.nop"
Rows = dict[str, dict[str, Any]]


def seen(rows: Rows) -> dict[str, str]:
    return {name: row["skipped_by"] or row["result"] for name, row in rows.items()}


def test_a_failed_watcher_is_not_made_good_by_its_reaction(tmp_path: Path):
    tree = states(("conf", CHANGES, {}), ("service", FAILS, {"watch": ["conf"]}))
    rows = ran(tree, grounds(tmp_path / "run"))
    assert seen(rows) == {"conf": "changed", "service": "failed"}
    assert not rows["service"]["reaction"]


def test_a_reaction_that_fails_makes_the_state_fail(tmp_path: Path):
    tree = states(("conf", CHANGES, {}), ("service", NOP, {"watch": ["conf"], "result": False}))
    rows = ran(tree, grounds(tmp_path / "run"))
    assert (rows["service"]["result"], rows["service"]["reaction"]) == ("failed", True)


def test_a_target_of_prereq_does_not_run_when_what_comes_before_it_failed(tmp_path: Path):
    tree = states(
        ("drain", "test.fail_with_changes", {"prereq": ["deploy"]}),
        ("deploy", CHANGES, {}),
        ("after", NOP, {"require": ["deploy"]}),
    )
    rows = ran(tree, grounds(tmp_path / "run"))
    assert seen(rows) == {
        "drain": "failed", "deploy": "prereq_failed", "after": "require_failed",
    }  # fmt: skip


def test_a_target_whose_trial_fails_does_not_run_without_what_was_to_come_before(tmp_path: Path):
    machine = PlainMachine()
    tree = states(
        ("drain", CHANGES, {"prereq": ["deploy"]}),
        ("deploy", "cmd.run", {"name": "true", "cwd": "/nonexistent"}),
    )
    rows = ran(tree, grounds(tmp_path / "run", machine))
    assert seen(rows) == {"drain": "require_failed", "deploy": "failed"}
    assert machine.done == []


def test_a_prereq_of_a_state_that_is_itself_not_needed_is_not_needed(tmp_path: Path):
    tree = states(
        ("a", CHANGES, {"prereq": ["b"]}), ("b", CHANGES, {"prereq": ["c"]}), ("c", NOP, {})
    )
    rows = ran(tree, grounds(tmp_path / "run"))
    assert seen(rows) == {"b": "prereq_not_met", "a": "prereq_not_met", "c": "ok"}


def test_two_words_for_one_kind_are_one_list(tmp_path: Path):
    tree = states(
        ("moved", CHANGES, {}), ("still", NOP, {}),
        ("it", NOP, {"onchanges": ["still"], "onchanges_any": ["moved"]}),
        ("not", NOP, {"onchanges": ["still"], "onfail": ["moved"]}),
    )  # fmt: skip
    rows = seen(ran(tree, grounds(tmp_path / "run")))
    assert (rows["it"], rows["not"]) == ("ok", "onfail_not_met")


def test_failhard_lists_what_it_kept_from_running(tmp_path: Path):
    tree = states(("bad", FAILS, {}), ("next", NOP, {}))
    assert seen(ran(tree, grounds(tmp_path / "run"), failhard=True)) == {
        "bad": "failed", "next": "failhard",
    }  # fmt: skip
    assert seen(ran(tree, grounds(tmp_path / "run"), failhard=True, test=True))["next"] == "ok"


def test_retry_waits_between_attempts_and_reports_all_that_changed(tmp_path: Path):
    waited: list[float] = []
    script = f"echo x >> {tmp_path}/tries; test $(wc -l < {tmp_path}/tries) = 3"
    tree = states(("try", "cmd.run", {"name": script, "retry": {"attempts": 5, "interval": 7}}))
    rows = ran(tree, grounds(tmp_path / "run", sleep=waited.append))
    assert (rows["try"]["result"], rows["try"]["attempts"], waited) == ("changed", 3, [7, 7])


def test_retry_until_false_stops_at_the_first_failure(tmp_path: Path):
    retry = {"attempts": 5, "until": False}
    tree = states(("try", "cmd.run", {"name": "false", "retry": retry}))
    assert ran(tree, grounds(tmp_path / "run"))["try"]["attempts"] == 1


def test_a_dry_run_tries_once_and_runs_nothing(tmp_path: Path):
    machine = PlainMachine()
    tree = states(("try", "cmd.run", {"name": "false", "retry": {"attempts": 5}}))
    rows = ran(tree, grounds(tmp_path / "run", machine), test=True)
    assert (rows["try"]["result"], rows["try"]["attempts"]) == ("would-change", 1)
    assert machine.done == []


def test_a_guard_that_looks_at_what_would_change_leaves_the_state_in_doubt(tmp_path: Path):
    mark = tmp_path / "mark"
    tree = states(
        ("make", "cmd.run", {"name": f"touch {mark}"}),
        ("unless", "cmd.run", {"name": "true", "unless": [f"test -e {mark}"]}),
        ("onlyif", "cmd.run", {"name": "true", "onlyif": [f"test -e {mark}"]}),
        ("after", CHANGES, {"onchanges": ["onlyif"]}),
    )
    unknown = {"unknown": True, "because": ["make"]}

    rows = ran(tree, grounds(tmp_path / "run"), test=True)

    assert rows["make"]["certain"]
    assert rows["unless"]["changes"] == {"true": unknown}
    assert (rows["unless"]["result"], rows["unless"]["certain"]) == ("would-change", False)
    assert rows["onlyif"]["changes"]["true"]["because"] == ["make", "unless"]
    assert (rows["onlyif"]["skipped_by"], rows["onlyif"]["certain"]) == ("guard", False)
    assert rows["after"]["changes"]["after"]["because"] == ["onlyif"]
    assert not mark.exists()


def test_creates_is_asked_of_the_predicted_machine(tmp_path: Path):
    mark = tmp_path / "mark"
    tree = states(
        ("run", "cmd.run", {"name": "true", "creates": [str(mark)]}),
        ("again", "cmd.run", {"name": "false", "creates": [str(mark)]}),
    )
    rows = ran(tree, grounds(tmp_path / "run"), test=True)
    assert rows["run"]["certain"]
    assert rows["again"]["changes"] == {"false": {"unknown": True, "because": ["run"]}}
    mark.touch()
    assert seen(ran(tree, grounds(tmp_path / "run"))) == {"run": "guard", "again": "guard"}


def test_guards_may_call_functions_and_be_plain_truths(tmp_path: Path):
    def call(**fields: Any) -> Guard:
        return Guard(kind="onlyif", function="test.truth", place=PLACE, **fields)

    tree = states(
        ("yes", NOP, {"onlyif": [call(args=(True,))]}),
        ("no", NOP, {"onlyif": [call(args=([],))]}),
        ("part", NOP, {"onlyif": [call(args=({"a": {"b": 1}},), get_return="a:b")]}),
        ("absent", NOP, {"onlyif": [call(args=({"a": 1},), get_return="a:b")]}),
        ("never", NOP, {"unless": [Guard(kind="unless", truth=True, place=PLACE)]}),
    )
    assert seen(ran(tree, grounds(tmp_path / "run"))) == {
        "yes": "ok", "no": "guard", "part": "ok", "absent": "guard", "never": "guard",
    }  # fmt: skip


def test_check_cmd_has_the_last_word_after_a_state(tmp_path: Path):
    tree = states(("run", "cmd.run", {"name": "true", "check_cmd": ["false"]}))
    row = ran(tree, grounds(tmp_path / "run"))["run"]
    assert (row["result"], row["changed"]) == ("failed", True)
    assert "check_cmd" in row["comment"]


def test_parallel_states_run_beside_each_other(tmp_path: Path):
    fifo = f"{tmp_path}/fifo"
    tree = states(
        ("make", "cmd.run", {"name": f"mkfifo {fifo}"}),
        ("writer", "cmd.run", {"name": f"echo hello > {fifo}", "parallel": True}),
        ("reader", "cmd.run", {"name": f"cat {fifo}", "parallel": True}),
        ("after", NOP, {"require": ["writer"]}),
    )
    rows = ran(tree, grounds(tmp_path / "run"))
    assert list(rows) == ["make", "writer", "reader", "after"]
    assert seen(rows) == {
        "make": "changed", "writer": "changed", "reader": "changed", "after": "ok",
    }  # fmt: skip
    assert rows["reader"]["output"]["stdout"] == "hello\n"


def test_a_parallel_state_whose_process_dies_has_failed(tmp_path: Path):
    tree = states(
        ("dies", "cmd.run", {"name": "kill -9 $PPID", "parallel": True}),
        ("after", NOP, {"require": ["dies"]}),
    )
    rows = ran(tree, grounds(tmp_path / "run"))
    assert seen(rows) == {"dies": "failed", "after": "require_failed"}
    assert "signal 9" in rows["dies"]["comment"]


def test_one_parallel_state_at_a_time_is_possible(tmp_path: Path):
    line = f"echo in >> {tmp_path}/log; sleep 0.05; echo out >> {tmp_path}/log"
    tree = states(*((name, "cmd.run", {"name": line, "parallel": True}) for name in "abc"))
    ran(tree, grounds(tmp_path / "run"), parallel=1)
    assert (tmp_path / "log").read_text().split() == ["in", "out"] * 3


def test_a_sensitive_state_shows_neither_values_nor_output(tmp_path: Path):
    tree = states(("run", "cmd.run", {"name": "echo hunter2", "no_log": True}))
    row = ran(tree, grounds(tmp_path / "run"))["run"]
    assert row["result"] == "changed"
    assert row["output"] is None
    assert row["changes"] == {"echo hunter2": {"before": None, "after": "***"}}


def test_events_are_fired_after_states_but_not_in_dry_runs(tmp_path: Path):
    fired: list[tuple[str, Any]] = []

    def event(tag: str, data: Any) -> None:
        fired.append((tag, data))

    tree = states(("a", CHANGES, {"fire_event": "own/tag"}), ("b", NOP, {"fire_event": True}))
    ran(tree, grounds(tmp_path / "run", event=event), test=True)
    assert fired == []
    ran(tree, grounds(tmp_path / "run", event=event))
    assert [(tag, data["id"], data["changed"]) for tag, data in fired] == [
        ("own/tag", "a", True), ("", "b", False),
    ]  # fmt: skip


def test_what_was_looked_up_is_forgotten_where_a_state_says_so(tmp_path: Path):
    forgotten: list[int] = []
    tree = states(("a", NOP, {"reload_modules": True}), ("b", NOP, {}))
    ran(tree, grounds(tmp_path / "run", forget=lambda: forgotten.append(1)))
    assert forgotten == [1]


def test_an_unknown_state_and_wrong_arguments_fail_at_their_turn(tmp_path: Path):
    tree = states(
        ("a", "nothing.here", {}),
        ("b", "test.configurable_test_state", {"changes": "sometimes"}),
        ("c", NOP, {}),
    )
    rows = ran(tree, grounds(tmp_path / "run"))
    assert seen(rows) == {"a": "failed", "b": "failed", "c": "ok"}
    assert "nothing.here" in rows["a"]["comment"]
    assert "changes" in rows["b"]["comment"]


def test_functions_are_called_in_both_syntaxes_and_not_in_dry_runs(tmp_path: Path):
    calls = NoCalls()
    tree = states(
        ("new", "module.run", {"test.change": ["a", {"b": 1}]}),
        ("old", "module.run", {"name": "test.change", "m_name": "x"}),
        ("no", "module.run", {"test.truth": [False]}),
        ("wait", "module.wait", {"name": "test.change", "watch": ["new"]}),
    )
    rows = ran(tree, grounds(tmp_path / "run", calls=calls), test=True)
    assert {row["result"] for row in rows.values()} == {"would-change"}
    assert calls.changed == []
    rows = ran(tree, grounds(tmp_path / "run", calls=calls))
    assert seen(rows) == {"new": "changed", "old": "changed", "no": "failed", "wait": "changed"}
    assert calls.changed == [(("a",), {"b": 1}), ((), {"name": "x"}), ((), {})]


@pytest.mark.parametrize("test", [True, False])
def test_settings_are_looked_at(tmp_path: Path, *, test: bool):
    settings = {"a": {"b": 1}, "words": ["x"], "flag": True}
    good = {"present": ["a:b"], "integer": ["a:b"], "listing": ["words"], "boolean": ["flag"]}
    tree = states(
        ("good", "test.check_pillar", good),
        ("bad", "test.check_pillar", {"present": ["a:c"], "string": ["words"]}),
        ("show", "test.show_notification", {"text": "hello", "other": 1}),
    )
    rows = ran(tree, grounds(tmp_path / "run", settings=settings), test=test)
    assert seen(rows) == {"good": "ok", "bad": "failed", "show": "ok"}
    assert rows["bad"]["comment"].startswith(
        "settings are not in order: a:c is missing, words is no text"
    )
    assert rows["show"]["comment"] == "hello"
