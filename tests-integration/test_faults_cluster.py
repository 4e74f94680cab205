"""What masters and servers may suffer: three of each, five peels, real signals (issue 4)."""

import asyncio
import time
from collections.abc import Generator

import msgspec
import pytest

from zester_master.beat import BUCKET as BEATS
from zester_proto.link import LinkError, LinkOptions, NatsLink, kv
from zester_proto.link.jsapi import ask
from zester_proto.messages.operators import JobsAsk
from zester_testing.aftermath import Watcher
from zester_testing.field import Field
from zester_testing.masters import Operator, eventually
from zester_testing.site import Site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

PEELS = [f"peel-{number}" for number in range(1, 6)]
PROBED = "update-blobs"
"""A bucket that nothing else writes to here."""


@pytest.fixture(scope="module")
def field(site_template: Site, tmp_path_factory: pytest.TempPathFactory) -> Generator[Field]:
    """Three servers, three masters, five peels; each test leaves them all running."""
    folder = tmp_path_factory.mktemp("cluster")
    site = site_template.copy_to(folder / "site")
    with Field.up(site, folder / "field", servers=3, masters=3, peels=5) as up:
        yield up


def watcher(field: Field, name: str, times: list[str]) -> Watcher:
    return Watcher(field, name, times)


async def all_run(field: Field, jid: str) -> None:
    await eventually(lambda: field.ran(jid) == PEELS, "the job runs on every peel")


async def owners(operator: Operator, jid: str) -> list[str]:
    return (await operator.show(jid)).info["owners"]


async def test_the_owner_is_killed_in_mid_job_and_the_command_keeps_counting(
    field: Field, times: list[str]
):
    watch = watcher(field, "SIGKILL of the owner", times)
    command = field.mark("cli", "sleep 25")
    asked = asyncio.create_task(asyncio.to_thread(field.zester, "*", "cmd.run", command))
    await all_run(field, "cli")
    async with Operator.up(field) as operator:
        listed = await operator.rows("jobs", JobsAsk(active=True))
        jid = next(iter(listed))
        (owner,) = await owners(operator, jid)
        field.masters[owner].kill()
        killed = time.monotonic()

        async def taken() -> bool:
            return len(await owners(operator, jid)) == 2

        await eventually(taken, "another master owns the job", 60)
        watch.note(f"taken over {time.monotonic() - killed:.1f} s after")
        done = await asked

        assert done.code == 0, done.err
        assert done.json["jid"] == jid
        assert done.json["counts"] == {"changed": 5}
        shown = await asyncio.to_thread(field.zester, "job", "show", jid)
        first, second = shown.json["owners"]
        assert first == owner
        assert second != owner
    field.marks[jid] = field.marks.pop("cli")
    field.masters[owner].start()
    await watch.well_again(time.monotonic())


async def test_all_masters_are_killed_and_one_comes_back(field: Field, times: list[str]):
    watch = watcher(field, "SIGKILL of all masters", times)
    async with Operator.up(field) as operator:
        jid = await watch.start(operator, "sleep 4")
    await all_run(field, jid)
    for master in field.masters.values():
        master.kill()
    field.masters["master-2"].start()
    back = time.monotonic()
    await eventually(lambda: asyncio.to_thread(lambda: field.masters["master-2"].ready), "ready")
    async with Operator.up(field) as operator:
        told = await operator.follow(jid)
        watch.note(f"the job is closed {time.monotonic() - back:.1f} s after one is back")

        assert told.outcomes == dict.fromkeys(PEELS, "changed")
        assert told.info["owners"][-1] == "master-2"
    for name in ("master-1", "master-3"):
        field.masters[name].start()
    await watch.well_again(time.monotonic())


async def test_the_leader_of_streams_is_killed(field: Field, times: list[str]):
    watch = watcher(field, "SIGKILL of a stream leader", times)
    leader = await asyncio.to_thread(field.leader_of, "KV_job-returns")
    async with Operator.up(field) as operator:
        jid = await watch.start(operator, "sleep 1")
        await all_run(field, jid)
        survivors = [one.url for name, one in field.servers.items() if name != leader]
        async with _master_link(field, survivors) as link:
            await _lead(link, leader)
            pause = asyncio.create_task(_write_pause(link))
            field.servers[leader].kill()
            killed = time.monotonic()
            watch.note(f"writes paused for {await pause:.1f} s")
        told = await operator.follow(jid)
        watch.note(f"all returns are in {time.monotonic() - killed:.1f} s after")
        assert told.outcomes == dict.fromkeys(PEELS, "changed")
        again = await operator.run("*", timeout=60.0)
        assert again.outcomes == dict.fromkeys(PEELS, "ok")
    field.servers[leader].start_again()
    await watch.well_again(time.monotonic())


class _Cluster(msgspec.Struct):
    leader: str = ""


class _Info(msgspec.Struct):
    cluster: _Cluster


def _master_link(field: Field, urls: list[str]) -> NatsLink:
    options = LinkOptions(urls=tuple(urls), creds=field.site.master.credentials, ca=field.site.ca)
    return NatsLink(options)


async def _lead(link: NatsLink, server: str) -> None:
    """Have a server lead the stream that is written to."""
    await link.connect_once(30)
    stream = f"KV_{PROBED}"

    async def leads() -> bool:
        info = await ask(link, f"STREAM.INFO.{stream}", {}, _Info)
        if info.cluster.leader == server:
            return True
        if info.cluster.leader:
            placement = {"placement": {"preferred": server}}
            await ask(link, f"STREAM.LEADER.STEPDOWN.{stream}", placement, msgspec.Struct)
        return False

    await eventually(leads, f"{server} leads {stream}")


async def _write_pause(link: NatsLink) -> float:
    """Write until it has paused once; give the seconds between two acks."""
    last = time.monotonic()
    while True:
        try:
            await kv.put(link, PROBED, "probe", b"x", seconds=0.5)
        except LinkError:
            continue
        now = time.monotonic()
        if now - last > 0.5:
            return now - last
        last = now


async def test_a_server_is_frozen_for_twenty_seconds(field: Field, times: list[str]):
    watch = watcher(field, "SIGSTOP of a server for 20 s", times)
    leader = await asyncio.to_thread(field.leader_of, "KV_job-returns")
    async with Operator.up(field) as operator:
        jid = await watch.start(operator, "sleep 2", timeout=90.0)
        await all_run(field, jid)
    field.servers[leader].freeze()
    await asyncio.sleep(20)  # the fault itself
    field.servers[leader].thaw()
    await watch.well_again(time.monotonic())
    async with Operator.up(field) as operator:
        told = await operator.follow(jid)
        assert told.outcomes == dict.fromkeys(PEELS, "changed")


async def test_masters_are_restarted_in_turn_without_a_failed_job(field: Field, times: list[str]):
    watch = watcher(field, "rolling restart of masters", times)
    over, known = asyncio.Event(), len(field.marks)
    began = time.monotonic()

    async def work() -> int:
        count = 0
        while not over.is_set():
            name = f"rolling-{count}"
            command = field.mark(name, "sleep 0.2")
            done = await asyncio.to_thread(field.zester, "*", "cmd.run", command)
            assert done.code == 0, done.out + done.err
            assert done.json["counts"] == {"changed": 5}
            field.marks[done.json["jid"]] = field.marks.pop(name)
            count += 1
        return count

    working = asyncio.create_task(work())
    for number, master in enumerate(field.masters.values(), 1):
        await eventually(lambda n=number: len(field.marks) >= known + 2 * n, "jobs go on")
        code = await asyncio.to_thread(master.stop)
        assert code == 0
        master.start()
        await eventually(lambda m=master: asyncio.to_thread(lambda: m.ready), "it is back")
    over.set()
    jobs = await working
    assert jobs > 0
    watch.note(f"{jobs} jobs during {time.monotonic() - began:.1f} s, none failed")
    await watch.well_again(time.monotonic())
    alive = await _beats(field)
    assert alive == 3


async def _beats(field: Field) -> int:
    async with _master_link(field, field.url.split(",")) as link:
        await link.connect_once(30)
        # the leader is asked: a server that lags behind may still show a sign that is gone
        names = await kv.keys(link, BEATS)
        beats = [await kv.get(link, BEATS, name, fresh=True) for name in names]
        return sum(beat is not None for beat in beats)
