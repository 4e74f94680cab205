"""What a peel believes of settings on the bus: a real server, and a master that says anything."""

from pathlib import Path

import msgspec
import pytest

from zester_peel.settings.bundle import BadSettings
from zester_peel.settings.keeper import SettingsKeeper
from zester_proto.identity.joining import PeelIdentity
from zester_proto.identity.sealing import BoxKey
from zester_proto.identity.signing import SigningKey
from zester_proto.link import kv
from zester_proto.messages.settings import FILES
from zester_testing.kept import Kept, kept_settings
from zester_testing.raw_master import RawMaster
from zester_testing.sealing import Sealing
from zester_testing.site import Bus


@pytest.fixture
def peel(bus: Bus) -> PeelIdentity:
    return bus.site.peel("keeper.example.com")


@pytest.fixture
def kept(bus: Bus, tmp_path: Path, peel: PeelIdentity) -> Kept[SettingsKeeper]:
    return kept_settings(bus, tmp_path, peel)


@pytest.fixture
def sealing(master: RawMaster, peel: PeelIdentity) -> Sealing:
    return Sealing(master, peel)


async def test_what_is_forged_moved_or_old_is_refused_and_what_was_good_stays(
    kept: Kept[SettingsKeeper], sealing: Sealing
) -> None:
    async with kept.serving() as keeper:
        keeper.welcomed(10)
        good = await sealing.bundle(10, {"a.zy": "a: 1"}, "a")
        old = await sealing.put(good)
        await kept.takes(10)

        newer = await sealing.bundle(20, {"a.zy": "a: 2"}, "a")
        await sealing.put(newer, key=SigningKey.generate())
        await kept.complains("signed by no master")
        await sealing.put(newer, box=BoxKey.generate())
        await kept.complains("not sealed for this peel")
        other = msgspec.structs.replace(newer, peel="other")
        await sealing.put(other)
        await kept.complains("not sealed for this peel")
        await sealing.put(msgspec.structs.replace(newer, recipient="other"))
        await kept.complains("are those of")
        await sealing.put(msgspec.structs.replace(newer, site="other"))
        await kept.complains("are those of")
        await sealing.put_raw(b"rubbish")
        await kept.complains("not sealed for this peel")
        assert await keeper.current() == good

        await sealing.put(newer)
        await kept.takes(20)
        await sealing.put_raw(old)
        await kept.complains("generation 10 of the settings, and 20 is known")
        assert await keeper.current() == newer


@pytest.mark.parametrize(
    "change", [{"path": "../out"}, {"env": "../out"}, {"stored": "../../x.y"}, {"stored": "1./x"}]
)
async def test_names_that_climb_out_are_refused(
    kept: Kept[SettingsKeeper], sealing: Sealing, change: dict[str, str]
) -> None:
    async with kept.serving() as keeper:
        keeper.welcomed(10)
        bundle = await sealing.bundle(10, {"a.zy": "a: 1"}, "a")
        bad = msgspec.structs.replace(bundle.files[0], **change)
        await sealing.put(msgspec.structs.replace(bundle, files=(bad,)))
        await kept.complains("make no sense")
        assert keeper.bundle is None


async def test_a_peel_that_was_told_nothing_has_no_settings_to_give(
    kept: Kept[SettingsKeeper], sealing: Sealing
) -> None:
    await sealing.put(await sealing.bundle(10, {}))
    async with kept.serving() as keeper:
        keeper.following.ask()
        keeper.welcomed(-1)
        with pytest.raises(BadSettings, match="not known yet"):
            await keeper.current()
        keeper.welcomed(0)
        assert await keeper.current() is None


async def test_a_wiped_peel_takes_nothing_older_than_a_master_vouches_for(
    kept: Kept[SettingsKeeper], sealing: Sealing
) -> None:
    async with kept.serving() as keeper:
        await sealing.put(await sealing.bundle(10, {}))
        keeper.welcomed(11)
        await kept.complains("generation 10 of the settings, and 11 is known")
        assert keeper.bundle is None
        await sealing.put(await sealing.bundle(11, {}))
        await kept.takes(11)


async def test_a_damaged_file_leaves_the_settings_before_in_force(
    kept: Kept[SettingsKeeper], sealing: Sealing
) -> None:
    async with kept.serving() as keeper:
        keeper.welcomed(1)
        good = await sealing.bundle(1, {"a.zy": "a: 1"}, "a")
        await sealing.put(good)
        await kept.takes(1)
        newer = await sealing.bundle(2, {"a.zy": "a: 2"}, "a")
        await kv.put(sealing.master.link, FILES, sealing.stored["a.zy"], b"x" * 60)
        await sealing.put(newer)
        await kept.complains("a.zy is damaged in the store")
        assert await keeper.current() == good


async def test_the_last_good_settings_outlive_the_agent_and_lie_sealed_on_the_disk(
    bus: Bus, kept: Kept[SettingsKeeper], sealing: Sealing, peel: PeelIdentity, tmp_path: Path
) -> None:
    canary = "correct-horse-battery"
    async with kept.serving() as keeper:
        keeper.welcomed(5)
        bundle = await sealing.bundle(5, {"a.zy": f"a: {canary}"}, "a", secrets={"x": canary})
        await sealing.put(bundle)
        await kept.takes(5)

    lying = [one for one in (tmp_path / "settings").rglob("*") if one.is_file()]
    assert len(lying) == 2
    assert not any(canary.encode() in one.read_bytes() for one in lying)
    assert all(one.stat().st_mode & 0o077 == 0 for one in lying)
    again = kept_settings(bus, tmp_path, peel).keeper  # no connection, no welcome
    await again.load()
    assert await again.current() == bundle
    stranger = kept_settings(bus, tmp_path, bus.site.peel("stranger")).keeper
    await stranger.load()
    assert stranger.bundle is None
