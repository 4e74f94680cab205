from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from zester_proto.buckets import BUCKETS, STREAMS, bucket
from zester_proto.link import NatsLink, kv, streams
from zester_proto.link.jsapi import ask
from zester_testing.site import Bus

OpenLink = Callable[..., Awaitable[NatsLink]]
NAMES = [one.name for one in (*BUCKETS, *STREAMS)]


@pytest.fixture
async def master(own_bus: Bus, open_link: OpenLink) -> NatsLink:
    return await open_link(own_bus)


async def config(link: NatsLink, stream: str) -> dict[str, Any]:
    return (await ask(link, f"STREAM.INFO.{stream}", {}, dict[str, Any]))["config"]


async def change(link: NatsLink, stream: str, **over: Any) -> None:
    changed = await config(link, stream) | over
    await ask(link, f"STREAM.UPDATE.{stream}", changed, dict[str, Any])


async def test_all_are_made_as_the_table_says_and_then_left_alone(master: NatsLink):
    first = await streams.ensure(master)
    second = await streams.ensure(master)

    assert first == streams.Report(NAMES, [], [], [])
    assert second == streams.Report([], [], [], [])
    for one in BUCKETS:
        have = await config(master, one.stream)
        assert have["max_age"] == one.ttl * 1e9
        assert have["max_bytes"] == one.max_bytes
        assert have["max_msgs_per_subject"] == one.history
        assert have["storage"] == one.storage
        assert have["discard"] == "new"
        assert have.get("discard_new_per_subject", False) == one.write_once
        assert not have["allow_rollup_hdrs"]
        assert have["allow_direct"]
    assert (await config(master, "job-events"))["deny_purge"]


async def test_three_copies_on_one_server_are_a_condition_and_the_site_works(master: NatsLink):
    report = await streams.ensure(master, 3)

    assert report.created == NAMES
    assert [one.code for one in report.conditions] == ["buckets-replicas"]
    assert report.conditions[0].severity == "warning"
    assert "jetstream_replicas" in report.conditions[0].remedy
    await kv.put(master, "facts", "x", b"works")

    again = await streams.ensure(master, 3)
    assert [one.code for one in again.conditions] == ["buckets-replicas"]
    assert {drift.field for drift in again.drifts} == {"num_replicas"}


async def test_what_loses_nothing_is_adjusted_in_place(master: NatsLink):
    await streams.ensure(master)
    await kv.put(master, "facts", "web", b"kept")
    await change(master, "KV_facts", max_bytes=1 << 20, max_msg_size=1024, allow_rollup_hdrs=True)
    await change(master, "KV_jobs", max_age=3600 * 10**9)
    await change(master, "KV_job-returns", discard_new_per_subject=False)
    report = await streams.ensure(master)

    assert {(one.name, one.field) for one in report.adjusted} == {
        ("facts", "max_bytes"), ("facts", "max_msg_size"), ("facts", "allow_rollup_hdrs"),
        ("jobs", "max_age"), ("job-returns", "discard_new_per_subject"),
    }  # fmt: skip
    assert not report.drifts
    assert not report.conditions
    assert (await streams.ensure(master)).adjusted == []
    entry = await kv.get(master, "facts", "web")
    assert entry is not None
    assert entry.value == b"kept"


async def test_what_may_lose_something_is_told_and_changed_only_when_asked_for(master: NatsLink):
    await streams.ensure(master)
    await change(master, "KV_update-status", max_age=0)
    await change(master, "KV_facts", max_bytes=-1)
    report = await streams.ensure(master)

    assert not report.adjusted
    assert [(one.name, one.field, one.lossless) for one in report.drifts] == [
        ("facts", "max_bytes", False), ("update-status", "max_age", False),
    ]  # fmt: skip
    assert (report.drifts[0].have, report.drifts[0].want) == (-1, bucket("facts").max_bytes)

    asked = await streams.ensure(master, adjust=True)
    assert {one.field for one in asked.adjusted} == {"max_bytes", "max_age"}
    assert (await streams.ensure(master)).drifts == []


async def test_what_jetstream_will_never_change_is_a_condition_and_stays_a_drift(master: NatsLink):
    body = {**streams.config_of(bucket("trust"), 1), "storage": "memory"}
    await ask(master, "STREAM.CREATE.KV_trust", body, dict[str, Any])
    report = await streams.ensure(master, adjust=True)

    assert [(one.name, one.field, one.have, one.want) for one in report.drifts] == [
        ("trust", "storage", "memory", "file")
    ]
    assert len(report.conditions) == 1
    assert "trust" in report.conditions[0].text
    assert report.conditions[0].remedy
    assert report.created == [name for name in NAMES if name != "trust"]


async def test_only_what_is_named_is_touched(master: NatsLink):
    report = await streams.ensure(master, only=lambda name: name == "trust")

    assert report.created == ["trust"]


async def test_one_reason_that_hits_many_buckets_is_one_condition(master: NatsLink):
    await ask(
        master, "STREAM.CREATE.hog",
        {"name": "hog", "subjects": ["zester.test.hog"], "max_bytes": 499 << 30}, dict[str, Any],
    )  # fmt: skip
    report = await streams.ensure(master)

    assert [one.code for one in report.conditions] == ["buckets-10047"]
    assert report.conditions[0].severity == "error"
    assert "insufficient storage" in report.conditions[0].text
    assert "make room" in report.conditions[0].remedy
