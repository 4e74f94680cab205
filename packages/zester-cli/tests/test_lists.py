"""The commands that list: jobs, peels, facts, targets, whoami, doc."""

import json
from pathlib import Path
from typing import Any

import pytest

from zester_proto.codec import pack
from zester_proto.messages.operators import DrainAsk, FactsAsk, JobAsk, JobsAsk, PeelAsk, TargetAsk
from zester_proto.permissions import Role
from zester_testing.stage import Done, StageMaster, ok, plain, row

JID = "2hPx1FNsSgJMqVn5bLSTXeBQMpO"
INFO: dict[str, Any] = {
    "jid": JID, "state": "complete", "target": "web-*", "function": "cmd.run",
    "arguments": ["command"], "operator": "alice", "created": 1_700_000_000.0,
    "deadline": 1_700_000_060.0, "timeout": 60.0, "count": 3, "counts": {"ok": 2, "lost": 1},
    "owners": ["master-1", "master-2"], "closed": 1_700_000_004.5, "parent": "",
}  # fmt: skip


async def test_jobs_are_listed_newest_first(master: StageMaster) -> None:
    older = "2hPx1FNsSgJMqVn5bLSTXeBQMpA"
    master.lists(
        "jobs",
        [
            row(older, "running", pack({**INFO, "jid": older, "created": 1.6e9})),
            row(JID, "complete", pack(INFO)),
        ],
    )
    done = await master.zester(
        "job", "list", "--state", "complete", "--since", "1d", "--limit", "7"
    )
    lines = done.out.split("\n")
    assert lines[0].split() == [
        "JID", "CREATED", "OPERATOR", "STATE", "OUTCOMES", "FUNCTION", "TARGET",
    ]  # fmt: skip
    assert lines[1].startswith(JID)
    assert lines[2].startswith(older)
    for word in ("alice", "complete", "2 ok, 1 lost", "cmd.run", "web-*"):
        assert word in lines[1]
    ask = master.asked[-1].ask(JobsAsk)
    assert (ask.state, ask.limit, ask.active) == ("complete", 7, False)
    assert ask.since > 1_700_000_000
    raw = await master.zester("job", "list", "--output", "raw")
    assert raw.out == f"{JID}\n{older}\n"
    found = json.loads((await master.zester("job", "active", "--output", "json")).out)
    assert found[0] == INFO
    assert master.asked[-1].ask(JobsAsk).active is True


async def test_no_jobs_are_said_on_standard_error_alone(master: StageMaster) -> None:
    master.lists("jobs", [])
    done = await master.zester("job", "active")
    assert (done.out, done.code) == ("", 0)
    assert "no job runs now" in done.err


async def test_a_job_is_shown_with_its_owners_and_outcomes(master: StageMaster) -> None:
    rows = [ok("web-1"), row("web-2", "ok", plain(True, seconds=9.0)), row("web-3", "lost")]
    master.runs(*rows, verb="job", **INFO)
    done = await master.zester("job", "show", JID)
    assert "master-1, master-2" in done.out
    assert "ended after 4.5 s" in done.out
    assert "2 ok, 1 lost" in done.out
    assert "alice" in done.out
    assert done.code == 4
    failed = await master.zester("job", "show", JID, "--failed", "--output", "json")
    assert list(json.loads(failed.out)["peels"]) == ["web-3"]
    assert failed.code == 4
    slowest = await master.zester("job", "show", JID, "--slowest", "--output", "json")
    assert list(json.loads(slowest.out)["peels"]) == ["web-2", "web-1", "web-3"]
    await master.zester("job", "show", JID, "--peel", "web-2")
    assert master.asked[-1].ask(JobAsk).peel == "web-2"


async def test_a_running_job_is_shown_as_far_as_it_is(master: StageMaster) -> None:
    rows = [ok("web-1"), row("web-2", "running")]
    master.runs(*rows, verb="job", **{**INFO, "state": "running", "closed": 0})
    done = await master.zester("job", "show", JID)
    assert "1 peels have not answered yet" in done.err
    assert "1 ok, 1 running" in done.out


async def test_cancelling_says_what_happens_now(master: StageMaster) -> None:
    master.says("cancel", {"jid": JID, "state": "running"})
    done = await master.zester("job", "cancel", JID)
    assert (done.out, done.code) == ("", 0)
    assert f"zester job wait {JID}" in done.err
    master.says("cancel", {"jid": JID, "state": "complete"})
    done = await master.zester("job", "cancel", JID, "--output", "json")
    assert json.loads(done.out) == {"jid": JID, "state": "complete"}


PEEL: dict[str, Any] = {
    "state": "present", "since": 1_700_000_000.0, "version": "0.1.0", "address": "10.0.0.7",
    "instance": "i", "facts": 1_700_000_000.0, "clock": 0.21, "problem": "",
}  # fmt: skip


async def test_peels_are_listed_with_state_and_clock(master: StageMaster) -> None:
    rows = [
        row("b", "absent", pack({**PEEL, "state": "absent", "clock": -3600.0})),
        row("a.example.com", "present", pack(PEEL)),
    ]
    master.lists("peels", rows)
    done = await master.zester("peel", "list")
    lines = done.out.split("\n")
    assert lines[1].split()[:2] == ["a.example.com", "present"]
    assert "+0.2 s" in lines[1]
    assert "10.0.0.7" in lines[1]
    assert "-3600 s, wrong" in lines[2]
    assert (await master.zester("peel", "list", "--output", "raw")).out == "a.example.com\nb\n"
    await master.zester("peel", "list", "web-*", "--output", "json")
    assert master.asked[-1].ask(TargetAsk).target == "web-*"


async def test_one_peel_is_shown_with_its_facts(master: StageMaster) -> None:
    master.lists("peels", [row("a", "present", pack(PEEL))])
    master.lists("facts", [row("a", "", pack({"os": "debian", "cpu": {"count": 4}}))])
    done = await master.zester("peel", "show", "a")
    assert "state: present" in done.out
    assert "os: debian" in done.out
    found = json.loads((await master.zester("peel", "show", "a", "--output", "json")).out)
    assert found["facts"]["cpu"] == {"count": 4}
    missing = await master.zester("peel", "show", "b")
    assert "there is no peel 'b'" in missing.err
    assert missing.code == 3


async def test_pinging_is_a_job(master: StageMaster) -> None:
    master.runs(ok("a"))
    done = await master.zester("peel", "ping", "a", "--timeout", "5")
    assert done.code == 0
    ask = master.run_ask()
    assert (ask.target, ask.function, ask.timeout) == ("a", "test.ping", 5.0)


FACTS = [
    row("a", "", pack({"os": "debian", "cpu:count": 4})),
    row("b", "", pack({"os": "debian", "cpu:count": 4})),
    row("c", "", pack({"os": "alpine"})),
]


async def test_facts_are_shown_by_peel(master: StageMaster) -> None:
    master.lists("facts", FACTS)
    done = await master.zester("facts", "get", "*", "os", "cpu:count")
    rows = [line.split() for line in done.out.split("\n")]
    assert rows[:2] == [["PEEL", "OS", "CPU:COUNT"], ["a", "debian", "4"]]
    assert rows[3] == ["c", "alpine", "-"]
    ask = master.asked[-1].ask(FactsAsk)
    assert (ask.target, ask.keys) == ("*", ("os", "cpu:count"))
    raw = await master.zester("facts", "get", "*", "os", "--output", "raw")
    assert raw.out == "debian\ndebian\nalpine\n"
    whole = await master.zester("facts", "get", "*")
    assert "a:\n    os: debian\n" in whole.out.replace("    cpu:count: 4\n", "")


async def test_facts_are_counted_by_value(master: StageMaster) -> None:
    master.lists("facts", FACTS)
    done = await master.zester("facts", "query", "*", "os", "cpu:count")
    rows = [line.split(maxsplit=3) for line in done.out.split("\n")]
    assert rows[1] == ["debian", "4", "2", "a, b"]
    assert rows[2] == ["alpine", "-", "1", "c"]
    found = json.loads((await master.zester("facts", "query", "*", "os", "--output", "json")).out)
    assert found[0] == {"facts": {"os": "debian"}, "count": 2, "peels": ["a", "b"]}


async def test_a_target_names_ids_or_explains_itself(master: StageMaster) -> None:
    parts = [{"text": "a or b", "count": 2, "depth": 0}, {"text": "a", "count": 1, "depth": 1}]
    rows = [row("b", "present"), row("a", "absent")]
    master.lists("target", rows, {"count": 2, "explain": parts})
    assert (await master.zester("target", "a or b")).out == "a\nb\n"
    done = await master.zester("target", "a or b", "--explain")
    assert [line.split() for line in done.out.split("\n")[1:3]] == [
        ["2", "a", "or", "b"],
        ["1", "a"],
    ]
    master.lists("target", [], {"count": 0, "explain": []})
    done = await master.zester("target", "none")
    assert done.code == 3
    assert "nobody matches" in done.err


async def test_nobody_is_exit_3_wherever_a_target_is_asked_for(master: StageMaster) -> None:
    for verb in ("peels", "facts", "target"):
        master.lists(verb, [], {"count": 0})
    for words in (
        ("peel", "list", "none"),
        ("facts", "get", "none", "os"),
        ("facts", "query", "none", "os"),
        ("target", "none"),
    ):
        done = await master.zester(*words)
        assert "nobody matches 'none'" in done.err
        assert (done.code, done.out) == (3, "")
    assert (await master.zester("peel", "list")).code == 0


async def test_peels_are_drained_by_name(master: StageMaster) -> None:
    for verb in ("drain", "undrain"):
        master.says(verb, {"peels": ["a", "b"], "number": 7})
        done = await master.zester("peel", verb, "a or b")
        assert done.out == "a\nb\n"
        assert f"{verb}ed: 2 peels" in done.err
        assert master.asked[-1].request.verb == verb
        assert master.asked[-1].ask(DrainAsk).target == "a or b"


async def test_a_peel_is_let_in_again_by_its_id(master: StageMaster) -> None:
    master.says("unquarantine", {"peels": ["evil"]})
    done = await master.zester("peel", "unquarantine", "evil")
    assert (done.code, done.out) == (0, "evil\n")
    assert master.asked[-1].ask(PeelAsk).id == "evil"
    refused = await master.zester("peel", "unquarantine", "evil", role=Role.OPERATOR)
    assert refused.code == 6


async def test_how_the_settings_are_is_told_beside_the_trees(master: StageMaster) -> None:
    head = {"generation": 7, "publisher": "master-1", "issued": 1.7e9, "files": 2, "peels": 3}
    none: dict[str, Any] = {"count": 0, "peels": []}
    settings: dict[str, Any] = {
        "holder": "master-1", "published": head, "problems": [], "bundles": 3, "lacking": none,
        "keyless": none, "refused": none,
        "masters": [{"name": "master-1", "state": "same", "problems": 0}],
    }  # fmt: skip
    tree: dict[str, Any] = {
        "master": "master-1", "holder": "master-1", "published": None, "problems": [],
        "masters": [{"name": "master-1", "root": "ab", "state": "same", "problems": 0}],
        "settings": settings,
    }  # fmt: skip
    master.says("tree-status", tree)
    done = await master.zester("tree", "status")
    assert done.code == 0
    assert "generation 7, by master-1" in done.out
    assert "2 files, sealed for 3 peels" in done.out

    lacking = {"count": 7, "peels": [f"web-{number}" for number in range(7)]}
    broken = {"name": "master-1", "state": "broken", "problems": 2}
    master.says("tree-status", {**tree, "settings": {
        **settings, "lacking": lacking, "problems": ["web.zy:1: no"], "masters": [broken]}
    })  # fmt: skip
    done = await master.zester("tree", "status")
    assert done.code == 1
    assert "7 peels without settings" in done.out
    assert "web-4 and 2 more" in done.out
    assert "broken (2)" in done.out
    assert "master-1: web.zy:1: no" in done.out

    master.says("tree-status", {key: tree[key] for key in tree if key != "settings"})
    assert (await master.zester("tree", "status")).code == 0  # of an older master


async def test_masters_and_conditions_are_shown(master: StageMaster) -> None:
    beat = {"name": "master-1", "version": "0.1.0", "started": 1.7e9, "active": 3, "bundle": 2}
    master.says("masters", [beat])
    done = await master.zester("master", "list")
    assert "master-1" in done.out
    assert done.out.splitlines()[1].split()[-2:] == ["3", "2"]
    quiet: dict[str, Any] = {
        "master": "master-1",
        "peels": {"present": 3},
        "jobs": 0,
        "conditions": [],
    }
    master.says("status", quiet)
    assert (await master.zester("status")).code == 0
    wrong = {"code": "clock-off", "severity": "warning", "text": "an hour off", "hint": "ntp"}
    master.says("status", {**quiet, "conditions": [wrong]})
    done = await master.zester("status")
    assert "an hour off" in done.out
    assert done.code == 1
    assert (await master.zester("status", "--output", "raw")).out == "clock-off\n"


async def test_whoami_says_name_and_role(master: StageMaster) -> None:
    master.says("whoami", {"name": "vera", "role": "viewer", "verbs": ["jobs", "facts"]})
    done = await master.zester("whoami", role=Role.VIEWER)
    assert "role: viewer" in done.out
    assert "verbs: facts jobs" in done.out
    assert master.asked[-1].operator == "vera"


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    path = tmp_path / "fleet.jsonl"
    hosts = [
        {"id": "web-1", "facts": {"os": "debian"}},
        {"id": "Web 2".replace(" ", "-"), "facts": {"os": "alpine"}},
        {"id": "db-1", "facts": {"os": "debian"}, "settings": {"env": "prod"}},
    ]
    path.write_text("".join(json.dumps(host) + "\n" for host in hosts))
    return path


async def offline(master: StageMaster, *words: str) -> Done:
    return await master.zester("target", *words, ZESTER_CONFIG="/nonexistent")


async def test_a_made_up_fleet_is_asked_without_a_server(master: StageMaster, fleet: Path) -> None:
    code, out, err = await offline(master, "G@os:debian", "--fleet", str(fleet))
    assert (code, out, err) == (0, "db-1\nweb-1\n", "")
    words = ("G@os:debian and I@env:prod", "--fleet", str(fleet), "--explain")
    code, out, _ = await offline(master, *words)
    assert code == 0
    assert "2  " in out
    groups = fleet.with_name("groups.json")
    groups.write_text('{"dbs": "db-*"}')
    code, out, _ = await offline(master, "N@dbs", "--fleet", str(fleet), "--groups", str(groups))
    assert (code, out) == (0, "db-1\n")
    code, out, _ = await offline(master, "none", "--fleet", str(fleet))
    assert (code, out) == (3, "")


async def test_a_malformed_target_shows_a_caret_and_is_exit_2(
    master: StageMaster, fleet: Path
) -> None:
    for expression in ("web-* and", "N@nogroup", "(web-1"):
        code, out, err = await offline(master, expression, "--fleet", str(fleet))
        assert (code, out) == (2, "")
        assert re_caret(err), err


async def test_a_malformed_fleet_names_the_line(master: StageMaster, tmp_path: Path) -> None:
    path = tmp_path / "fleet.jsonl"
    path.write_text("not json\n")  # a line, before anything runs
    code, _, err = await offline(master, "*", "--fleet", str(path))
    assert code == 2
    assert "line 1" in err


def re_caret(text: str) -> bool:
    return any(line.strip() == "^" for line in text.split("\n"))


async def test_help_of_a_function_is_that_of_the_function(master: StageMaster) -> None:
    done = await master.zester("*", "cmd.run", "--help")
    assert "zester TARGET cmd.run COMMAND" in done.out
    everything = await master.zester("doc", "--output", "raw")
    assert "test.ping" in everything.out.split("\n")
    module = await master.zester("doc", "test")
    assert "test.ping" in module.out
    assert "cmd.run" not in module.out
    unknown = await master.zester("doc", "cmd.rnu")
    assert "did you mean cmd.run" in unknown.err
    assert unknown.code == 2
