import asyncio
import shutil
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from zester_proto.link import LinkTimeout, Message, NatsLink, kv, streams, watch
from zester_proto.link.jsapi import Entry, ask
from zester_proto.link.options import LinkOptions
from zester_proto.link.subscription import Handler, Subscription
from zester_proto.link.watch import Batch, Watch
from zester_testing.site import Bus

OpenLink = Callable[..., Awaitable[NatsLink]]
Reach = Callable[[NatsLink, int], Awaitable[None]]


async def ready(link: NatsLink) -> NatsLink:
    await streams.ensure(link)
    return link


async def until(watching: Watch, good: Callable[[Batch], bool]) -> list[Entry]:
    """Read batches up to and with one that is as wanted."""
    found: list[Entry] = []
    async with asyncio.timeout(40):
        async for batch in watching:
            found += batch.entries
            if good(batch):
                return found
    raise AssertionError("a watch is endless")


def caught_up(batch: Batch) -> bool:
    return batch.caught_up


def has(key: str) -> Callable[[Batch], bool]:
    return lambda batch: any(entry.key == key for entry in batch.entries)


def values(entries: list[Entry]) -> dict[str, bytes]:
    return {entry.key: entry.value for entry in entries}


async def test_a_watch_tells_what_is_there_then_what_comes(bus: Bus, open_link: OpenLink):
    link = await ready(await open_link(bus))
    for number in range(5):
        await kv.put(link, "facts", f"p{number}", b"old")
    await kv.put(link, "facts", "p1", b"new")
    await kv.delete(link, "facts", "p2")
    async with watch.watch(link, "facts") as watching:
        there = await until(watching, caught_up)
        revision = await kv.put(link, "facts", "p9", b"later", headers={"X": "y"})
        then = await until(watching, has("p9"))
        mark = await kv.delete(link, "facts", "p9")
        gone = await until(watching, has("p9"))

    assert {entry.key: (entry.value, entry.operation) for entry in there} == {
        "p0": (b"old", "put"), "p1": (b"new", "put"), "p3": (b"old", "put"), "p4": (b"old", "put"),
        "p2": (b"", "delete"),
    }  # fmt: skip
    assert [entry.revision for entry in there] == sorted(entry.revision for entry in there)
    assert [entry[:4] for entry in then] == [("p9", b"later", revision, "put")]
    assert then[0].headers["X"] == "y"
    assert then[0].created == pytest.approx(there[0].created, abs=60)
    assert [entry[:4] for entry in gone] == [("p9", b"", mark, "delete")]
    assert watching.revision == mark
    assert watching.restarts == 0


async def test_an_empty_bucket_has_caught_up_at_once(bus: Bus, open_link: OpenLink):
    link = await ready(await open_link(bus))
    async with watch.watch(link, "update-rollouts") as watching:
        assert await until(watching, caught_up) == []


async def test_a_watch_begins_where_it_is_told_to(bus: Bus, open_link: OpenLink):
    link = await ready(await open_link(bus))
    first = await kv.put(link, "jobs", "a", b"1")
    await kv.put(link, "jobs", "b", b"2")
    async with (
        watch.watch(link, "jobs", start="new") as new,
        watch.watch(link, "jobs", start=first) as later,
        watch.watch(link, "jobs", "active.*") as some,
    ):
        assert await until(new, caught_up) == []
        assert values(await until(later, caught_up)) == {"b": b"2"}
        assert await until(some, caught_up) == []
        await kv.put(link, "jobs", "c", b"3")
        await kv.put(link, "jobs", "active.c", b"4")
        assert values(await until(new, has("active.c"))) == {"c": b"3", "active.c": b"4"}
        assert values(await until(later, has("active.c"))) == {"c": b"3", "active.c": b"4"}
        assert values(await until(some, has("active.c"))) == {"active.c": b"4"}


async def test_keys_are_those_with_a_value(bus: Bus, open_link: OpenLink):
    link = await ready(await open_link(bus))
    for key in ("k.b", "k.a", "k.c", "other"):
        await kv.put(link, "trust", key, b"x" * 100)
    await kv.delete(link, "trust", "k.b")

    assert await watch.keys(link, "trust", "k.*") == ["k.a", "k.c"]
    with pytest.raises(LinkTimeout, match="the keys of no-bucket cannot be read"):
        await watch.keys(link, "no-bucket", seconds=0.3)


async def test_a_stream_that_is_no_bucket_is_followed_by_its_subjects(
    bus: Bus, open_link: OpenLink
):
    link = await ready(await open_link(bus))
    async with watch.follow(link, "job-events", "zester.audit.>", start="new") as watching:
        await until(watching, caught_up)
        await kv.store(link, "job-events", "zester.audit.peel.connect.web", b"x")
        await kv.store(link, "job-events", "zester.audit.peel.connect.web", b"y")
        found = await until(watching, lambda batch: watching.revision > 0 and batch.caught_up)
        if len(found) < 2:
            found += await until(watching, caught_up)

    assert [(entry.key, entry.value) for entry in found] == [
        ("zester.audit.peel.connect.web", b"x"), ("zester.audit.peel.connect.web", b"y"),
    ]  # fmt: skip


async def test_a_slow_reader_gets_all_and_is_not_flooded(bus: Bus, open_link: OpenLink):
    link = await ready(await open_link(bus))
    value = b"x" * 50_000
    for start in range(0, 1000, 100):
        puts = (kv.put(link, "settings-files", f"f.{start + n}", value) for n in range(100))
        await asyncio.gather(*puts)
    reader = await open_link(bus, pending_bytes=40_000_000)
    seen = 0
    async with watch.watch(reader, "settings-files", heartbeat=0.5) as watching:
        async for batch in watching:
            seen += len(batch.entries)
            if batch.caught_up:
                break
            await asyncio.sleep(0.05)

    assert seen == 1000
    assert reader.stats.dropped == 0
    assert watching.restarts == 0
    await kv.purge(link, "settings-files")


async def test_a_watch_lives_through_sigkill_and_restart_of_the_server(
    own_bus: Bus, open_link: OpenLink, reach: Reach
):
    link = await ready(await open_link(own_bus))
    writer = await open_link(own_bus)
    for number in range(3):
        await kv.put(link, "facts", f"p{number}", b"before")
    async with watch.watch(link, "facts") as watching:
        await until(watching, caught_up)
        for round_ in (2, 3, 4):
            own_bus.server.kill()
            own_bus.server.start_again()
            await kv.put_until_acked(writer, "facts", f"after{round_}", b"%d" % round_)
            await reach(link, round_)
            found = await until(watching, has(f"after{round_}"))

            assert values(found) == {f"after{round_}": b"%d" % round_}, "nothing is told twice"
        assert watching.restarts == 3
        assert watching.problem is None


async def test_a_consumer_that_vanishes_is_made_again_after_missing_heartbeats(
    own_bus: Bus, open_link: OpenLink
):
    link = await ready(await open_link(own_bus))
    async with watch.watch(link, "facts", heartbeat=0.2) as watching:
        await until(watching, caught_up)
        names = await ask(link, "CONSUMER.NAMES.KV_facts", {}, dict[str, Any])
        assert len(names["consumers"]) == 1
        await ask(link, f"CONSUMER.DELETE.KV_facts.{names['consumers'][0]}", {}, dict[str, Any])
        await kv.put(link, "facts", "late", b"x")

        assert values(await until(watching, has("late"))) == {"late": b"x"}
        assert watching.restarts == 1
    await link.flush()
    async with asyncio.timeout(20):
        while True:  # the deletion is not answered
            names = await ask(link, "CONSUMER.NAMES.KV_facts", {}, dict[str, Any])
            if not names["consumers"]:
                break


class LossyLink(NatsLink):
    """Loses some messages of a consumer on their way to the handler, as a slow client would."""

    def __init__(self, options: LinkOptions, lost: set[int]) -> None:
        super().__init__(options)
        self.delivered = 0
        self.lost = lost

    async def subscribe(self, subject: str, handler: Handler, **over: Any) -> Subscription:
        async def lossy(message: Message) -> None:
            if not message.status and message.reply.startswith("$JS.ACK."):
                self.delivered += 1
                if self.delivered in self.lost:
                    return
            await handler(message)

        return await super().subscribe(subject, lossy, **over)


@pytest.mark.parametrize("lost", [{3}, {10}, {1, 2, 12, 20}])
async def test_a_gap_is_noticed_and_read_again(own_bus: Bus, open_link: OpenLink, lost: set[int]):
    writer = await ready(await open_link(own_bus))
    for number in range(10):
        await kv.put(writer, "facts", f"p{number}", b"%d" % number)
    options = LinkOptions(
        urls=(own_bus.url,), creds=own_bus.site.master.credentials, ca=own_bus.site.ca
    )
    async with LossyLink(options, lost) as link:
        await link.connect_once(20)
        async with watch.watch(link, "facts", heartbeat=0.2) as watching:
            found: list[Entry] = []
            async with asyncio.timeout(40):
                while len(found) < 10:
                    found += (await anext(watching)).entries

            assert values(found) == {f"p{n}": b"%d" % n for n in range(10)}
            assert len(found) == 10, "nothing is told twice"
            assert watching.restarts >= 1


async def test_a_stream_that_was_made_anew_is_told_from_its_beginning(
    own_bus: Bus, open_link: OpenLink
):
    link = await ready(await open_link(own_bus))
    for number in range(5):
        await kv.put(link, "facts", f"p{number}", b"old")
    async with watch.watch(link, "facts") as watching:
        await until(watching, caught_up)
        own_bus.server.kill()
        shutil.rmtree(own_bus.site.paths.nats / "jetstream")
        own_bus.server.start_again()
        await link.wait_connected(20)
        await ready(await open_link(own_bus))
        await kv.put(await open_link(own_bus), "facts", "p0", b"new")
        async with asyncio.timeout(40):
            batch = await anext(watching)
            while not batch.restarted:
                batch = await anext(watching)
            found = batch.entries
            while not batch.caught_up or not found:
                batch = await anext(watching)
                assert not batch.restarted
                found += batch.entries

    assert values(found) == {"p0": b"new"}


async def test_a_stream_that_lost_its_newest_messages_is_told_from_its_beginning(
    own_bus: Bus, open_link: OpenLink
):
    jetstream = own_bus.site.paths.nats / "jetstream"
    link = await ready(await open_link(own_bus))
    await kv.put(link, "facts", "p0", b"kept")
    own_bus.server.stop()
    shutil.copytree(jetstream, jetstream.with_name("backup"))
    own_bus.server.start_again()
    await kv.put_until_acked(link, "facts", "p1", b"lost")
    async with watch.watch(link, "facts") as watching:
        assert values(await until(watching, caught_up)) == {"p0": b"kept", "p1": b"lost"}
        own_bus.server.kill()
        shutil.rmtree(jetstream)
        shutil.copytree(jetstream.with_name("backup"), jetstream)
        own_bus.server.start_again()

        found = await until(watching, lambda batch: batch.restarted)
        while not found:
            found = await until(watching, caught_up)
    assert values(found) == {"p0": b"kept"}


async def test_a_bucket_that_comes_later_is_waited_for(own_bus: Bus, open_link: OpenLink):
    link = await open_link(own_bus)
    async with watch.watch(link, "facts") as watching:
        first = asyncio.create_task(anext(watching))
        async with asyncio.timeout(20):
            while watching.problem is None:  # noqa: ASYNC110  # it only shows that it tries
                await asyncio.sleep(0)
        assert "stream not found" in watching.problem.message
        await streams.ensure(link)

        async with asyncio.timeout(20):
            assert await first == Batch([], caught_up=True)
        assert watching.problem is None
