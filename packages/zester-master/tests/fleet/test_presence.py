"""Who is there: connections, heartbeats, and what is known when servers and masters come and go."""

import contextlib
import time

import pytest

from zester_master.fleet.presence import FRESH, ConnectionId, Found, Presence
from zester_proto.messages.operators import TargetAsk
from zester_testing.masters import Master, Operator, eventually
from zester_testing.raw_peel import RawPeel
from zester_testing.site import Bus

ONE, TWO = ConnectionId("s1", 1), ConnectionId("s1", 2)


class Time:
    """Two clocks that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def clock(self) -> float:
        """The monotonic one."""
        return self.now

    def wall(self) -> float:
        """Unix time."""
        return self.now + 1e9


@pytest.fixture
def hours() -> Time:
    return Time()


def old_master(hours: Time) -> Presence:
    """Give the presence of a master that is seeded and older than a heartbeat counts."""
    presence = Presence(hours.clock, hours.wall, started=hours.now - FRESH - 1)
    presence.seeded.set()
    return presence


def test_a_connection_and_a_heartbeat_make_a_peel_present(hours: Time):
    presence = old_master(hours)
    presence.heard("a", "i1", "0.1.0")
    assert not presence.is_present("a")
    presence.opened("a", ONE, "10.0.0.1")
    hours.now += FRESH + 1
    assert not presence.is_present("a")
    presence.heard("a", "i1", "0.1.0")
    assert presence.is_present("a")
    presence.closed("a", ONE)
    assert not presence.is_present("a")
    seen = presence.get("a")
    assert seen
    assert seen.since == hours.wall()


def test_a_new_connection_counts_alone_and_so_does_a_new_master(hours: Time):
    presence = old_master(hours)
    presence.opened("a", ONE, "10.0.0.1")
    assert presence.is_present("a")
    hours.now += FRESH + 1
    assert not presence.is_present("a")  # it hangs
    young = Presence(hours.clock, hours.wall, started=hours.now)
    young.snapshot("s1", {ONE: Found("a", "10.0.0.1:7", 5.0)}, hours.now)
    assert young.is_present("a")
    seen = young.get("a")
    assert seen
    assert seen.since == 5.0  # as its server tells, not when this master came


def test_heartbeats_alone_count_while_connections_cannot_be_seen(hours: Time):
    presence = old_master(hours)
    presence.blind = True
    presence.heard("a", "i1", "0.1.0")
    assert presence.is_present("a")
    hours.now += FRESH
    assert not presence.is_present("a")


def test_what_a_server_no_longer_names_is_gone_but_for_what_came_meanwhile(hours: Time):
    presence = old_master(hours)
    presence.opened("a", ONE, "10.0.0.1")
    asked = hours.now = hours.now + 1
    hours.now += 1
    presence.opened("b", TWO, "10.0.0.2")
    presence.snapshot("s1", {}, asked)
    assert not presence.is_present("a")
    assert presence.is_present("b")
    presence.keep_servers({"s2"})
    assert not presence.is_present("b")


def test_a_close_that_overtakes_its_open_wins(hours: Time):
    presence = old_master(hours)
    presence.closed("a", ONE)
    presence.opened("a", ONE, "10.0.0.1")
    assert not presence.is_present("a")


def test_a_restarted_peel_is_no_second_one_and_a_clone_is(hours: Time):
    presence = old_master(hours)
    told: list[tuple[str, bool]] = []
    presence.on_duplicate(lambda peel_id, twice: told.append((peel_id, twice)))
    presence.heard("a", "i1", "0.1.0")
    presence.heard("a", "i2", "0.1.0")  # it restarted, and its last word came late
    presence.heard("a", "i1", "0.1.0")
    assert not told
    hours.now += 2
    presence.heard("a", "i1", "0.1.0")
    assert told == [("a", True)]
    assert presence.duplicates == {"a"}
    hours.now += FRESH
    presence.heard("a", "i2", "0.1.0")
    assert told == [("a", True), ("a", False)]


async def test_presence_is_right_again_when_the_server_and_the_master_restart(own_bus: Bus):
    began = time.time()
    async with contextlib.AsyncExitStack() as stack:
        async with Master.up(own_bus) as first:
            peels = [
                await stack.enter_async_context(RawPeel.up(own_bus, one)) for one in ("a", "b")
            ]
            await first.sees("a", "b")
            await peels[1].link.close()
            await eventually(lambda: not first.context.presence.is_present("b"), "b is gone")

            own_bus.server.stop()
            own_bus.server.start_again()
            await peels[0].link.wait_connected()

            def counted() -> bool:
                seen = first.context.presence.get("a")
                return seen is not None and len(seen.connections) == 1

            await eventually(counted, "the connection that went with the server is forgotten")
            assert first.context.presence.is_present("a")
            assert not first.context.presence.is_present("b")
        async with Master.up(own_bus) as second, Operator.up(own_bus) as operator:
            await second.sees("a")
            found = await operator.rows("peels", TargetAsk())
            assert [found[one]["state"] for one in ("a", "b")] == ["present", "absent"]
            assert began < found["a"]["since"] < second.context.wall()
            assert found["a"]["address"].startswith("127.0.0.1")
            assert found["a"]["facts"] > began - 1
            # before any heartbeat came to this master
            await peels[0].hello(clock=time.time() + 100)
            found = await operator.rows("peels", TargetAsk())
            assert found["a"]["clock"] == pytest.approx(100, abs=5)
            assert "clock-off" in second.conditions()
