"""Returns reach the bus, however long it is away, and whatever happens to the peel meanwhile."""

import asyncio
import resource
from pathlib import Path

from zester_proto.link import AlreadyThere, kv
from zester_proto.subjects import return_key
from zester_testing.peels import Peel, eventually, exists
from zester_testing.raw_master import RawMaster
from zester_testing.site import Bus


async def test_a_return_is_delivered_when_the_bus_comes_back(own_bus: Bus, tmp_path: Path) -> None:
    with Peel.up(own_bus, "away-1", tmp_path) as peel:
        async with RawMaster.up(own_bus) as master:
            await master.here(peel.id)
            command = f"touch {tmp_path}/began; while test ! -e {tmp_path}/end; do sleep 0.05; done"
            small = await master.order(peel.id, "cmd.run", f"{command}; echo done")
            large = await master.order(peel.id, "cmd.run", f"{command}; seq 1 200000")
            await exists(tmp_path / "began")
            await master.acked(large)

        own_bus.server.kill()
        (tmp_path / "end").touch()
        for jid in (small, large):
            await exists(peel.state / "spool" / f"{jid}.return")
        own_bus.server.start_again()

        async with RawMaster.up(own_bus) as master:
            assert (await master.returned(small, peel.identity)).value["stdout"] == "done\n"
            returned = await master.returned(large, peel.identity)
            assert returned.value["stdout"].endswith("200000\n")
            assert returned.outcome == "changed"
            await eventually(lambda: _is_empty(peel), "the spool is empty")


async def _is_empty(peel: Peel) -> bool:
    return not list((peel.state / "spool").iterdir())


async def test_a_return_outlives_the_peel_that_made_it(own_bus: Bus, tmp_path: Path) -> None:
    with Peel.up(own_bus, "away-2", tmp_path) as peel:
        async with RawMaster.up(own_bus) as master:
            await master.here(peel.id)
            command = f"while test ! -e {tmp_path}/end; do sleep 0.05; done; seq 1 100000"
            jid = await master.order(peel.id, "cmd.run", command)
            await master.acked(jid)

        own_bus.server.kill()
        (tmp_path / "end").touch()
        await exists(peel.state / "spool" / f"{jid}.return")
        peel.kill()
        own_bus.server.start_again()
        peel.start()

        async with RawMaster.up(own_bus) as master:
            returned = await master.returned(jid, peel.identity)
            assert returned.outcome == "changed"
            assert returned.value["stdout"].endswith("100000\n")


async def test_what_was_stored_before_is_success(master: RawMaster, peel: Peel) -> None:
    job = master.job(peel.id, "test.ping")
    key = return_key(job.jid, peel.id)
    await kv.put(master.link, "job-returns", key, b"an earlier try")

    await master.send(job)
    await master.acked(job.jid)

    async def is_over() -> bool:
        return await asyncio.to_thread(peel.metric, "zester_peel_returns_waiting") == 0

    await eventually(is_over, "nothing waits")
    try:
        await kv.put(master.link, "job-returns", key, b"a later one")
    except AlreadyThere:
        return
    raise AssertionError("the bucket took a second value")


async def test_a_full_disk_fails_the_job_and_not_the_agent(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    peel = Peel(bus, "full-1", tmp_path / "full-1", log_level="error")
    with peel.running():
        await master.here(peel.id)
        # no file may grow beyond this: to whoever writes, the disk is full
        resource.prlimit(peel.pid, resource.RLIMIT_FSIZE, (400_000, 400_000))

        command = await master.run(peel.identity, "cmd.run", "seq 1 500000")
        worker = await master.run(peel.identity, "test.sleep", "0")
        small = await master.run(peel.identity, "cmd.run", "echo small")

        assert command.outcome == "failed"
        assert "disk" in command.error
        assert command.value["exit_code"] == 0
        assert worker.outcome == "ok"
        assert small.outcome == "changed"
        assert peel.alive


async def test_returns_that_cannot_leave_take_bounded_room(own_bus: Bus, tmp_path: Path) -> None:
    with Peel.up(own_bus, "bounded-1", tmp_path, spool_max="1M") as peel:
        async with RawMaster.up(own_bus) as master:
            await master.here(peel.id)
            command = f"while test ! -e {tmp_path}/end; do sleep 0.05; done; seq 1 100000"
            jids = [await master.order(peel.id, "cmd.run", command) for _ in range(4)]
            await master.acked(jids[-1])

        own_bus.server.kill()
        (tmp_path / "end").touch()
        for jid in jids:
            await exists(peel.state / "spool" / f"{jid}.return")
        size = sum(file.stat().st_size for file in (peel.state / "spool").iterdir())
        assert size <= 1024 * 1024
        assert await asyncio.to_thread(peel.metric, "zester_peel_returns_replaced_total") >= 2
        own_bus.server.start_again()

        async with RawMaster.up(own_bus) as master:
            returned = [await master.returned(jid, peel.identity) for jid in jids]
            outcomes = sorted(one.outcome for one in returned)
            assert set(outcomes) == {"changed", "failed"}
            lost = [one for one in returned if one.outcome == "failed"]
            assert all("spool full" in one.error for one in lost)
