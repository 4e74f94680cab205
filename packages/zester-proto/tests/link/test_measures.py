import asyncio
from collections.abc import Awaitable, Callable

from zester_proto.health import Health
from zester_proto.link import NatsLink
from zester_proto.link.measures import observe
from zester_proto.metrics import Registry
from zester_testing.site import Bus

NewLink = Callable[..., NatsLink]
Reach = Callable[[NatsLink, int], Awaitable[None]]


async def test_a_links_state_is_in_ready_and_its_traffic_in_the_metrics(
    own_bus: Bus, new_link: NewLink, reach: Reach
):
    registry = Registry()
    health = Health("1", registry)
    link = new_link(own_bus.site, own_bus.url, own_bus.site.master.credentials)
    observe(link, health, registry)
    good, body = health.ready()
    assert not good
    assert body["checks"]["nats"] == {"status": "error", "error": "not connected yet"}

    link.start()
    await link.wait_connected(20)
    await link.publish("zester.test.x", b"12345")
    await link.flush()
    good, body = health.ready()
    assert good
    assert body["checks"]["nats"]["server"] == f"127.0.0.1:{own_bus.server.port}"
    assert body["checks"]["nats"]["latency_ms"] >= 0
    text = registry.render()
    assert "zester_nats_msgs_published_total 1\n" in text
    assert "zester_nats_bytes_published_total 5\n" in text
    assert "zester_nats_reconnects_total 0\n" in text

    told = asyncio.Event()
    link.on_problem(lambda _: told.set())
    own_bus.server.kill()
    await told.wait()
    good, body = health.ready()
    assert not good
    assert [one["code"][:4] for one in body["conditions"]] == ["bus-"]
    own_bus.server.start_again()
    await reach(link, 2)
    await link.wait_connected()
    good, body = health.ready()
    assert good
    assert body["conditions"] == []
    assert "zester_nats_reconnects_total 1\n" in registry.render()
    assert "zester_nats_msgs_published_total 1\n" in registry.render()
