"""`zester job rerun` and `zester job resume`: what is asked, and what is shown."""

import json

import pytest

from zester_proto.messages.operators import AgainAsk
from zester_testing.stage import Asked, StageMaster, ok, row

JID = "2hPx1FNsSgJMqVn5bLSTXeBQMpO"


@pytest.mark.parametrize(
    ("words", "verb", "part"),
    [
        (["rerun", JID], "rerun", "all"),
        (["rerun", JID, "--failed"], "rerun", "failed"),
        (["rerun", "--missing", JID], "rerun", "missing"),
        (["resume", JID], "resume", "unasked"),
    ],
)
async def test_a_child_is_asked_for_and_shown_like_any_job(
    master: StageMaster, words: list[str], verb: str, part: str
) -> None:
    told = {"target": "web-*", "function": "test.echo", "parent": JID, "part": part}
    master.runs(ok("a", "again"), row("b", "offline"), verb=verb, **told)
    done = await master.zester("job", *words, "--batch", "10%", "--output", "json")
    ask = next(one for one in master.asked if one.request.verb == verb).ask(AgainAsk)
    assert (ask.parent, ask.part, ask.batch, ask.timeout) == (JID, part, "10%", 0.0)
    assert ask.jid != JID
    found = json.loads(done.out)
    assert (found["jid"], found["target"], found["parent"]) == (ask.jid, "web-*", JID)
    assert found["peels"]["a"]["return"] == "again"
    assert done.code == 4


async def test_async_prints_the_childs_jid_alone(master: StageMaster) -> None:
    async def started(asked: Asked) -> None:
        jid = asked.ask(AgainAsk).jid
        told = {"jid": jid, "count": 2, "epoch": 1, "target": "*", "function": "cmd.run"}
        await master.answer(asked, told)

    master.handlers["rerun"] = started
    done = await master.zester("job", "rerun", JID, "--async", "--output", "json")
    found = json.loads(done.out)
    assert found == {"jid": found["jid"], "target": "*", "function": "cmd.run", "count": 2}
    assert found["jid"] != JID
    assert done.code == 0


async def test_two_parts_at_once_and_no_jid_are_usage_errors(master: StageMaster) -> None:
    for words in (["rerun", JID, "--failed", "--missing"], ["resume", "nonsense"], ["rerun"]):
        done = await master.zester("job", *words)
        assert done.code == 2, words
        assert not master.verbs()


async def test_a_stopped_job_says_how_to_go_on(master: StageMaster) -> None:
    master.runs(ok("a"), row("b", "cancelled"), state="stopped")
    done = await master.zester("*", "test.ping", "--batch", "1")
    assert f"zester job resume {master.run_ask().jid}" in done.err
