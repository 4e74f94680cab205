"""A part that fails comes back, and shows it."""

import asyncio

from zester_peel.meter import Meter
from zester_peel.supervise import Supervisor
from zester_proto.health import Health
from zester_proto.logs import Log
from zester_proto.metrics import Registry


async def test_a_part_that_fails_or_ends_is_started_again_and_shown() -> None:
    registry = Registry()
    health = Health("1", registry)
    meter = Meter(registry, connected=lambda: True, uptime=lambda: 0.0)
    lives: list[int] = []
    third = asyncio.Event()

    async def part() -> None:
        lives.append(len(lives))
        if len(lives) == 1:
            raise RuntimeError("the first life ended badly")
        if len(lives) == 3:
            third.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(
        Supervisor(health, meter, Log("zester.test"), base=0.01).keep("part", part)
    )
    await third.wait()

    assert [one.code for one in health.conditions()] == ["part-part"]
    assert not health.ready()[0]
    assert meter.restarts.value(part="part") == 2
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
