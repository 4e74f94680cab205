"""Runs of states as a person reads them: together where peels agree, harmless, nothing hidden."""

import io
from typing import Any

import pytest

from zester_cli.output.job import job_lines, runs_of
from zester_cli.output.runs import read_run
from zester_cli.output.screen import Screen
from zester_cli.output.state_lines import ALL, View
from zester_cli.output.states import hidden_diffs
from zester_cli.results import JobResult, PeelResult

DIFF = "--- before\n+++ after\n@@ -1 +1 @@\n-port 80\n+port 81\n"


def state(state_id: str, result: str = "ok", **fields: Any) -> dict[str, Any]:
    return {
        "id": state_id, "function": "file.managed", "name": state_id, "result": result,
        "changed": result in {"changed", "would-change"}, "certain": True, "changes": {},
        "diff": "", "output": None, "comment": "", "warnings": [], "skipped_by": None,
        "reaction": False, "attempts": 1, "duration_ms": 1.5,
        "source": {"file": "web.zy", "line": 3}, **fields,
    }  # fmt: skip


def run(result: str, *states: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"result": result, "errors": [], "warnings": [], "states": list(states), **fields}


def answer(value: dict[str, Any], outcome: str = "", **fields: Any) -> PeelResult:
    return PeelResult(outcome or str(value["result"]), value, **fields)


def shown(peels: dict[str, PeelResult], view: View = ALL, *, colours: bool = False) -> str:
    out = io.StringIO()
    if colours:
        out.isatty = lambda: True
    job = JobResult("J", "*", "state.apply", peels)
    return "\n".join(job_lines(Screen(out=out, err=io.StringIO()), job, view))


LEAF = {"version": {"before": None, "after": "1.22"}, "mode": {"before": "0600", "after": "0644"}}


def test_peels_that_agree_are_one_group() -> None:
    value = run("changed", state("a"), state("nginx", "changed", changes=LEAF))
    text = shown({f"web-{n}": answer(value, seconds=n / 10) for n in (1, 2, 3)})
    assert text.splitlines() == [
        "3 peels: web-[1-3]: changed after 0.10-0.30 s",
        "    + nginx  file.managed  changed",
        "        version: 1.22",
        "        mode: 0600 → 0644",
        "    6 states: 3 ok, 3 changed",
    ]


def test_times_and_values_do_not_split_a_group_but_are_told() -> None:
    peels = {
        f"web-{n}": answer(
            run("changed", state("page", "changed", name=f"/srv/{min(n, 2)}", duration_ms=n,
                                 changes={"text": {"before": None, "after": f"web {min(n, 2)}"}}))
        )
        for n in (1, 2, 3)
    }  # fmt: skip
    assert shown(peels).splitlines() == [
        "3 peels: web-[1-3]: changed",
        "    + page  file.managed  changed",
        "        on web-1:",
        "          /srv/1",
        "          text: web 1",
        "        on web-[2-3]:",
        "          /srv/2",
        "          text: web 2",
        "    3 states: 3 changed",
    ]


def test_a_leaf_does_not_repeat_the_name_of_its_state() -> None:
    changes = {"/etc/x": {"before": None, "after": "file"},
               "/etc/x:mode": {"before": "0600", "after": None}}  # fmt: skip
    value = run("changed", state("conf", "changed", name="/etc/x", changes=changes))
    assert shown({"web-1": answer(value)}).splitlines()[1:4] == [
        "    + conf (/etc/x)  file.managed  changed",
        "        file",
        "        mode: 0600 → (none)",
    ]


def test_what_peels_share_is_told_once() -> None:
    peels = {
        f"web-{n}": answer(run("changed", state("page", "changed", name=f"/srv/{n}", changes={
            f"/srv/{n}": {"before": None, "after": "file"},
            f"/srv/{n}:mode": {"before": None, "after": "0644"}},
            diff=f"--- /dev/null\n+++ /srv/{n}\n@@ -0,0 +1 @@\n+hello\n")))
        for n in (1, 2)
    }  # fmt: skip
    assert shown(peels, View(diff=True)).splitlines()[1:] == [
        "    + page  file.managed  changed",
        "        file",
        "        mode: 0644",
        "        on web-1: /srv/1",
        "        on web-2: /srv/2",
        "        @@ -0,0 +1 @@",
        "        +hello",
        "    2 states: 2 changed",
    ]


def test_many_different_values_are_counted_after_the_first() -> None:
    peels = {
        f"web-{n}": answer(run("changed", state("page", "changed", changes={
            "text": {"before": "x", "after": str(n)}})))
        for n in range(1, 9)
    }  # fmt: skip
    text = shown(peels)
    assert "… on web-[6-8] it is different again" in text
    assert "text: x → 8" not in text
    assert "zester job show J --peel ID" in text


def test_groups_end_with_a_line_for_all() -> None:
    text = shown({
        "web-1": answer(run("failed", state("a"), state("b", "failed", comment="no space"))),
        "web-2": answer(run("ok", state("a"), state("b"))),
        "web-3": PeelResult("offline"),
    })  # fmt: skip
    lines = text.splitlines()
    assert lines[:2] == ["web-2: ok", "    2 states: 2 ok"]
    assert lines[3] == "web-1: failed"
    assert "in all, 2 peels: 4 states: 3 ok, 1 failed" in lines
    assert lines.index("web-3: offline") > lines.index("web-1: failed")


def test_what_is_uncertain_says_why() -> None:
    text = shown({"web-1": answer(run(
        "would-change",
        state("conf", "would-change", certain=False, changes={
            "contents": {"unknown": True, "because": ["nginx", "repo"], "before": "old"},
            "mode": {"unknown": True, "because": []},
        }),
        state("after", certain=False),
    ))})  # fmt: skip
    assert text.splitlines()[1:] == [
        "    ~ conf   file.managed  would-change (uncertain)",
        "        contents: old → unknown until nginx, repo ran",
        "        mode: unknown beforehand",
        "      after  file.managed  ok (uncertain)",
        "        it may be otherwise when the states before it have run",
        "    2 states: 1 ok, 1 would change, 2 uncertain",
    ]


def test_what_a_command_may_change_is_told_once() -> None:
    text = shown({"web-1": answer(run(
        "would-change",
        state("migrate", "would-change", changes={"migrate": {"before": None, "after": "run"}}),
        state("conf", "would-change", certain=False, unsettled_by=["migrate"],
              changes={"mode": {"before": "0600", "after": "0644"}}),
        state("same", certain=False, unsettled_by=["migrate"]),
        state("reload", "skipped", certain=False, unsettled_by=["migrate"]),
    ))})  # fmt: skip
    assert text.splitlines()[1:] == [
        "    ~ migrate  file.managed  would-change",
        "        run",
        "    ~ conf     file.managed  would-change (uncertain)",
        "        mode: 0600 → 0644",
        "    - reload   file.managed  skipped (uncertain)",
        "    4 states: 1 ok, 2 would change, 1 skipped, 3 uncertain after migrate",
    ]


def test_a_failure_tells_comment_output_and_line() -> None:
    output = {"stdout": "one\n", "stderr": "two\n", "exit_code": 3}
    text = shown({"web-1": answer(run(
        "failed",
        state("x", "failed", comment="it ended\nwith 3", output=output, attempts=2),
        state("y", "skipped", skipped_by="require_failed", comment="x failed"),
    ))})  # fmt: skip
    assert text.splitlines()[1:] == [
        "    ! x  file.managed  failed",
        "        it ended",
        "        with 3",
        "        | one",
        "        | stderr:",
        "        | two",
        "        at web.zy:3",
        "        after 2 attempts",
        "    - y  file.managed  skipped (require_failed)",
        "        x failed",
        "    2 states: 1 failed, 1 skipped",
    ]


def test_a_state_that_was_typed_has_what_was_typed_in_place_of_a_line() -> None:
    typed = {"file": "state.single cmd.run false", "line": None}
    text = shown({"a": answer(run("failed", state("x", "failed", comment="no", source=typed)))})
    assert "        given: state.single cmd.run false" in text.splitlines()


def test_what_commands_wrote_is_never_mixed() -> None:
    peels = {
        f"web-{n}": answer(run("failed", state("x", "failed", comment="no", output=f"a\n{n}\na")))
        for n in (1, 2)
    }
    lines = [line.strip() for line in shown(peels).splitlines()]
    assert lines[2:] == [
        "on web-1:", "no", "| a", "| 1", "| a", "at web.zy:3",
        "on web-2:", "no", "| a", "| 2", "| a", "at web.zy:3",
        "2 states: 2 failed",
    ]  # fmt: skip


def test_errors_of_a_tree_have_their_places() -> None:
    errors = [
        {"file": "web.zy", "line": 3, "column": 7, "message": "no argument moode",
         "hint": "did you mean mode?", "rendered": "  - moode: 1\n    ^"},
        {"file": "", "line": None, "column": None, "message": "a cycle", "hint": "",
         "because": ["a.zy:1: a", "b.zy:2: b"]},
    ]  # fmt: skip
    value = run("refused", errors=errors, more_errors=2)
    result = answer(value, error="the tree has 4 errors; nothing ran")
    assert shown({"web-1": result}).splitlines() == [
        "web-1: refused",
        "    error: web.zy:3:7: no argument moode (did you mean mode?)",
        "          - moode: 1",
        "            ^",
        "    error: a cycle",
        "        a.zy:1: a",
        "        b.zy:2: b",
        "    and 2 more errors",
        "    4 errors, nothing ran",
    ]


def test_warnings_of_a_state_that_is_ok_are_shown() -> None:
    text = shown({"web-1": answer(run("ok", state("a"), state("b", warnings=["no such thing"])))})
    assert "      b  file.managed  ok\n        warning: web.zy:3: no such thing" in text
    assert "      a  " not in text


def test_diffs_are_shown_when_asked_for_and_announced_else() -> None:
    peels = {"web-1": answer(run("changed", state("a", "changed", diff=DIFF)))}
    members = runs_of(JobResult("J", "*", "state.apply", peels))
    assert "port 80" not in shown(peels)
    assert hidden_diffs(members, ALL) == 1
    assert "        -port 80\n        +port 81" in shown(peels, View(diff=True))
    assert hidden_diffs(members, View(diff=True)) == 0


def test_diffs_are_coloured_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    peels = {"web-1": answer(run("changed", state("a", "changed", diff=DIFF)))}
    text = shown(peels, View(diff=True), colours=True)
    assert "\x1b[31m-port 80\x1b[0m" in text
    assert "\x1b[32m+port 81\x1b[0m" in text


def test_a_summary_has_the_counts_alone() -> None:
    peels = {"web-1": answer(run("changed", state("a", "changed", changes=LEAF)))}
    assert shown(peels, View(summary=True)).splitlines() == [
        "web-1: changed",
        "    1 state: 1 changed",
    ]


def test_the_slowest_states_come_first() -> None:
    value = run("ok", state("quick", duration_ms=2), state("slow", duration_ms=2500))
    lines = shown({"web-1": answer(value)}, View(slowest=True)).splitlines()
    assert lines[1:4] == [
        "    slowest states:",
        "           2.500 s  slow  file.managed",
        "           0.002 s  quick  file.managed",
    ]


def test_nothing_of_a_run_can_steer_a_terminal() -> None:
    evil = "\x1b[2J\r"
    value = run(
        "failed",
        state(evil, "failed", function=evil, comment=evil, output=evil, diff=evil,
              warnings=[evil], changes={evil: {"before": evil, "after": evil}},
              source={"file": evil, "line": 1}),
        errors=[{"file": evil, "line": 1, "column": 1, "message": evil, "hint": evil,
                 "rendered": evil, "because": [evil]}],
    )  # fmt: skip
    text = shown({"web-1": answer(value)}, View(diff=True, slowest=True))
    assert "\x1b" not in text
    assert "\r" not in text


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"result": "ok"},
        {"result": "ok", "errors": [], "states": [{"id": 1}]},
        {"result": "ok", "errors": {}, "states": []},
        {"result": "ok", "errors": [], "states": "none"},
    ],
)
def test_another_form_is_no_run_and_shown_all_the_same(value: Any) -> None:
    assert read_run(value) is None
    assert shown({"web-1": PeelResult("ok", value)})


def test_mistakes_that_lint_found_have_their_places() -> None:
    value = {
        "files": 2,
        "errors": [{"file": "a.zy", "line": 1, "column": None, "message": "bad", "hint": "do it"}],
        "hidden": [{"file": "b.zy", "root": "/two", "by": "/one"}],
    }
    peels = {f"web-{n}": PeelResult("failed", value, error="1 error") for n in (1, 2)}
    assert shown(peels).splitlines() == [
        "2 peels: web-[1-2]: failed",
        "    a.zy:1: bad (do it)",
        "    b.zy: the one in /two is hidden by /one",
        "    2 files: 1 error",
    ]


def test_the_states_of_a_tree_are_a_table() -> None:
    found = {"id": "conf", "function": "file.managed", "name": "/etc/x", "order": 10000,
             "arguments": {}, "requisites": [{"kind": "require", "text": "x", "ids": ["a", "b"],
             "line": 1}], "source": {"file": "web.zy", "line": 3}, "unknown": False}  # fmt: skip
    lines = shown({"web-1": PeelResult("ok", {"errors": [], "states": [found]})}).splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["ID", "FUNCTION", "NAME", "SOURCE", "REQUISITES"],
        ["conf", "file.managed", "/etc/x", "web.zy:3", "require", "a,", "b"],
    ]
