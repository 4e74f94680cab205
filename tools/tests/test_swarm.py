import asyncio
import os
import time
from collections.abc import Generator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.swarm.fleet import Swarm, Times
from bench.swarm.floor import Floor, Round
from bench.swarm.limits import TooFewFiles, allow_files
from bench.swarm.wire import Frame, parse
from zester_master.fleet.presence import Presence
from zester_master.fleet.sysview import SysView
from zester_master.jobs.returns import Head, Sender, read_head
from zester_proto.codec import decode, unpack
from zester_proto.identity.jwt import UserChain, box_of, verify_user
from zester_proto.identity.sealing import open_with, shared_key
from zester_proto.ids import token
from zester_proto.link import LinkOptions, NatsLink, kv, streams
from zester_proto.messages.jobs import split_return
from zester_proto.messages.presence import Facts, facts_aad
from zester_proto.permissions import Role
from zester_proto.subjects import kv as kv_subject
from zester_proto.subjects import return_key
from zester_testing.fleet import eventually
from zester_testing.raw_master import RawMaster
from zester_testing.site import Bus

PEELS = 50
PROCESSES = 2


@pytest.fixture(scope="module")
def stores(bus: Bus) -> Bus:
    """A bus on which every bucket is there."""

    async def make() -> None:
        identity = bus.site.master
        options = LinkOptions(urls=(bus.url,), creds=identity.credentials, ca=bus.site.ca)
        async with NatsLink(options) as link:
            await link.connect_once(30)
            await streams.ensure(link)

    asyncio.run(make())
    return bus


@pytest.fixture(scope="module")
def swarm(stores: Bus) -> Generator[Swarm]:
    """Fifty peels."""
    with Swarm.up(stores.site.paths.master, stores.server.port, PEELS, PROCESSES) as up:
        yield up


def broadcast(bus: Bus, swarm: Swarm, *words: str) -> Round:
    floor = Floor(bus.site.paths.master, bus.server.port)
    try:
        return floor.round(swarm.peels, *words)
    finally:
        floor.close()


async def shared_with(master: RawMaster, peel_id: str) -> tuple[Facts, bytes]:
    """Give the facts of a peel, and the key that the master shares with it by them."""
    entry = await kv.get(master.link, "facts", token(peel_id), fresh=True)
    assert entry is not None
    facts = decode(entry.value, Facts)
    record = master.identity.commons.record
    chain = UserChain(account=record.accounts["PEELS"], issuers={record.scoped[Role.PEEL]})
    claims = verify_user(facts.jwt, chain, name=token(peel_id), now=time.time())
    return facts, shared_key(master.identity.keys.returning, box_of(claims))


async def test_every_peel_hears_a_broadcast_and_a_master_can_read_every_return(
    stores: Bus, swarm: Swarm
):
    done = broadcast(stores, swarm, "test.echo", "hi")

    async with RawMaster.up(stores) as master:
        for peel_id in swarm.names(swarm.peels):
            _, shared = await shared_with(master, peel_id)
            entry = await kv.get(master.link, "job-returns", return_key(done.jid, peel_id))
            assert entry is not None
            head = read_head(entry.value, Sender(done.jid, peel_id, shared), epoch=1)
            assert isinstance(head, Head)
            assert head.ret.outcome == "ok"
            assert unpack(split_return(head.plain)[1]) == "hi"
    assert set(done.arrivals) == {token(name) for name in swarm.names(swarm.peels)}


def test_every_peel_says_when_it_heard_answered_and_was_answered(stores: Bus, swarm: Swarm):
    done = broadcast(stores, swarm)

    times: Times = eventually(
        lambda: times if (times := swarm.times(done.jid)).complete else None, "all acks"
    )
    for began, received, sent, stored in zip(
        [done.began] * PEELS, times.received, times.sent, times.stored, strict=True
    ):
        assert began < received <= sent < stored
    # facts that come before the server knows its new stream are put again, and said so
    troubles = [one for one in times.troubles if "$KV.facts." not in one]
    assert (times.alive, troubles) == (PEELS, [])


def test_a_process_verifies_one_signature_for_all_its_peels(stores: Bus, swarm: Swarm):
    first = swarm.times(broadcast(stores, swarm).jid)
    second = swarm.times(broadcast(stores, swarm).jid)

    assert second.verified - first.verified == PROCESSES


async def test_a_masters_presence_and_index_take_the_swarm_for_real_peels(own_bus: Bus):
    presence = Presence(time.monotonic, time.time, started=time.monotonic())
    identity = own_bus.site.master
    options = LinkOptions(urls=(own_bus.url,), creds=identity.presence, ca=own_bus.site.ca)
    account = identity.commons.record.accounts["PEELS"]
    view = SysView(NatsLink(options), presence, user=identity.presence.name, account=account)
    async with RawMaster.up(own_bus) as master:
        looking = asyncio.create_task(view.run())
        with Swarm.up(own_bus.site.paths.master, own_bus.server.port, 5) as swarm:
            names = set(swarm.names(swarm.peels))
            await master.until(lambda: {peel for peel, _ in master.beats} == names, "heartbeats")
            for peel_id, beat in master.beats:
                presence.heard(peel_id, beat.instance, beat.version)
            async with asyncio.timeout(30):
                while set(presence.present()) != names:  # noqa: ASYNC110  # presence tells nobody
                    await asyncio.sleep(0.01)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)

        facts, shared = await shared_with(master, "swarm-00003")
        aad = facts_aad(kv_subject("facts", "swarm-00003"), facts.return_key, facts.v)
        assert unpack(open_with(shared, aad, facts.sealed))["id"] == "swarm-00003"


def test_a_swarm_leaves_no_process_behind(stores: Bus):
    with Swarm.up(stores.site.paths.master, stores.server.port, 3, 3) as swarm:
        pids = [process.pid for process in swarm.processes]
    assert len(pids) == 3
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)  # noqa: PTH110 - a plain look


def test_too_few_open_files_are_one_clear_error():
    with pytest.raises(TooFewFiles, match=r"100000000000300 open files are needed.*ulimit -n"):
        allow_files(10**14)


@given(st.lists(st.binary(max_size=40), max_size=5), st.integers(1, 30))
def test_frames_come_out_as_they_went_in_however_the_bytes_are_cut(payloads: list[bytes], cut: int):
    head = b"NATS/1.0 503\r\n\r\n"
    stream = b"INFO {}\r\nPING\r\n" + b"".join(
        b"HMSG s.%d 7 %d %d\r\n%s%s\r\n" % (n, len(head), len(head) + len(data), head, data)
        if n % 2
        else b"MSG s.%d 7 reply %d\r\n%s\r\n" % (n, len(data), data)
        for n, data in enumerate(payloads)
    )
    frames: list[Frame] = []
    rest = b""
    for at in range(0, len(stream), cut):
        found, rest = parse(rest + stream[at : at + cut])
        frames += found

    assert rest == b""
    assert frames[:2] == [Frame(b"INFO", b"{}"), Frame(b"PING")]
    assert frames[2:] == [
        Frame(b"HMSG", b"s.%d" % n, b"7", head=head, data=data)
        if n % 2
        else Frame(b"MSG", b"s.%d" % n, b"7", b"reply", data=data)
        for n, data in enumerate(payloads)
    ]
