"""Events that states and functions tell: on the bus, sealed; kept while there is none."""

import base64
from pathlib import Path
from typing import Any

import pytest

from zester_modules.context import Context
from zester_modules.events import WAKE, EventProblem, tell, waiting
from zester_modules.registry import Registry
from zester_proto.codec import decode
from zester_proto.identity.sealing import SealError
from zester_proto.link.jsapi import ask
from zester_proto.messages.events import STREAM, BadTag, Event, subject_of, unseal
from zester_testing.peels import Peel, is_welcome
from zester_testing.raw_master import RawMaster
from zester_testing.site import Bus

TREE = """\
told:
  event.send:
    - name: myco/deploy/finished
    - data: {version: "1.10"}
    - who: me
nothing:
  test.nop:
    - fire_event: true
named:
  test.nop:
    - fire_event: own/tag
badly:
  test.nop:
    - fire_event: no tag at all
"""


async def test_states_and_functions_tell_events_that_only_the_masters_read(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "web.sls").write_text(TREE)
    with Peel.up(bus, "events-1.example.com", tmp_path, state_roots=str(tree)) as peel:
        await is_welcome(peel)
        dry = await master.run(peel.identity, "state.apply", "web", test=True)
        assert dry.outcome == "would-change"
        run = await master.run(peel.identity, "state.apply", "web")
        assert run.outcome == "changed", run.error
        sent = await master.run(peel.identity, "event.send", "by.hand", kwargs={"n": 1})
        assert sent.value is True

        told = await master.until(
            lambda: len(found := master.told(peel.identity)) >= 4 and found, "four events"
        )
        assert [one.tag for one in told] == [
            "myco/deploy/finished", "state/result", "own/tag", "by/hand",
        ]  # fmt: skip
        assert told[0].data == {"version": "1.10", "who": "me"}
        assert told[2].data["id"] == "named"
        assert told[3].data == {"n": 1}
        assert len({one.jid for one in told[:3]}) == 1
        badly = run.value["states"][3]
        assert (badly["result"], "no tag of an event" in badly["warnings"][0]) == ("ok", True)

        subject = subject_of(peel.id, "own/tag")
        last = {"last_by_subj": subject}
        kept = await ask(master.link, f"STREAM.MSG.GET.{STREAM}", last, dict[str, Any])
        stored = base64.b64decode(kept["message"]["data"])
        assert b"named" not in stored
        event = decode(stored, Event)
        elsewhere = subject_of(peel.id, "other/tag")
        key = master.identity.keys.returning
        with pytest.raises(SealError):
            unseal(event, peel.id, elsewhere, key, peel.identity.box.public)


async def test_events_wait_for_the_agent_and_a_damaged_one_stops_no_other(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    peel = Peel(bus, "events-2", tmp_path / "events-2")
    folder = peel.state / "events"
    folder.mkdir(mode=0o700, parents=True)
    context = Context(registry=Registry(), events=folder)
    (folder / "0damaged").write_bytes(b"?")
    before = [f"before/it/came/{number}" for number in range(9)]
    for tag in before:
        tell(context, tag, {"a": 1})
    with peel.running():
        await master.until(lambda: master.told(peel.identity), "the first event")
        tell(context, "while/it/ran", {})
        told = await master.until(
            lambda: len(found := master.told(peel.identity)) >= 10 and found, "all events"
        )
        assert [one.tag for one in told] == [*before, "while/it/ran"]
        assert peel.lines("an event is damaged and let go of")


def test_no_more_wait_than_there_is_room_for(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    context = Context(registry=Registry(), events=tmp_path)
    tell(context, "a", {})
    assert [path.name for path in waiting(tmp_path)] != [WAKE]
    for number in range(1000):
        (tmp_path / f"{number}").touch()
    with pytest.raises(EventProblem, match="1000 events wait already"):
        tell(context, "a", {})
    with pytest.raises(EventProblem, match="at most 32768 are taken"):
        tell(context, "a", {"text": "x" * 40_000})
    with pytest.raises(BadTag, match="no tag of an event"):
        tell(context, "a//b", {})
    with caplog.at_level("INFO"):
        tell(Context(registry=Registry()), "nobody/there", {"a": 1})
    assert "event nobody/there: {'a': 1}" in caplog.text
