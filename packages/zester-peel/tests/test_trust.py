"""A peel that is behind finds its way to the newest bundle, and never back."""

import time
from pathlib import Path

import msgspec

from zester_master.site.issuing import next_bundle, publish_bundle
from zester_proto.codec import encode
from zester_proto.identity.bundle import TrustStore, following, sign_bundle
from zester_proto.identity.keyfile import read_key
from zester_proto.identity.sealing import BoxKey
from zester_proto.identity.signing import SigningKey, key_id
from zester_proto.link import kv
from zester_proto.messages.trust import MasterKey
from zester_testing.peels import Peel, is_welcome
from zester_testing.raw_master import RawMaster
from zester_testing.site import Bus


def rotate(bus: Bus, times: int, job: SigningKey, returning: BoxKey) -> TrustStore:
    """Issue some bundles; the last one has these keys of the masters alone."""
    for _ in range(times - 1):
        _rotate(bus, SigningKey.generate(), BoxKey.generate())
    return _rotate(bus, job, returning)


def _rotate(bus: Bus, job: SigningKey, returning: BoxKey) -> TrustStore:
    site = bus.site
    bundle = next_bundle(site.offline, time.time())
    changed = msgspec.structs.replace(
        bundle,
        job_keys=(MasterKey(master="master-1", public=job.public),),
        return_keys=(returning.public, *bundle.return_keys),
    )
    return publish_bundle(site.offline, changed, site.paths.master, time.time())


def use(master: RawMaster, job: SigningKey, returning: BoxKey) -> None:
    """Have a master sign and open with other keys."""
    keys = master.identity.keys._replace(job=job, returning=returning)
    master.identity = master.identity._replace(keys=keys)


async def publish(master: RawMaster, store: TrustStore) -> None:
    """Put every version where peels read it."""
    for version, signed in enumerate(store.history, 1):
        await kv.put(master.link, "trust", f"bundle.{version}", encode(signed))


async def test_a_peel_walks_over_three_rotations_while_it_runs(
    own_bus: Bus, tmp_path: Path
) -> None:
    async with RawMaster.up(own_bus) as master:
        with Peel.up(own_bus, "walker-1", tmp_path) as peel:
            await master.here(peel.id)
            job, returning = SigningKey.generate(), BoxKey.generate()
            store = rotate(own_bus, 3, job, returning)
            await publish(master, store)
            use(master, job, returning)

            returned = await master.run(peel.identity, "test.ping")

            assert returned.value is True
            assert returned.head.return_key == key_id(returning.public)
            trust = TrustStore.load(own_bus.site.peel_folder(peel.id) / "trust")
            assert trust.version == store.version


async def test_a_peel_that_slept_through_rotations_comes_back_by_itself(
    own_bus: Bus, tmp_path: Path
) -> None:
    own_bus.site.peel("sleeper-1")
    job, returning = SigningKey.generate(), BoxKey.generate()
    store = rotate(own_bus, 2, job, returning)
    async with RawMaster.up(own_bus) as master:
        await publish(master, store)
        use(master, job, returning)
        master.bundle = store.version
        with Peel.up(own_bus, "sleeper-1", tmp_path) as peel:
            await is_welcome(peel)

            assert (await master.run(peel.identity, "test.ping")).value is True


def change_root(bus: Bus, job: SigningKey) -> TrustStore:
    """Have the root name its heir, and the heir the master's key."""
    store = TrustStore.load(bus.site.offline.trust)
    root = SigningKey.from_seed(read_key(bus.site.offline.root_key, "site-root"))
    heir = SigningKey.generate()
    named = msgspec.structs.replace(following(store, time.time()), next_root=heir.public)
    store.accept(sign_bundle(named, root))
    keys = (MasterKey(master="master-1", public=job.public),)
    store.accept(
        sign_bundle(msgspec.structs.replace(following(store, time.time()), job_keys=keys), heir)
    )
    return store


async def test_a_peel_follows_a_change_of_the_root_and_keeps_to_it_after_a_restart(
    own_bus: Bus, tmp_path: Path
) -> None:
    async with RawMaster.up(own_bus) as master:
        with Peel.up(own_bus, "heir-1", tmp_path) as peel:
            await master.here(peel.id)
            job = SigningKey.generate()
            store = change_root(own_bus, job)
            await publish(master, store)
            use(master, job, master.identity.keys.returning)

            assert (await master.run(peel.identity, "test.ping")).value is True
            peel.kill()
            peel.start()
            await master.here(peel.id, lives=2)
            await is_welcome(peel)
            assert (await master.run(peel.identity, "test.ping")).value is True

            trust = TrustStore.load(own_bus.site.peel_folder(peel.id) / "trust")
            assert trust.present_root == store.present_root != trust.root


async def test_a_bundle_with_a_gap_or_by_another_is_not_taken(own_bus: Bus, tmp_path: Path) -> None:
    async with RawMaster.up(own_bus) as master:
        with Peel.up(own_bus, "steady-1", tmp_path) as peel:
            await master.here(peel.id)
            job, returning = SigningKey.generate(), BoxKey.generate()
            store = rotate(own_bus, 2, job, returning)
            held = store.version - 2
            newest = store.history[-1]
            await kv.put(master.link, "trust", f"bundle.{held + 1}", encode(newest))
            forged = master.signed("job", master.job(peel.id, "test.ping"), job)
            await master.publish(forged, peel.id)

            assert (await master.run(peel.identity, "test.ping")).value is True
            assert peel.lines("cannot read the newest trust bundle")
            trust = TrustStore.load(own_bus.site.peel_folder(peel.id) / "trust")
            assert trust.version == held
