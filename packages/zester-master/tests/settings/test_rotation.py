"""The settings key is rotated under a fleet that stands: nothing is lost, and the old one goes."""

import stat
import time
from pathlib import Path

import pytest

from zester_master.config import MasterConfig
from zester_master.fleet.shared import Unreadable
from zester_master.main import main
from zester_master.secrets.record import SecretRecord
from zester_master.secrets.store import SecretStore
from zester_master.secrets.usage import notes
from zester_master.settings.rotation import Step, rotate, sealed_aad
from zester_master.site.admitted import admitted_box
from zester_master.site.layout import AuthPaths
from zester_master.site.masters import add_master
from zester_master.site.revoking import revoke
from zester_proto.identity.claims import UserClaims
from zester_proto.identity.jwt import read_jwt
from zester_proto.identity.keyfile import read_key, write_key
from zester_proto.identity.sealing import SealError, open_with
from zester_proto.link.watch import follow
from zester_testing.masters import Master, eventually
from zester_testing.raw_peel import RawPeel
from zester_testing.sealed_peel import SealedPeel, contents
from zester_testing.site import Bus


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "settings"
    folder.mkdir()
    (folder / "top.zy").write_text("base:\n  'web-*': [web]\n")
    (folder / "web.zy").write_text("key: !secret web/key\nport: 1\n")
    return folder


def config_of(bus: Bus, tree: Path, auth: Path | None = None) -> MasterConfig:
    folder = auth or bus.site.paths.master
    return MasterConfig(auth_dir=folder, nats_url=(bus.url,), settings_dir=tree)


def store_of(master: Master) -> SecretStore:
    context = master.context
    return SecretStore(context.link, context.keys.settings, "master-1", time.time)


async def opened_by(master: Master, key: bytes) -> list[str]:
    """Give all that lies in the bucket `site`, replaced or not, and that a key opens."""
    found: list[str] = []
    async with follow(master.context.link, "KV_site", "$KV.site.>", start=0) as batches:
        async for batch in batches:
            for entry in batch.entries:
                aad = sealed_aad(entry.key.removeprefix("$KV.site."))
                if aad is None or entry.operation != "put":
                    continue
                try:
                    open_with(key, aad, entry.value)
                except SealError:
                    continue
                found.append(entry.key)
            if batch.caught_up:
                return found
    return found


async def test_a_fleet_goes_over_to_another_key_and_the_old_one_opens_nothing(
    own_bus: Bus, tree: Path, tmp_path: Path
) -> None:
    config, paths = config_of(own_bus, tree), AuthPaths(own_bus.site.paths.master)
    old = read_key(paths.settings_key, "settings")
    async with Master.up(own_bus):
        pass  # which makes the buckets
    async with SealedPeel.up(own_bus, "web-1", tmp_path) as web:
        async with Master.up(own_bus, settings_dir=tree) as master:
            record = SecretRecord(name="web/key", value="canary-1", changed=1.0)
            await store_of(master).put(record, None)
            first = await web.settled(master)
            async with RawPeel.up(own_bus, "gone-1"):
                await master.sees("gone-1")
                await revoke(config, "gone-1")
            await master.agent.drains.set(["web-1"], 1, on=True)
            await master.agent.quarantine.add("bad-1", "it flooded")
            assert await opened_by(master, old)

            assert "--begin" in (await rotate(config)).text
            assert (await rotate(config, begin=True)).done
            waits = await rotate(config)
            assert not waits.done
            assert "master-1 cannot open" in waits.text

        async with Master.up(own_bus, settings_dir=tree) as master:
            await said(config, "seals with the new key once it was restarted")
            new = read_key(paths.settings_key, "settings")
            assert read_key(paths.settings_old, "settings") == old
            assert not (await rotate(config)).done

        async with Master.up(own_bus, settings_dir=tree) as master:
            second = await web.settled(master, after=first.generation)
            assert second.secrets == {"web/key": "canary-1"}
            assert second.files[0].key != first.files[0].key
            await said(config, "1 peels stay admitted")
            assert not paths.settings_old.exists()

        async with Master.up(own_bus, settings_dir=tree) as master:
            await master.sees("web-1")
            assert master.context.keys.also == ()
            assert await opened_by(master, old) == []
            assert await notes(master.context.link, old, master.context.site) == {}
            assert [one.value for one in await store_of(master).all()] == ["canary-1"]
            assert master.context.is_revoked("gone-1")
            assert master.context.quarantined == {"bad-1": "it flooded"}
            await eventually(lambda: master.agent.drains.get("web-1").on, "it is drained still")
            assert web.keeper.bundle is not None
            assert await contents(master, web.keeper.bundle, "web.zy")
            assert not {"peel-not-admitted", "settings-differ"} & master.conditions().keys()

            jwt = master.agent.renewing.renewed("web-1", web.raw.identity.credentials.jwt)
            claims = read_jwt(jwt, UserClaims)
            assert admitted_box(new, master.context.site, claims) == web.raw.identity.box.public


async def said(config: MasterConfig, text: str) -> Step:
    """Call it until the masters' signs of life say what it waits for."""

    async def step() -> Step | None:
        now = await rotate(config)
        assert now.done is (text in now.text), now.text
        return now if now.done else None

    return await eventually(step, text)


async def test_who_is_cut_off_in_the_middle_of_a_step_takes_it_again(
    own_bus: Bus, tree: Path
) -> None:
    config, paths = config_of(own_bus, tree), AuthPaths(own_bus.site.paths.master)
    async with Master.up(own_bus, settings_dir=tree):
        await rotate(config, begin=True)
    old, new = (read_key(one, "settings") for one in (paths.settings_key, paths.settings_next))
    write_key(paths.settings_old, "settings", old)  # and then the power went
    async with Master.up(own_bus, settings_dir=tree) as master:
        assert master.context.keys.also == (new, old)
        await said(config, "seals with the new key")
    assert read_key(paths.settings_key, "settings") == new
    assert read_key(paths.settings_old, "settings") == old
    assert not paths.settings_next.exists()


async def test_no_master_is_left_behind(own_bus: Bus, tree: Path, tmp_path: Path) -> None:
    config, second = config_of(own_bus, tree), tmp_path / "master-2"
    add_master(
        own_bus.site.paths.root, "master-2", own_bus.site.paths.offline, second, now=time.time()
    )
    theirs = config_of(own_bus, tree, second)
    paths, others = AuthPaths(own_bus.site.paths.master), AuthPaths(second)
    async with Master.up(own_bus, settings_dir=tree), Master.up(own_bus, second):
        assert "auth folder of master-2" in (await rotate(config, begin=True)).text
    async with Master.up(own_bus, settings_dir=tree), Master.up(own_bus, second):
        waits = await rotate(config)
        assert not waits.done
        assert "master-2 cannot open" in waits.text
    write_key(others.settings_next, "settings", read_key(paths.settings_next, "settings"))
    async with Master.up(own_bus, settings_dir=tree), Master.up(own_bus, second):
        await said(config, "Call this on master-2 too")
    async with Master.up(own_bus, settings_dir=tree) as first, Master.up(own_bus, second) as other:
        await first.agent.quarantine.add("bad-1", "it flooded")
        await eventually(lambda: other.context.quarantined, "what the new key sealed opens there")
        waits = await rotate(config)
        assert not waits.done
        assert "master-2 does not seal with the new key yet" in waits.text
        await said(theirs, "seals with the new key")
    async with Master.up(own_bus, settings_dir=tree), Master.up(own_bus, second):
        for one in (config, theirs):
            await said(one, "is gone here")


async def test_a_master_with_a_key_of_its_own_overwrites_nothing(
    own_bus: Bus, tmp_path: Path
) -> None:
    second = tmp_path / "master-2"
    add_master(
        own_bus.site.paths.root, "master-2", own_bus.site.paths.offline, second, now=time.time()
    )
    write_key(AuthPaths(second).settings_key, "settings", b"k" * 32)
    async with Master.up(own_bus) as first, Master.up(own_bus, second) as stray:
        await first.agent.quarantine.add("bad-1", "it flooded")
        with pytest.raises(Unreadable, match="another settings key"):
            await stray.agent.quarantine.add("bad-2", "it flooded too")
        assert first.context.quarantined == {"bad-1": "it flooded"}


def test_the_command_takes_a_step_at_a_time_and_begins_when_told(
    own_bus: Bus, tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, paths = tmp_path / "master.yaml", AuthPaths(own_bus.site.paths.master)
    config.write_text(
        f"auth_dir: {paths.folder}\nnats_url: [{own_bus.url}]\nsettings_dir: {tree}\n"
    )
    words = ["settings", "rotate-key", "--config", str(config)]
    assert main(["buckets", "--config", str(config)]) == 0
    before = paths.settings_key.read_bytes()

    assert main(words) == 0
    assert "No rotation is under way" in capsys.readouterr().out
    assert not paths.settings_next.exists()
    assert main([*words, "--begin"]) == 0
    assert "is the key to come" in capsys.readouterr().out
    assert stat.S_IMODE(paths.settings_next.stat().st_mode) == 0o600
    assert main(words) == 1
    assert "No master runs" in capsys.readouterr().out
    assert paths.settings_key.read_bytes() == before
