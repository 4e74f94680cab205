"""At most once, whatever happens to the peel, its memory, or the order on its way."""

import asyncio
import shutil
from pathlib import Path

import msgspec

from zester_proto.messages.jobs import Drain
from zester_testing.peels import Peel, eventually, gone, group_of, has_gone, is_welcome, number_in
from zester_testing.raw_master import RawMaster
from zester_testing.site import Bus


def _lines(file: Path) -> int:
    return len(file.read_text().splitlines()) if file.exists() else 0


async def test_a_job_that_comes_twice_runs_once_and_is_acked_twice(
    master: RawMaster, peel: Peel, tmp_path: Path
) -> None:
    job = master.job(peel.id, "cmd.run", f"echo ran >> {tmp_path}/file")
    data = master.signed("job", job)

    for _ in range(3):
        await master.publish(data, peel.id)
    await master.returned(job.jid, peel.identity)
    await master.publish(data, peel.id)

    assert len(await master.acked(job.jid, 4)) == 4
    assert _lines(tmp_path / "file") == 1


async def test_a_job_under_another_epoch_is_the_same_job(
    master: RawMaster, peel: Peel, tmp_path: Path
) -> None:
    job = master.job(peel.id, "cmd.run", f"echo ran >> {tmp_path}/file; sleep 0.3", epoch=5)
    await master.send(job)
    await master.acked(job.jid)

    await master.send(msgspec.structs.replace(job, epoch=7, attempt=2, issued=master.now()))
    returned = await master.returned(job.jid, peel.identity)

    assert [ack.epoch for ack in await master.acked(job.jid, 2)] == [5, 7]
    assert returned.head.epoch == 7
    assert _lines(tmp_path / "file") == 1


async def test_a_lower_epoch_gets_no_answer(master: RawMaster, peel: Peel) -> None:
    job = master.job(peel.id, "test.sleep", "500ms", epoch=5)
    await master.send(job)
    await master.acked(job.jid)

    await master.send(msgspec.structs.replace(job, epoch=4))
    await master.cancel(job.jid, peel.id, epoch=4)

    assert (await master.returned(job.jid, peel.identity)).outcome == "ok"
    assert len(await master.acked(job.jid)) == 1


async def test_a_cancel_that_comes_first_holds(
    master: RawMaster, peel: Peel, tmp_path: Path
) -> None:
    job = master.job(peel.id, "cmd.run", f"echo ran >> {tmp_path}/file")

    await master.cancel(job.jid, peel.id)
    await master.send(job)

    assert (await master.returned(job.jid, peel.identity)).outcome == "cancelled"
    assert _lines(tmp_path / "file") == 0


async def test_a_killed_peel_answers_interrupted_and_ends_what_it_left(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    with Peel.up(bus, "killed-1", tmp_path) as peel:
        await master.here(peel.id)
        command = f"echo ran >> {tmp_path}/file; echo $$ > {tmp_path}/pid; sleep 300"
        jid = await master.order(peel.id, "cmd.run", command)
        child = await number_in(tmp_path / "pid")
        await group_of(peel, jid)  # the command may be quicker than the agent's note of its group

        peel.kill()
        assert not gone(child)
        peel.start()
        returned = await master.returned(jid, peel.identity)

        assert returned.outcome == "failed"
        assert returned.error.startswith("interrupted")
        await has_gone(child)
        assert returned.meta.instance == await master.here(peel.id, lives=2)
        assert _lines(tmp_path / "file") == 1


async def test_a_killed_peel_does_not_run_the_job_again_when_it_is_sent_anew(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    with Peel.up(bus, "killed-2", tmp_path) as peel:
        await master.here(peel.id)
        job = master.job(peel.id, "cmd.run", f"echo ran >> {tmp_path}/file; sleep 300")
        await master.send(job)
        await master.acked(job.jid)

        peel.kill()
        peel.start()
        await master.here(peel.id, lives=2)
        await master.send(msgspec.structs.replace(job, epoch=2, attempt=2, issued=master.now()))

        assert (await master.returned(job.jid, peel.identity)).error.startswith("interrupted")
        assert len(await master.acked(job.jid, 2)) == 2
        assert _lines(tmp_path / "file") <= 1


async def test_a_worker_of_a_killed_peel_dies_with_it(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    with Peel.up(bus, "killed-3", tmp_path) as peel:
        await master.here(peel.id)
        jid = await master.order(peel.id, "test.sleep", "300")
        worker = await group_of(peel, jid)

        peel.kill()

        await has_gone(worker)


async def test_a_wiped_memory_refuses_what_is_older_than_it(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    with Peel.up(bus, "wiped-1", tmp_path) as peel:
        await master.here(peel.id)
        job = master.job(peel.id, "cmd.run", f"echo ran >> {tmp_path}/file")
        await master.send(job)
        await master.acked(job.jid)

        peel.kill()
        shutil.rmtree(peel.state)
        peel.start()
        await is_welcome(peel)
        late = master.job(
            peel.id, "cmd.run", f"echo ran >> {tmp_path}/file", first_issued=job.first_issued
        )
        await master.send(late)
        returned = await master.returned(late.jid, peel.identity)

        assert returned.outcome == "refused"
        assert "memory" in returned.error


async def test_a_peel_that_has_as_many_jobs_as_it_takes_says_busy(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    with Peel.up(bus, "busy-1", tmp_path, max_jobs=1, max_queue=1) as peel:
        await master.here(peel.id)
        running = await master.order(peel.id, "test.sleep", "300")
        waiting = await master.order(peel.id, "test.sleep", "300")
        await master.acked(waiting)

        refused = await master.run(peel.identity, "test.sleep", "300")
        pinged = await master.run(peel.identity, "test.ping")
        for jid in (waiting, running):
            await master.cancel(jid, peel.id)

        assert refused.outcome == "refused"
        assert "as many jobs" in refused.error
        assert pinged.value is True
        for jid in (waiting, running):
            assert (await master.returned(jid, peel.identity)).outcome == "cancelled"


async def test_a_job_whose_deadline_passes_while_it_waits_is_timed_out(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    with Peel.up(bus, "queue-1", tmp_path, max_jobs=1) as peel:
        await master.here(peel.id)
        running = await master.order(peel.id, "test.sleep", "300")
        await master.acked(running)

        waited = await master.run(
            peel.identity, "cmd.run", f"touch {tmp_path}/file", deadline=master.now() + 0.3
        )

        assert waited.outcome == "timed-out"
        assert waited.meta.started == 0
        assert not (tmp_path / "file").exists()


async def test_a_drained_peel_refuses_jobs_until_it_is_undrained_by_a_higher_number(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    with Peel.up(bus, "drained-1", tmp_path) as peel:
        await master.here(peel.id)

        async def drain(number: int, *, on: bool) -> str:
            order = Drain(site=master.site, id=peel.id, number=number, on=on, issued=master.now())
            await master.send(order)
            return (await master.run(peel.identity, "test.ping")).outcome

        assert await drain(5, on=True) == "refused"
        assert await drain(4, on=False) == "refused"
        peel.kill()
        peel.start()
        await is_welcome(peel)
        assert (await master.run(peel.identity, "test.ping")).error == "this peel is drained"
        assert await drain(6, on=False) == "ok"


async def test_a_welcome_brings_the_newest_drain(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    master.drain = (3, True)
    with Peel.up(bus, "drained-2", tmp_path) as peel:
        await master.here(peel.id)

        assert (await master.run(peel.identity, "test.ping")).outcome == "refused"


async def test_without_a_welcome_there_are_no_jobs(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    master.answers = False
    with Peel.up(bus, "silent-1", tmp_path) as peel:
        await master.here(peel.id)
        job = master.job(peel.id, "test.ping")
        await master.send(job)

        async def says_so() -> bool:
            return "no-welcome" in await asyncio.to_thread(peel.conditions)

        await eventually(says_so, "the condition no-welcome")
        assert await master.head(job.jid, peel.id) is None
        assert not [jid for jid, _, _ in master.acks if jid == job.jid]

        master.answers = True
        await is_welcome(peel)
        assert (await master.run(peel.identity, "test.ping")).value is True
        assert "no-welcome" not in await asyncio.to_thread(peel.conditions)
