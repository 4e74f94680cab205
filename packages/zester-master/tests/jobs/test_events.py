"""`job-events` tells the whole life of every job, in a handful of messages, in the real stream."""

import contextlib
from collections.abc import AsyncGenerator
from typing import NamedTuple

import pytest

from zester_master.jobs import live, store
from zester_proto.codec import decode
from zester_proto.ids import new_jid
from zester_proto.link.watch import follow
from zester_proto.messages.jobs import Job, Outcome
from zester_proto.messages.operators import AgainAsk, JobAsk
from zester_proto.messages.records import JobEvent
from zester_testing.masters import Master, Operator, eventually
from zester_testing.raw_peel import RawPeel
from zester_testing.site import Bus


class Stage(NamedTuple):
    """A master, an operator, and three peels."""

    bus: Bus
    master: Master
    operator: Operator
    peels: list[RawPeel]

    async def life(self, jid: str) -> list[JobEvent]:
        """Give what the stream holds of a job, in order, once it is closed."""

        async def closed() -> list[JobEvent]:
            link = self.master.context.link
            async with follow(link, "job-events", f"zester.job.{jid}.>", start=0) as events:
                found: list[JobEvent] = []
                async for batch in events:
                    found += [decode(entry.value, JobEvent) for entry in batch.entries]
                    if batch.caught_up:
                        break
            return found if any(one.what == "closed" for one in found) else []

        return await eventually(closed, "its end is told")


@pytest.fixture
async def stage(bus: Bus) -> AsyncGenerator[Stage]:
    async with contextlib.AsyncExitStack() as stack:
        master = await stack.enter_async_context(Master.up(bus))
        names = ("a", "b", "c")
        peels = [await stack.enter_async_context(RawPeel.up(bus, name)) for name in names]
        await master.sees(*names)
        operator = await stack.enter_async_context(Operator.up(bus))
        yield Stage(bus, master, operator, peels)


async def until_cancelled(peel: RawPeel, job: Job) -> None:
    await peel.ack(job)
    if len(peel.jobs) > 1:
        return  # known: another owner asks
    await peel.until(lambda: peel.cancels, "the cancel")
    await peel.give(job, outcome=Outcome.CANCELLED)


async def test_a_plain_job_is_two_messages(stage: Stage) -> None:
    jid = (await stage.operator.run("*", "test.echo", "x")).info["jid"]
    begun, closed = await stage.life(jid)
    assert (begun.what, begun.count, begun.target, begun.operator) == ("dispatch", 3, "*", "admin")
    assert (begun.function, begun.argument_names) == ("test.echo", ("#1",))
    assert (closed.what, closed.counts, closed.epoch) == ("closed", {"ok": 3}, begun.epoch)


async def test_a_long_job_that_is_taken_over_and_cancelled_tells_all_of_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "PROGRESS", 0.3)
    for peel in stage.peels:
        peel.answer = until_cancelled
    jid = await stage.operator.start("*", timeout=600)
    for peel in stage.peels:
        await peel.job()
    found = await store.read(stage.master.context.link, jid)
    assert found
    async with Master.up(stage.bus) as other:
        await other.agent.takeover.take_over(found)
        told = other.agent.desk.live[jid]
        await eventually(lambda: told.ledger.counts() == {"running": 3}, "they ack to it too")
        await other.context.journal.flush()
        await eventually(lambda: told.told_at - told.started > 0.2, "progress is told")
        await stage.operator.value("cancel", JobAsk(jid=jid))
        life = await stage.life(jid)
    kinds = [one.what for one in life]
    assert (kinds[0], kinds[-1]) == ("dispatch", "closed")
    assert set(kinds) == {"dispatch", "progress", "owner", "cancel", "closed"}
    assert kinds.count("owner") == kinds.count("cancel") == kinds.count("closed") == 1
    by_what = {one.what: one for one in life}
    assert by_what["owner"].epoch > by_what["dispatch"].epoch
    assert by_what["cancel"].request
    assert by_what["closed"].counts == {"cancelled": 3}
    assert all(sum(one.counts.values()) in {0, 3} for one in life)


async def test_a_child_is_told_like_any_job(stage: Stage) -> None:
    first = await stage.operator.run("a")
    ask = AgainAsk(jid=new_jid(), parent=first.info["jid"])
    await stage.operator.to_end("rerun", ask)
    assert [one.what for one in await stage.life(ask.jid)] == ["dispatch", "closed"]
