"""A closed job once more, or the rest of a stopped one, as an operator asks for it."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Any, NamedTuple

import msgspec
import pytest

from zester_cli.errors import CliError, NobodyMatched, RoleRefused, UsageError
from zester_master.jobs import again, store
from zester_master.jobs.bond import bound, check
from zester_master.jobs.ledger import Row
from zester_proto.codec import pack
from zester_proto.ids import new_jid
from zester_proto.link import kv
from zester_proto.messages.jobs import SILENT, SUCCESSES, Job, Outcome
from zester_proto.messages.operators import AgainAsk, JobAsk
from zester_proto.permissions import Role
from zester_testing.masters import Master, Operator, Told, eventually
from zester_testing.raw_peel import RawPeel, silence
from zester_testing.site import Bus


async def fail(peel: RawPeel, job: Job) -> None:
    await peel.ack(job)
    await peel.give(job, outcome=Outcome.FAILED)


class Stage(NamedTuple):
    """A master, an operator, and four peels that obey."""

    master: Master
    operator: Operator
    peels: list[RawPeel]

    async def again(self, verb: str, parent: str, part: Any = "all", **fields: Any) -> Told:
        """Ask for a child to its end."""
        ask = AgainAsk(jid=new_jid(), parent=parent, part=part, **fields)
        return await self.operator.to_end(verb, ask)


@pytest.fixture
async def stage(bus: Bus) -> AsyncGenerator[Stage]:
    async with contextlib.AsyncExitStack() as stack:
        master = await stack.enter_async_context(Master.up(bus))
        names = ("a", "b", "c", "d")
        peels = [await stack.enter_async_context(RawPeel.up(bus, name)) for name in names]
        await master.sees(*names)
        operator = await stack.enter_async_context(Operator.up(bus))
        yield Stage(master, operator, peels)


async def test_a_rerun_does_the_same_on_the_same_peels(stage: Stage) -> None:
    first = await stage.operator.run(
        "L@a,b", "test.echo", "secret", kwargs={"n": "2"}, timeout=33, test=True
    )
    told = await stage.again("rerun", first.info["jid"])
    assert told.outcomes == {"a": "ok", "b": "ok"}
    assert told.reader.counts == {"ok": 2}
    orders = [(o.function, bytes(o.args), bytes(o.kwargs), o.test) for o in stage.peels[0].jobs]
    assert orders == [("test.echo", pack(["secret"]), pack({"n": "2"}), True)] * 2
    assert told.info["jid"] != first.info["jid"]
    assert told.info["timeout"] == 33
    shown = await stage.operator.show(told.info["jid"])
    assert (shown.info["parent"], shown.info["part"]) == (first.info["jid"], "all")
    assert (await stage.operator.show(first.info["jid"])).info["children"] == [told.info["jid"]]


async def test_a_rerun_of_a_rerun_still_knows_what_was_asked(stage: Stage) -> None:
    first = await stage.operator.run("a", "test.echo", "deep")
    second = await stage.again("rerun", first.info["jid"], timeout=20)
    third = await stage.again("rerun", second.info["jid"])
    assert bytes(stage.peels[0].jobs[2].args) == pack(["deep"])
    assert third.info["timeout"] == 20
    assert third.info["parent"] == second.info["jid"]


async def test_those_that_failed_and_those_that_were_missing_are_told_apart(stage: Stage) -> None:
    stage.peels[1].answer, stage.peels[2].answer = fail, silence
    first = (await stage.operator.run("*")).info["jid"]
    heard = [len(peel.jobs) for peel in stage.peels]
    assert (await stage.again("rerun", first, "failed")).outcomes == {"b": "failed"}
    stage.peels[2].answer = stage.peels[0].answer
    assert (await stage.again("rerun", first, "missing")).outcomes == {"c": "ok"}
    assert [len(peel.jobs) for peel in stage.peels] == [
        heard[0], heard[1] + 1, heard[2] + 1, heard[3],
    ]  # fmt: skip
    children = (await stage.operator.show(first)).info["children"]
    assert len(children) == 2


async def test_a_rerun_of_the_whole_fleet_is_a_broadcast_again(stage: Stage) -> None:
    first = await stage.operator.run("*")
    await stage.again("rerun", first.info["jid"])
    assert [type(one.to).__name__ for one in stage.peels[3].jobs] == ["ToAll", "ToAll"]


async def test_resume_asks_those_that_a_stopped_batch_never_asked(stage: Stage) -> None:
    for peel in stage.peels:
        peel.answer = fail
    first = await stage.operator.run("*", batch="1", max_fail="1")
    assert first.reader.counts == {"failed": 2, "cancelled": 2}
    assert first.info["state"] == "stopped"  # as the last page says
    told = await stage.again("resume", first.info["jid"])
    assert told.outcomes == {"c": "failed", "d": "failed"}  # what stopped it is known by now
    assert [len(peel.jobs) for peel in stage.peels] == [1, 1, 1, 1]
    assert (told.info["batch"], told.info["part"]) == ("1", "unasked")
    with pytest.raises(NobodyMatched, match="each of its peels was asked"):
        await stage.again("resume", told.info["jid"])


async def test_what_cannot_be_run_again_is_told_apart(stage: Stage) -> None:
    with pytest.raises(CliError, match="there is no job"):
        await stage.again("rerun", new_jid())
    with pytest.raises(UsageError, match="not a job id"):
        await stage.again("rerun", "nonsense")
    first = await stage.operator.run("a")
    with pytest.raises(NobodyMatched, match="none of its peels failed"):
        await stage.again("rerun", first.info["jid"], "failed")
    with pytest.raises(UsageError, match="rerun or resume"):
        await stage.operator.run("a", parent=first.info["jid"])
    stage.peels[0].answer = silence
    jid = await stage.operator.start("a", timeout=600)
    with pytest.raises(CliError, match="still runs"):
        await stage.again("rerun", jid)
    await stage.operator.value("cancel", JobAsk(jid=jid))


async def test_a_rerun_is_in_the_name_of_who_asks_now(bus: Bus, stage: Stage) -> None:
    first = await stage.operator.run("a")
    async with Operator.up(bus, Role.OPERATOR) as otto:
        told = await otto.to_end("rerun", AgainAsk(jid=new_jid(), parent=first.info["jid"]))
    assert told.info["operator"] == "otto"
    assert stage.peels[0].jobs[1].operator == "otto"
    async with Operator.up(bus, Role.VIEWER) as vera:
        with pytest.raises(RoleRefused):
            await vera.to_end("rerun", AgainAsk(jid=new_jid(), parent=first.info["jid"]))


async def test_a_record_that_no_master_wrote_is_not_run_again(stage: Stage) -> None:
    first = await stage.operator.run("a")
    link, jid = stage.master.context.link, first.info["jid"]
    found = await store.read(link, jid)
    assert found
    forged = msgspec.structs.replace(found.record, function="cmd.run")
    await kv.put(link, "jobs", jid, msgspec.msgpack.encode(forged))
    with pytest.raises(CliError, match="not written by a master"):
        await stage.again("rerun", jid)


async def test_a_child_is_taken_over_with_all_that_it_does(bus: Bus, stage: Stage) -> None:
    first = await stage.operator.run("a", "test.echo", "kept")
    stage.peels[0].answer = silence
    ask = AgainAsk(jid=new_jid(), parent=first.info["jid"], timeout=600, follow=False)
    await stage.operator.client.ask("rerun", ask)
    await stage.peels[0].job(2)
    found = await store.read(stage.master.context.link, ask.jid)
    assert found
    async with Master.up(bus) as other:
        # what its scan does when the owner's sign of life is gone
        await other.agent.takeover.take_over(found)
        order = await stage.peels[0].job(3)
        assert (order.function, bytes(order.args)) == ("test.echo", pack(["kept"]))
        await eventually(lambda: ask.jid in other.agent.desk.live, "it carries the job")
        await stage.operator.value("cancel", JobAsk(jid=ask.jid))


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("asked", [True, False])
def test_every_outcome_that_is_no_success_is_failed_or_missing(
    outcome: Outcome, asked: bool
) -> None:
    row = Row(outcome, asked=asked)
    parts = {part for part in ("failed", "missing") if again.belongs(row, part)}
    if outcome in SUCCESSES and asked:
        assert parts == set()
    else:
        assert parts == ({"missing"} if outcome in SILENT or not asked else {"failed"})
    assert again.belongs(row, "all")
    assert again.belongs(row, "unasked") is not asked


async def test_the_bond_holds_what_is_done_and_to_whom(stage: Stage) -> None:
    first = await stage.operator.run("a")
    found = await store.read(stage.master.context.link, first.info["jid"])
    assert found
    key = b"k" * 32
    record = bound(key, found.record, ("a",))
    check(key, record, ("a",))
    for other, ids in (
        (record, ("a", "b")),
        (msgspec.structs.replace(record, deadline=record.deadline + 1), ("a",)),
        (msgspec.structs.replace(record, operator="root"), ("a",)),
    ):
        with pytest.raises(store.Gone):
            check(key, other, ids)
