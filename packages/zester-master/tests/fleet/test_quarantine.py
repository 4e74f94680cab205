"""A peel that floods: dropped unread, counted, cleared away, shut out, let in again."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import NamedTuple

import msgspec
import pytest

from zester_cli.errors import NobodyMatched, RoleRefused
from zester_master.fleet import patrol
from zester_proto.codec import decode
from zester_proto.ids import new_jid
from zester_proto.link import kv
from zester_proto.link.jsapi import ask
from zester_proto.messages.jobs import ToOne
from zester_proto.messages.operators import JobAsk, PeelAsk, TargetAsk
from zester_proto.messages.records import Audit
from zester_proto.permissions import Role
from zester_proto.subjects import event, heartbeat, return_key
from zester_testing.masters import Master, Operator, eventually
from zester_testing.raw_peel import RawPeel, silence
from zester_testing.site import Bus


class _State(msgspec.Struct):
    subjects: dict[str, int] | None = None


class _Info(msgspec.Struct):
    state: _State


class Stage(NamedTuple):
    """A master, an operator, one peel that floods and one that does not."""

    bus: Bus
    master: Master
    operator: Operator
    evil: RawPeel
    good: RawPeel

    async def shut_out(self, why: str) -> None:
        """Wait until the master has shut the peel out."""
        quarantined = self.master.context.quarantined
        await eventually(lambda: why in quarantined.get("evil", ""), f"shut out for {why}")
        await self.master.context.journal.flush()

    async def until_shut_out(self, why: str, flood: Callable[[], Awaitable[None]]) -> None:
        """Flood until that has consequences."""

        async def on() -> bool:
            await flood()
            return "evil" in self.master.context.quarantined

        await eventually(on, "the flood is noticed")
        await self.shut_out(why)

    async def stored(self, stream: str, subject: str) -> dict[str, int]:
        """Give the subjects of a stream that hold anything."""
        body = {"subjects_filter": subject}
        info = await ask(self.master.context.link, f"STREAM.INFO.{stream}", body, _Info)
        return info.state.subjects or {}


@pytest.fixture
async def stage(own_bus: Bus) -> AsyncGenerator[Stage]:
    async with contextlib.AsyncExitStack() as stack:
        master = await stack.enter_async_context(Master.up(own_bus))
        evil = await stack.enter_async_context(RawPeel.up(own_bus, "evil"))
        good = await stack.enter_async_context(RawPeel.up(own_bus, "good"))
        await master.sees("evil", "good")
        operator = await stack.enter_async_context(Operator.up(own_bus))
        yield Stage(own_bus, master, operator, evil, good)


async def test_heartbeats_beyond_the_budget_are_dropped_and_ten_times_shut_out(
    stage: Stage,
) -> None:
    async def beat() -> None:
        for _ in range(50):
            await stage.evil.link.publish(heartbeat("evil"), b"\xff no heartbeat")
        await stage.evil.link.flush()

    await beat()
    counted = 'zester_dropped_total{reason="heartbeat-budget"}'
    await eventually(lambda: stage.master.metric(counted) >= 25, "they are counted")
    assert not stage.master.context.quarantined
    await stage.until_shut_out("heartbeat", beat)
    # unread: of those within the budget alone it was found that they are none
    assert stage.master.metric('zester_dropped_total{reason="heartbeat"}') <= 60

    told = await stage.operator.run("*")
    assert told.outcomes == {"evil": "refused", "good": "ok"}
    assert "quarantine" in told.result("evil").error
    assert stage.good.jobs[-1].to == ToOne(id="good")
    assert not stage.evil.jobs
    assert "evil" in stage.master.conditions()["quarantine"]
    assert stage.master.metric("zester_quarantined_peels") == 1
    peels = await stage.operator.rows("peels", TargetAsk())
    assert peels["evil"]["state"] == "quarantined"
    assert "heartbeat" in peels["evil"]["problem"]
    link = stage.master.context.link
    answer = await link.request("$JS.API.DIRECT.GET.job-events.zester.audit.peel.quarantined.evil")
    assert decode(answer.data, Audit).peel == "evil"


async def test_a_peel_is_let_in_again_by_an_administrator_alone(stage: Stage) -> None:
    await stage.master.agent.quarantine.add("evil", "for this test")
    async with Operator.up(stage.bus, Role.OPERATOR) as otto:
        with pytest.raises(RoleRefused):
            await otto.value("unquarantine", PeelAsk(id="evil"))
    assert await stage.operator.value("unquarantine", PeelAsk(id="evil")) == {"peels": ["evil"]}
    with pytest.raises(NobodyMatched, match="in quarantine"):
        await stage.operator.value("unquarantine", PeelAsk(id="evil"))
    await stage.evil.beat()
    assert (await stage.operator.run("*")).outcomes == {"evil": "ok", "good": "ok"}
    assert "quarantine" not in stage.master.conditions()


async def test_masters_share_who_is_shut_out_and_know_it_after_a_restart(stage: Stage) -> None:
    await stage.master.agent.quarantine.add("evil", "for this test")
    async with Master.up(stage.bus) as other:
        assert other.context.quarantined == {"evil": "for this test"}
        await other.agent.quarantine.lift("evil")
        await eventually(lambda: not stage.master.context.quarantined, "the first one hears of it")


async def test_a_job_that_runs_waits_no_longer_for_who_is_shut_out(stage: Stage) -> None:
    stage.evil.answer = silence
    jid = await stage.operator.start("*", timeout=600)
    order = await stage.evil.job()
    await stage.evil.ack(order)
    live = stage.master.agent.desk.live[jid]
    await eventually(lambda: live.ledger.counts() == {"ok": 1, "running": 1}, "it runs")
    await stage.master.agent.quarantine.add("evil", "for this test")
    told = await stage.operator.follow(jid)
    assert told.outcomes == {"evil": "refused", "good": "ok"}
    await stage.evil.give(order, "too late")
    shown = await stage.operator.to_end("job", JobAsk(jid=jid))
    assert shown.reader.counts == {"refused": 1, "ok": 1}


async def test_facts_beyond_the_budget_are_read_late_and_ten_times_shut_out(stage: Stage) -> None:
    number = 0

    async def bring() -> None:
        nonlocal number
        for _ in range(10):
            number += 1
            await stage.evil.put_facts(id="evil", number=number)

    await stage.until_shut_out("facts", bring)
    assert stage.master.metric('zester_dropped_total{reason="facts-budget"}') >= 30
    index = stage.master.context.index
    assert (index.get("evil") or {})["number"] <= 4  # what came within the budget


async def test_events_that_nobody_can_read_are_cleared_away(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patrol, "PERIOD", 0.1)
    good = event("good", "door.open")
    await stage.good.link.request(good, b"open")

    async def tell() -> None:
        for _ in range(2000):
            await stage.evil.link.publish(event("evil", "spam"), b"x" * 100)
        await stage.evil.link.flush()

    await stage.until_shut_out("event", tell)

    async def cleared() -> bool:
        return list(await stage.stored("events", "zester.event.>")) == [good]

    await eventually(cleared, "its events are gone, and nobody else's")


async def test_returns_that_no_job_asked_for_are_cleared_away(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patrol, "PERIOD", 0.1)
    monkeypatch.setattr(patrol, "EVERY", 0.0)
    told = await stage.operator.run("*")
    jid = told.info["jid"]
    for other in (new_jid(), "nonsense"):
        await kv.put(stage.evil.link, "job-returns", return_key(other, "evil"), b"x")
    await kv.put(stage.evil.link, "job-returns", f"{jid}.evil.999", b"x")

    async def cleared() -> bool:
        found = await stage.stored("KV_job-returns", "$KV.job-returns.>")
        return sorted(found) == [f"$KV.job-returns.{jid}.{one}" for one in ("good",)]

    # the part that no return has costs the peel the whole key of that job
    await eventually(cleared, "only what was asked for is left")
    assert "evil" not in stage.master.context.quarantined

    async def flood() -> None:
        puts = [
            kv.put(stage.evil.link, "job-returns", return_key(new_jid(), "evil"), b"x" * 1000)
            for _ in range(200)
        ]
        await asyncio.gather(*puts)

    await stage.until_shut_out("return", flood)

    async def all_cleared() -> bool:
        return not await stage.stored("KV_job-returns", "$KV.job-returns.*.evil")

    await eventually(all_cleared, "its returns are gone")
