"""A master makes its buckets, also on a server that refuses them at first."""

from zester_master.site.layout import read_site
from zester_testing.masters import Master, eventually
from zester_testing.site import Bus


async def test_a_bucket_that_was_refused_is_made_as_soon_as_it_can_be(own_bus: Bus):
    account = read_site(own_bus.site.paths.master).accounts["ZESTER"]
    # the server clears this away, but refuses the first bucket for it
    (own_bus.site.paths.nats / "jetstream" / account).touch(exist_ok=False)

    async with Master.up(own_bus) as master:
        assert "Stream create failed" in own_bus.server.log.read_text()
        await eventually(
            lambda: not any(one.startswith("buckets") for one in master.conditions()), "all is well"
        )
