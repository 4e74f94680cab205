import asyncio
import os
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_proto.buckets import CHUNK
from zester_proto.link import AlreadyThere, BadReply, NatsLink, chunks, kv, streams
from zester_testing.site import Bus

OpenLink = Callable[..., Awaitable[NatsLink]]


@pytest.fixture
async def master(bus: Bus, open_link: OpenLink) -> NatsLink:
    link = await open_link(bus)
    await streams.ensure(link)
    return link


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK, 1_000_000])
async def test_what_is_written_is_read_whole(
    bus: Bus, master: NatsLink, open_link: OpenLink, size: int
):
    peel = await open_link(bus, bus.site.peel("web").credentials)
    value = os.urandom(size)
    revision = await chunks.write(master, "state-files", f"blob.{size}", value)
    entry = await chunks.read(peel, "state-files", f"blob.{size}")

    assert entry is not None
    assert (entry.value, entry.revision) == (value, revision)
    assert await chunks.read(peel, "state-files", "blob.none") is None


async def test_a_deleted_value_leaves_no_chunk(master: NatsLink):
    await chunks.write(master, "state-files", "gone.1", os.urandom(CHUNK * 3))
    await chunks.write(master, "state-files", "gone.2", b"small")
    for key in ("gone.1", "gone.2", "gone.none"):
        await chunks.delete(master, "state-files", key)

    assert await kv.get_many(master, "state-files", "gone.>") == {}


async def test_chunks_that_do_not_make_what_the_head_names_are_not_used(master: NatsLink):
    value = os.urandom(CHUNK * 2 + 5)
    await chunks.write(master, "state-files", "torn.1", value)
    await kv.put(master, "state-files", "torn.1.2", os.urandom(CHUNK))
    with pytest.raises(BadReply, match=r"chunks of torn\.1 in state-files do not make"):
        await chunks.read(master, "state-files", "torn.1")
    await kv.put(master, "state-files", "torn.1.2", os.urandom(CHUNK + 1))
    with pytest.raises(BadReply):
        await chunks.read(master, "state-files", "torn.1")
    await kv.delete(master, "state-files", "torn.1.2")
    with pytest.raises(BadReply):
        await chunks.read(master, "state-files", "torn.1")


async def test_a_value_that_is_being_replaced_is_read_whole_or_not_at_all(master: NatsLink):
    values = [bytes([n]) * (CHUNK * (n + 1) + n) for n in range(1, 4)]
    await chunks.write(master, "state-files", "busy.1", values[0])
    done = asyncio.Event()

    async def read() -> int:
        whole = 0
        while not done.is_set():
            try:
                entry = await chunks.read(master, "state-files", "busy.1")
            except BadReply:
                continue
            assert entry is not None
            assert entry.value in values
            whole += 1
        return whole

    reading = asyncio.create_task(read())
    for _ in range(20):
        for value in values:
            await chunks.write(master, "state-files", "busy.1", value)
    done.set()
    await reading
    entry = await chunks.read(master, "state-files", "busy.1")
    assert entry is not None
    assert entry.value == values[-1]


async def test_a_head_that_claims_too_much_is_not_followed(master: NatsLink):
    await kv.put(
        master,
        "state-files",
        "huge.1",
        b"",
        headers=chunks.head_headers(b"x") | {chunks.SIZE: "9" * 12},
    )
    with pytest.raises(BadReply, match="at most"):
        await chunks.read(master, "state-files", "huge.1")


async def test_a_second_try_in_a_write_once_bucket_ends_like_the_first(master: NatsLink):
    value = os.urandom(CHUNK * 3)
    await kv.put(master, "job-returns", "j.p.1", value[:CHUNK])  # a try that was cut off
    await chunks.write(master, "job-returns", "j.p", value)

    entry = await chunks.read(master, "job-returns", "j.p")
    assert entry is not None
    assert entry.value == value
    with pytest.raises(AlreadyThere):
        await chunks.write(master, "job-returns", "j.p", value)


@given(st.binary(min_size=1, max_size=300), st.integers(1, 50))
def test_a_head_says_what_it_is_the_head_of(value: bytes, chunk: int):
    head = chunks.read_head(chunks.head_headers(value, chunk))

    assert head is not None
    assert head.size == len(value)
    assert (head.total - 1) * chunk < len(value) <= head.total * chunk


@pytest.mark.parametrize(
    "over",
    [{chunks.COUNT: "0"}, {chunks.COUNT: "-1"}, {chunks.COUNT: "x"}, {chunks.COUNT: "10000"},
     {chunks.SIZE: "0"}, {chunks.SIZE: ""}, {chunks.DIGEST: "ab"}, {chunks.DIGEST: "zz"}],
)  # fmt: skip
def test_an_impossible_head_is_refused(over: dict[str, str]):
    with pytest.raises(BadReply):
        chunks.read_head(chunks.head_headers(b"x") | over)
    assert chunks.read_head({}) is None
