"""A real agent on a real bus, ordered about by a master of raw messages."""

from pathlib import Path

from zester_testing.peels import Peel
from zester_testing.raw_master import RawMaster
from zester_testing.site import Bus


async def test_a_ping_is_acked_and_answered(bus: Bus, tmp_path: Path) -> None:
    async with RawMaster.up(bus) as master:
        with Peel.up(bus, "ping-1", tmp_path) as peel:
            instance = await master.here("ping-1")
            returned = await master.run(peel.identity, "test.ping")

            assert (returned.outcome, returned.value) == ("ok", True)
            assert returned.meta.instance == instance
            [ack] = await master.acked(master.acks[0][0])
            assert ack.instance == instance
