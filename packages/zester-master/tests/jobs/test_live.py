"""Jobs from an operator's request to the last page: a real master and bus, scripted peels."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any, NamedTuple

import pytest

from zester_cli.errors import CliError, NobodyMatched, RoleRefused, UsageError
from zester_master.jobs import store
from zester_proto.codec import decode, pack
from zester_proto.ids import new_jid
from zester_proto.link import kv
from zester_proto.link.watch import follow as follow_stream
from zester_proto.messages.jobs import Job, Outcome, Return, ToAll, ToOne
from zester_proto.messages.operators import JobAsk, JobsAsk
from zester_proto.messages.records import JobEvent
from zester_proto.permissions import Role
from zester_testing.masters import Master, Operator, eventually
from zester_testing.raw_peel import RawPeel, obey, silence
from zester_testing.site import Bus


class Stage(NamedTuple):
    """A master, an operator, and three peels that obey."""

    bus: Bus
    master: Master
    operator: Operator
    peels: list[RawPeel]

    @contextlib.asynccontextmanager
    async def another(self, peel_id: str, answer: Any = obey) -> AsyncGenerator[RawPeel]:
        """Bring one more peel; its facts go with it."""
        async with RawPeel.up(self.bus, peel_id, answer) as peel:
            await self.master.sees(peel_id)
            yield peel
        await forget(self.master, peel_id)


async def forget(master: Master, peel_id: str) -> None:
    """Take a peel's facts away, so that it is no part of the fleet any more."""
    await kv.purge(master.context.link, "facts", peel_id)
    master.context.index.remove(peel_id)


@pytest.fixture
async def stage(bus: Bus) -> AsyncGenerator[Stage]:
    async with contextlib.AsyncExitStack() as stack:
        master = await stack.enter_async_context(Master.up(bus))
        names = ("a", "b.example.com", "c")
        peels = [await stack.enter_async_context(RawPeel.up(bus, name)) for name in names]
        await master.sees(*names)
        operator = await stack.enter_async_context(Operator.up(bus))
        yield Stage(bus, master, operator, peels)


async def test_a_job_for_all_is_one_broadcast_and_every_peel_is_accounted_for(stage: Stage) -> None:
    told = await stage.operator.run("*")
    assert told.outcomes == {"a": "ok", "b.example.com": "ok", "c": "ok"}
    assert told.reader.counts == {"ok": 3}
    assert told.result("a").value is True
    assert all(peel.jobs[0].to == ToAll(count=3) for peel in stage.peels)
    assert told.info["count"] == 3
    assert told.info["owners"] == ["master-1"]


async def test_a_job_for_some_goes_to_each_alone(stage: Stage) -> None:
    told = await stage.operator.run("L@a,c", "test.echo", "x")
    assert told.outcomes == {"a": "ok", "c": "ok"}
    assert stage.peels[0].jobs[0].to == ToOne(id="a")
    assert stage.peels[1].jobs == []


async def test_the_order_says_what_the_operator_asked(stage: Stage) -> None:
    await stage.operator.run("a", "cmd.run", "ls", "-l", kwargs={"cwd": "/"}, timeout=30, test=True)
    job = stage.peels[0].jobs[0]
    assert (job.function, bytes(job.args), bytes(job.kwargs)) == (
        "cmd.run",
        pack(["ls", "-l"]),
        pack({"cwd": "/"}),
    )
    assert job.test
    assert job.operator == "admin"
    assert job.start_before <= job.deadline <= job.issued + 30
    assert job.first_issued <= job.issued


async def test_arguments_lie_sealed_in_the_store_and_are_in_no_event(stage: Stage) -> None:
    secret = "correct-horse-battery"
    told = await stage.operator.run("*", "test.echo", secret, kwargs={"password": secret})
    link = stage.master.context.link
    entry = await kv.get(link, "jobs", told.info["jid"])
    others = await kv.get_many(link, "jobs", f"{told.info['jid']}.>")
    assert entry is not None
    await stage.master.context.journal.flush()
    stored = [entry.value, *(one.value for one in others.values())]
    async with follow_stream(link, "job-events", f"zester.job.{told.info['jid']}.>") as events:
        batch = await anext(aiter(events))
    stored += [one.value for one in batch.entries]
    assert len(stored) >= 2
    assert not any(secret.encode() in value for value in stored)
    assert told.info["arguments"] == ["#1", "password"]


async def test_the_life_of_a_job_is_told_in_a_handful_of_events(stage: Stage) -> None:
    told = await stage.operator.run("*")
    jid = told.info["jid"]
    link = stage.master.context.link

    async def closed() -> bool:
        answer = await link.request(f"$JS.API.DIRECT.GET.job-events.zester.job.{jid}.closed")
        return not answer.status and decode(answer.data, JobEvent).counts == {"ok": 3}

    await eventually(closed, "the close is told")
    answer = await link.request(f"$JS.API.DIRECT.GET.job-events.zester.job.{jid}.dispatch")
    event = decode(answer.data, JobEvent)
    assert (event.operator, event.function, event.count) == ("admin", "test.ping", 3)
    assert len(event.arguments_digest) == 16


async def test_outcomes_and_reasons_reach_the_operator(stage: Stage) -> None:
    async def fail(peel: RawPeel, job: Job) -> None:
        await peel.give(job, outcome=Outcome.FAILED, error="no disk", hint="buy one")

    stage.peels[2].answer = fail
    told = await stage.operator.run("*")
    assert told.outcomes["c"] == "failed"
    assert (told.result("c").error, told.result("c").hint) == ("no disk", "buy one")


async def test_a_peel_that_is_known_and_gone_is_offline_at_once(stage: Stage) -> None:
    async with RawPeel.up(stage.bus, "gone"):
        await stage.master.sees("gone")
    presence = stage.master.context.presence
    await eventually(lambda: not presence.is_present("gone"), "it is seen to be gone")
    told = await stage.operator.run("*")
    assert told.outcomes == {"a": "ok", "b.example.com": "ok", "c": "ok", "gone": "offline"}
    assert told.result("gone").error
    await forget(stage.master, "gone")


async def test_a_silent_peel_gets_the_job_once_more_and_is_offline_then(stage: Stage) -> None:
    stage.peels[0].answer = silence
    told = await stage.operator.run("*")
    assert told.outcomes["a"] == "offline"
    assert [job.attempt for job in stage.peels[0].jobs] == [1, 2]
    assert stage.peels[0].jobs[1].to == ToOne(id="a")
    assert len(stage.peels[2].jobs) == 1


async def test_a_heartbeat_that_names_the_job_is_as_good_as_an_ack(stage: Stage) -> None:
    async def only_beat(peel: RawPeel, job: Job) -> None:
        await peel.beat(job.jid)
        await asyncio.sleep(6)
        await peel.give(job)

    stage.peels[0].answer = only_beat
    told = await stage.operator.run("a")
    assert told.outcomes == {"a": "ok"}
    assert len(stage.peels[0].jobs) == 1


async def test_a_large_return_comes_whole_in_parts(stage: Stage) -> None:
    value = "x" * 900_000 + "end"

    async def much(peel: RawPeel, job: Job) -> None:
        await peel.ack(job)
        await peel.give(job, value)

    stage.peels[0].answer = much
    told = await stage.operator.run("*")
    assert told.result("a").value == value
    assert told.outcomes["c"] == "ok"
    assert (await stage.operator.show(told.info["jid"])).result("a").value == value


async def test_a_large_return_whose_part_is_damaged_is_dropped_and_told(stage: Stage) -> None:
    async def damaged(peel: RawPeel, job: Job) -> None:
        await peel.ack(job)
        real = peel.sealed

        def wrong(jid: str, epoch: int, outcome: str, part: int, plain: bytes) -> bytes:
            sealed = real(jid, epoch, outcome, part, plain)
            return sealed[:-1] + bytes([sealed[-1] ^ 1]) if part == 2 else sealed

        peel.sealed = wrong
        await peel.give(job, "x" * 600_000)

    stage.peels[0].answer = damaged
    told = await stage.operator.run("a", timeout=2)
    assert told.outcomes == {"a": "timed-out"}
    assert stage.master.metric('zester_dropped_total{reason="return-false"}') == 1


async def test_false_returns_are_dropped_counted_and_audited(stage: Stage) -> None:
    async def lie(peel: RawPeel, job: Job) -> None:
        # sealed for another job, so that it does not open in this one's place
        sealed = peel.sealed(new_jid(), job.epoch, "ok", 0, b"x")
        head = Return(
            epoch=job.epoch, outcome=Outcome.OK, return_key="", size=1, digest=b"", sealed=sealed
        )
        await peel.ack(job)
        await peel.put_return(job.jid, head)

    async def garble(peel: RawPeel, job: Job) -> None:
        await peel.ack(job)
        await peel.put_return(job.jid, b"\xff no message")

    stage.peels[0].answer, stage.peels[1].answer = lie, garble
    told = await stage.operator.run("*", timeout=2)
    assert told.outcomes == {"a": "timed-out", "b.example.com": "timed-out", "c": "ok"}
    assert stage.master.metric('zester_dropped_total{reason="return-false"}') == 2
    await stage.master.context.journal.flush()
    link = stage.master.context.link
    answer = await link.request("$JS.API.DIRECT.GET.job-events.zester.audit.return.false.a")
    assert not answer.status


async def test_a_return_of_a_peel_that_was_not_asked_counts_nowhere(stage: Stage) -> None:
    async def meddle(peel: RawPeel, job: Job) -> None:
        await stage.peels[2].give(job)
        await stage.peels[2].ack(job)
        await obey(peel, job)

    stage.peels[0].answer = meddle
    told = await stage.operator.run("a")
    assert told.outcomes == {"a": "ok"}
    dropped = 'zester_dropped_total{reason="return-unlisted"}'
    assert stage.master.metric(dropped) <= 1


async def test_what_comes_after_the_close_is_shown_as_late_and_counts_nowhere(stage: Stage) -> None:
    stage.peels[0].answer = silence
    told = await stage.operator.run("*", timeout=1)
    jid = told.info["jid"]
    assert told.outcomes["a"] == "offline"
    await stage.peels[0].give(stage.peels[0].jobs[0], "at last")
    shown = await stage.operator.show(jid)
    assert shown.reader.items["a"].outcome == "offline"
    assert shown.reader.items["a"].late == "ok"
    assert shown.reader.counts == {"ok": 2, "offline": 1}
    assert shown.result("a").value == "at last"


async def test_cancel_reaches_the_peels_and_ends_the_job(stage: Stage) -> None:
    async def until_cancelled(peel: RawPeel, job: Job) -> None:
        await peel.ack(job)
        await peel.until(lambda: peel.cancels, "the cancel")
        await peel.give(job, outcome=Outcome.CANCELLED)

    for peel in stage.peels:
        peel.answer = until_cancelled
    jid = await stage.operator.start("*", timeout=600)
    for peel in stage.peels:
        await peel.job()
    assert await stage.operator.value("cancel", JobAsk(jid=jid)) == {"jid": jid, "state": "running"}
    told = await stage.operator.follow(jid)
    assert told.reader.counts == {"cancelled": 3}
    assert stage.peels[0].cancels[0].epoch == stage.peels[0].jobs[0].epoch
    assert await stage.operator.value("cancel", JobAsk(jid=jid)) == {
        "jid": jid,
        "state": "cancelled",
    }


async def test_a_second_request_with_the_same_jid_is_another_job_and_refused(stage: Stage) -> None:
    ask = stage.operator.ask("*")
    await stage.operator.to_end("run", ask)
    with pytest.raises(CliError, match="exists and is another one"):
        await stage.operator.client.ask("run", ask)
    assert len(stage.peels[0].jobs) == 1


async def test_the_same_request_twice_runs_once_and_gets_the_same_answer(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[bytes] = []
    client = stage.operator.client
    real = client.link.request

    async def noting(subject: str, data: bytes, **options: Any) -> Any:
        sent.append(data)
        return await real(subject, data, **options)

    monkeypatch.setattr(client.link, "request", noting)
    await stage.operator.start("*")
    first = await real("zester.api.admin.run", sent[0])
    second = await real("zester.api.admin.run", sent[0])
    assert first.data == second.data
    await eventually(lambda: not stage.master.agent.desk.live, "the job is over")
    assert len(stage.peels[0].jobs) == 1


async def test_follow_starts_at_page_0_for_a_job_that_runs_and_one_that_is_closed(
    stage: Stage,
) -> None:
    release = asyncio.Event()

    async def slow(peel: RawPeel, job: Job) -> None:
        await peel.ack(job)
        await release.wait()
        await peel.give(job, "slow")

    stage.peels[0].answer = slow
    jid = await stage.operator.start("*")
    async with asyncio.TaskGroup() as group:
        following = group.create_task(stage.operator.follow(jid))
        job = stage.master.agent.desk.live[jid]
        await eventually(lambda: job.looked_at, "somebody looks on")
        release.set()
    told, again = following.result(), await stage.operator.follow(jid)
    assert told.outcomes == again.outcomes == {"a": "ok", "b.example.com": "ok", "c": "ok"}
    assert told.result("a").value == again.result("a").value == "slow"


async def test_a_job_as_it_is_now_says_where_each_peel_stands(stage: Stage) -> None:
    async def only_ack(peel: RawPeel, job: Job) -> None:
        await peel.ack(job)

    stage.peels[0].answer, stage.peels[1].answer = only_ack, silence
    jid = await stage.operator.start("*", timeout=600)
    live = stage.master.agent.desk.live[jid]
    await eventually(
        lambda: live.ledger.counts() == {"ok": 1, "running": 1, "sent": 1}, "two stand still"
    )
    told = await stage.operator.show(jid)
    assert told.outcomes == {"c": "ok"}
    assert told.reader.stages == {"a": "running", "b.example.com": "sent"}
    assert told.info["state"] == "running"
    one = await stage.operator.show(jid, peel="c")
    assert one.outcomes == {"c": "ok"}
    await stage.operator.value("cancel", JobAsk(jid=jid))


async def test_jobs_are_listed_newest_first_and_by_what_they_were(stage: Stage) -> None:
    first = (await stage.operator.run("a", "test.echo", "1")).info["jid"]
    await asyncio.sleep(1.1)  # a jid's time is whole seconds
    second = (await stage.operator.run("c", "test.ping")).info["jid"]
    found = await stage.operator.rows("jobs", JobsAsk(limit=1000))
    jids = [jid for jid in found if jid in {first, second}]
    assert jids == [second, first]
    assert found[first]["counts"] == {"ok": 1}
    assert list(await stage.operator.rows("jobs", JobsAsk(function="test.echo", limit=1))) == [
        first
    ]
    assert await stage.operator.rows("jobs", JobsAsk(operator="nobody")) == {}
    mine = found[first]
    for fits in (
        JobsAsk(target="a"),
        JobsAsk(operator="admin"),
        JobsAsk(state="complete"),
        JobsAsk(since=mine["created"]),
        JobsAsk(function="test.echo", target="a", state="complete", operator="admin"),
    ):
        assert first in await stage.operator.rows("jobs", fits), fits
    for other in (
        JobsAsk(target="c"),
        JobsAsk(state="stopped"),
        JobsAsk(state="running"),
        JobsAsk(since=mine["created"] + 0.001),
        JobsAsk(function="test.echo", target="c"),
    ):
        assert first not in await stage.operator.rows("jobs", other), other
    assert second not in await stage.operator.rows("jobs", JobsAsk(active=True))


async def test_a_batch_asks_some_at_a_time_and_stops_when_too_many_failed(stage: Stage) -> None:
    async def fail(peel: RawPeel, job: Job) -> None:
        await peel.ack(job)
        await peel.give(job, outcome=Outcome.FAILED)

    for peel in stage.peels:
        peel.answer = fail
    told = await stage.operator.run("*", batch="1", max_fail="1")
    assert told.reader.counts == {"failed": 2, "cancelled": 1}
    assert (await stage.operator.show(told.info["jid"])).info["state"] == "stopped"
    assert [len(peel.jobs) for peel in stage.peels] == [1, 1, 0]


async def test_nobody_and_malformed_targets_and_arguments_are_told_apart(stage: Stage) -> None:
    with pytest.raises(NobodyMatched):
        await stage.operator.run("nobody")
    with pytest.raises(UsageError, match=r"\^"):
        await stage.operator.run("a and")
    with pytest.raises(UsageError, match="not the name of a function"):
        await stage.operator.run("*", "ping")
    with pytest.raises(UsageError, match="--batch"):
        await stage.operator.run("*", batch="some")
    with pytest.raises(UsageError, match="arguments have"):
        await stage.operator.run("*", "test.echo", "x" * 300_000)
    with pytest.raises(CliError, match="there is no job"):
        await stage.operator.show(new_jid())


async def test_a_viewer_may_look_and_not_touch(stage: Stage) -> None:
    told = await stage.operator.run("*")
    async with Operator.up(stage.bus, Role.VIEWER) as viewer:
        assert (await viewer.show(told.info["jid"])).outcomes == told.outcomes
        with pytest.raises(RoleRefused):
            await viewer.run("*")
        with pytest.raises(RoleRefused):
            await viewer.value("cancel", JobAsk(jid=told.info["jid"]))


async def test_two_live_peels_with_one_id_get_no_jobs(stage: Stage) -> None:
    async with RawPeel.up(stage.bus, "a") as clone:
        first = stage.peels[0]
        await asyncio.sleep(1.2)
        await first.beat()
        presence = stage.master.context.presence
        await eventually(lambda: "a" in presence.duplicates, "two instances are seen")
        heard = len(first.jobs) + len(clone.jobs)
        told = await stage.operator.run("*")
        assert told.outcomes == {"a": "refused", "b.example.com": "ok", "c": "ok"}
        assert told.result("a").error.count("127.0.0.1") == 2
        assert len(first.jobs) + len(clone.jobs) == heard
        assert "a at 127.0.0.1" in stage.master.conditions()["duplicate-id"]
    assert stage.peels[1].jobs[-1].to == ToOne(id="b.example.com")


async def test_a_closed_job_leaves_nothing_for_the_scan_and_moves_the_metrics(stage: Stage) -> None:
    before = stage.master.metric('zester_jobs_total{status="complete"}')
    told = await stage.operator.run("*")
    link = stage.master.context.link

    async def gone() -> bool:
        return told.info["jid"] not in {one.jid for one in await store.active(link)}

    await eventually(gone, "it is no longer active")
    await eventually(lambda: not stage.master.agent.desk.live, "nobody carries it")
    assert stage.master.metric('zester_jobs_total{status="complete"}') == before + 1
    assert stage.master.metric("zester_job_duration_seconds_count") >= 1
    assert stage.master.metric("zester_targeting_resolution_duration_seconds_count") >= 1
    assert stage.master.metric("zester_connected_peels") == 3
    assert stage.master.metric("zester_job_active") == 0
