"""A part that fails comes back, and shows it."""

import asyncio

from zester_proto.health import Health
from zester_proto.logs import Log
from zester_proto.metrics import Registry
from zester_proto.supervise import Supervisor


async def test_a_part_that_fails_or_ends_is_started_again_and_shown() -> None:
    registry = Registry()
    health = Health("1", registry)
    restarts = registry.counter("restarts_total", "Parts that failed", ("part",))
    lives: list[int] = []
    third = asyncio.Event()

    async def part() -> None:
        lives.append(len(lives))
        if len(lives) == 1:
            raise RuntimeError("the first life ended badly")
        if len(lives) == 3:
            third.set()
            await asyncio.Event().wait()

    supervisor = Supervisor("the test", health, restarts, Log("zester.test"), base=0.01)
    task = asyncio.create_task(supervisor.keep("part", part))
    await third.wait()

    [condition] = health.conditions()
    assert condition.code == "part-part"
    assert condition.text == "the test's part failed: it ended by itself"
    assert not health.ready()[0]
    assert restarts.value(part="part") == 2
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
