import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from zester_master.site.accounts import limits_of
from zester_proto.identity.claims import UserClaims, UserNats
from zester_proto.identity.creds import make_credentials
from zester_proto.identity.jwt import sign_jwt
from zester_proto.identity.keyfile import read_seed
from zester_proto.identity.nkeys import NKey
from zester_proto.link import (
    AlreadyThere,
    BadReply,
    LinkError,
    Message,
    NatsLink,
    NoResponders,
    PermissionDenied,
    StoreFull,
    StoreRefused,
    TooLarge,
    WrongRevision,
    kv,
    streams,
    watch,
)
from zester_proto.link.backoff import Backoff
from zester_proto.link.jsapi import ask
from zester_proto.permissions import Template
from zester_testing.site import Bus

OpenLink = Callable[..., Awaitable[NatsLink]]
JID = "2oHfKnCPMQnLEYQeBQsNtUiJp3r"


@pytest.fixture
async def master(bus: Bus, open_link: OpenLink) -> NatsLink:
    link = await open_link(bus)
    await streams.ensure(link)
    return link


@pytest.fixture
async def peel(bus: Bus, open_link: OpenLink) -> NatsLink:
    return await open_link(bus, bus.site.peel("web.1").credentials)


async def test_what_a_peel_puts_a_master_gets(master: NatsLink, peel: NatsLink):
    first = await kv.put(peel, "facts", "web=2E1", b"one", headers={"X": "y"})
    second = await kv.put(peel, "facts", "web=2E1", b"two")
    entry = await kv.get(master, "facts", "web=2E1")
    fresh = await kv.get(master, "facts", "web=2E1", fresh=True)

    assert second > first
    assert entry is not None
    assert (entry.key, entry.value, entry.revision) == ("web=2E1", b"two", second)
    assert fresh is not None
    assert fresh[:5] == pytest.approx(entry[:5])


async def test_what_masters_publish_a_peel_gets(master: NatsLink, peel: NatsLink):
    await kv.put(master, "state-files", "tree.1", b"states", headers={"X": "y"})

    entry = await kv.get(peel, "state-files", "tree.1")
    assert entry is not None
    assert entry.value == b"states"
    assert entry.headers["X"] == "y"
    assert await kv.get(peel, "state-files", "tree.2") is None
    assert await kv.get(peel, "secrets", "web=2E1") is None


Act = Callable[[NatsLink], Awaitable[object]]
NOT_A_PEELS: dict[str, Act] = {
    "put another's facts": lambda link: kv.put(link, "facts", "other", b""),
    "put its own secrets": lambda link: kv.put(link, "secrets", "web=2E1", b""),
    "get its own facts": lambda link: kv.get(link, "facts", "web=2E1"),
    "get another's secrets": lambda link: kv.get(link, "secrets", "other"),
    "ask the leader": lambda link: kv.get(link, "state-files", "x", fresh=True),
    "get many": lambda link: kv.get_many(link, "state-files"),
    "purge": lambda link: kv.purge(link, "facts"),
    "make buckets": streams.ensure,
    "make a consumer": lambda link: ask(
        link, "CONSUMER.CREATE.KV_facts.x.$KV.facts.>", {}, dict[str, Any]
    ),
}


@pytest.mark.usefixtures("master")
@pytest.mark.parametrize("what", NOT_A_PEELS)
async def test_what_is_not_a_peels_is_denied_at_once(peel: NatsLink, what: str):
    with pytest.raises(PermissionDenied):
        await NOT_A_PEELS[what](peel)


async def test_a_missing_key_is_none_and_a_missing_bucket_is_an_error(master: NatsLink):
    assert await kv.get(master, "facts", "nobody") is None
    assert await kv.get(master, "facts", "nobody", fresh=True) is None
    assert await kv.get_many(master, "facts", "nobody.>") == {}
    with pytest.raises(NoResponders):
        await kv.get(master, "no-bucket", "x")
    with pytest.raises(StoreRefused, match="stream not found"):
        await kv.get(master, "no-bucket", "x", fresh=True)
    with pytest.raises(NoResponders):
        await kv.put(master, "no-bucket", "x", b"")


async def test_a_deleted_key_has_no_value_and_can_be_made_again(master: NatsLink):
    first = await kv.create(master, "site", "lease.a", b"1")
    with pytest.raises(WrongRevision):
        await kv.create(master, "site", "lease.a", b"2")
    with pytest.raises(WrongRevision):
        await kv.update(master, "site", "lease.a", b"2", first + 100)
    second = await kv.update(master, "site", "lease.a", b"2", first)
    with pytest.raises(WrongRevision):
        await kv.delete(master, "site", "lease.a", first)
    mark = await kv.delete(master, "site", "lease.a", second)

    assert await kv.get(master, "site", "lease.a") is None
    left = await kv.get_entry(master, "site", "lease.a", fresh=True)
    assert left is not None
    assert (left.operation, left.revision) == ("delete", mark)
    assert await kv.create(master, "site", "lease.a", b"3") > mark


async def test_a_lease_ends_by_itself_and_is_renewed_by_its_holder(master: NatsLink):
    first = await kv.create(master, "site", "lease.b", b"me", ttl=1)
    await kv.update(master, "site", "lease.b", b"me", first, ttl=1)
    async with asyncio.timeout(30):
        while await kv.get(master, "site", "lease.b"):  # noqa: ASYNC110  # nothing tells of expiry
            await asyncio.sleep(0.05)

    assert await kv.create(master, "site", "lease.b", b"you") > 0


async def test_a_return_is_written_once(master: NatsLink, peel: NatsLink):
    key = f"{JID}.web=2E1"
    await kv.put(peel, "job-returns", key, b"first")
    for attempt in (
        kv.put(peel, "job-returns", key, b"second"),
        kv.put(peel, "job-returns", key, b"", headers={"KV-Operation": "DEL"}),
        kv.put_until_acked(peel, "job-returns", key, b"second"),
    ):
        with pytest.raises(AlreadyThere) as caught:
            await attempt
        assert caught.value.err_code == 10077
    with pytest.raises(StoreRefused):
        await kv.put(peel, "job-returns", key, b"x", headers={"Nats-Rollup": "sub"})

    entry = await kv.get(master, "job-returns", key)
    assert entry is not None
    assert entry.value == b"first"
    assert await kv.purge(master, "job-returns", f"{JID}.>") == 1


async def test_a_value_too_large_for_its_bucket_is_refused_for_good(
    master: NatsLink, peel: NatsLink
):
    with pytest.raises(StoreRefused, match="size exceeds"):
        await kv.put_until_acked(peel, "facts", "web=2E1", b"x" * 300_000)
    with pytest.raises(TooLarge):
        await kv.put_until_acked(master, "jobs", "x", b"x" * 9_000_000)


@pytest.mark.parametrize("key", ["a b", "", "a\r\nb"])
async def test_a_malformed_key_is_refused(master: NatsLink, key: str):
    with pytest.raises(LinkError):
        await kv.put(master, "jobs", key, b"")


async def test_a_full_bucket_says_so_and_a_repeated_put_goes_through_when_there_is_room(
    master: NatsLink,
):
    config = {"name": "KV_tiny", "subjects": ["$KV.tiny.>"], "max_bytes": 4096, "discard": "new",
              "allow_direct": True, "storage": "memory"}  # fmt: skip
    await ask(master, "STREAM.CREATE.KV_tiny", config, dict[str, Any])
    await kv.put(master, "tiny", "a", b"x" * 3000)
    with pytest.raises(StoreFull) as caught:
        await kv.put(master, "tiny", "b", b"x" * 3000)
    assert "make room" in caught.value.hint

    backoff = Backoff(base=0.01, cap=0.02)
    putting = asyncio.create_task(
        kv.put_until_acked(master, "tiny", "b", b"x" * 3000, backoff=backoff)
    )
    async with asyncio.timeout(20):
        while backoff.tries < 4:  # noqa: ASYNC110  # it tells nobody that it tries
            await asyncio.sleep(0)
        await kv.purge(master, "tiny", "a")
        assert await putting > 1


async def test_many_are_read_in_few_questions(master: NatsLink):
    await asyncio.gather(*(kv.put(master, "basket", f"p{i}.f", b"%d" % i) for i in range(2500)))
    await kv.put(master, "basket", "p7.f", b"new")
    await kv.delete(master, "basket", "p8.f")

    found = await kv.get_many(master, "basket")
    assert len(found) == 2499
    assert found["p7.f"].value == b"new"
    assert "p8.f" not in found
    assert set(await kv.get_many(master, "basket", "p1.*")) == {"p1.f"}
    assert await watch.keys(master, "basket") == sorted(found)


async def test_an_answer_for_another_key_is_not_used(
    bus: Bus, master: NatsLink, open_link: OpenLink
):
    site = bus.site
    signer = read_seed(site.offline.signer_seed("ZESTER"), "account")
    key = NKey.generate("user")
    limits = limits_of(Template(("_INBOX_master-1.>",), ("$JS.API.DIRECT.GET.KV_forged.>",)))
    claims = UserClaims(
        iat=0, iss="", name="forger", sub=key.public,
        nats=UserNats(
            pub=limits.pub, sub=limits.sub, subs=-1, data=-1, payload=-1, type="user", version=2,
            issuer_account=site.master.commons.record.accounts["ZESTER"],
        ),
    )  # fmt: skip
    forger = await open_link(bus, make_credentials(sign_jwt(claims, signer), key))

    async def forge(message: Message) -> None:
        headers = {
            "Nats-Stream": "KV_forged", "Nats-Subject": "$KV.forged.other", "Nats-Sequence": "1",
            "Nats-Time-Stamp": "2026-02-10T14:30:00Z",
        }  # fmt: skip
        await forger.publish(message.reply, b"evil", headers=headers)

    await forger.subscribe("$JS.API.DIRECT.GET.KV_forged.>", forge)
    await forger.flush()
    with pytest.raises(BadReply, match="the answer is for another key"):
        await kv.get(master, "forged", "mine")


async def test_a_put_is_repeated_through_an_outage_and_stored_exactly_once(
    own_bus: Bus, open_link: OpenLink
):
    master = await open_link(own_bus)
    await streams.ensure(master)
    peel = await open_link(own_bus, own_bus.site.peel("web.1").credentials)
    own_bus.server.kill()

    async def put(number: int) -> str:
        key = f"{JID}.web=2E1.{number}"
        try:
            await kv.put_until_acked(
                peel, "job-returns", key, b"%d" % number, backoff=Backoff(base=0.05, cap=0.2)
            )
        except AlreadyThere:  # an earlier try was stored and its ack lost
            return "already"
        return "acked"

    async def bounce() -> None:
        rng = random.Random(7)
        for _ in range(4):
            own_bus.server.start_again()
            await peel.wait_connected(20)
            await asyncio.sleep(rng.uniform(0, 0.02))  # somewhere amid the puts
            own_bus.server.kill()
        own_bus.server.start_again()

    puts = [asyncio.create_task(put(number)) for number in range(1, 301)]
    await bounce()
    async with asyncio.timeout(60):
        results = await asyncio.gather(*puts)
    reader = await open_link(own_bus)  # the other may not have noticed the last outage yet
    found = await kv.get_many(reader, "job-returns")

    assert len(results) == len(found) == 300
    assert all(entry.value == key.rpartition(".")[2].encode() for key, entry in found.items())
    info = await ask(reader, "STREAM.INFO.KV_job-returns", {}, dict[str, Any])
    assert info["state"]["last_seq"] == 300, "no put was stored twice"
