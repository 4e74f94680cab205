"""Settings that a real peel renders in its workers, from what a master sealed for it."""

from pathlib import Path

from zester_proto.secrets.masker import MASK
from zester_testing.masters import eventually
from zester_testing.peels import Peel, is_welcome
from zester_testing.raw_master import RawMaster
from zester_testing.sealing import Sealing
from zester_testing.site import Bus

FILES = {
    "base.sls": "host: {{ grains['id'] }}\nport: 80\n",
    "web/init.zy": "port: 8080\nabove: {{ settings.port }}\npassword: !secret db\n"
    "url: postgres://u:{{ secret('db') }}@db\n",
}
PASSWORD = 'it\'s: a "secret" #1'


async def test_a_peel_renders_its_settings_and_follows_what_a_master_seals(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    identity = bus.site.peel("settings-1.example.com")
    sealing = Sealing(master, identity)
    bundle = await sealing.bundle(7, FILES, "base", "web", secrets={"db": PASSWORD})
    await sealing.put(bundle)
    master.settings = 7
    with Peel.up(bus, identity.id, tmp_path) as peel:
        await is_welcome(peel)
        await master.wait_facts(peel.identity)
        found = await master.run(peel.identity, "pillar.items")
        assert found.outcome == "ok"
        assert found.value == {
            "host": identity.id, "port": 8080, "above": 80, "password": MASK, "url": MASK,
        }  # fmt: skip

        assert (await master.run(peel.identity, "settings.refresh")).value == 7

        await sealing.put(await sealing.bundle(8, {"base.sls": "port: {{ nothing }}"}, "base"))
        await eventually(
            lambda: peel.lines("took the settings")[-1]["generation"] == 8, "it took the newest"
        )
        broken = await master.run(peel.identity, "pillar.items")
        assert broken.outcome == "refused"
        assert "base.sls:1" in broken.error

        await sealing.put_raw(b"nonsense")
        failed = await master.run(peel.identity, "settings.refresh")
        assert failed.outcome == "failed"
        assert "not sealed for this peel" in failed.error
        assert "nothing" in broken.error


async def test_a_run_whose_settings_are_not_known_is_refused_and_others_are_not(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "plain.sls").write_text("a:\n  test.nop: []\n")
    (tree / "asks.sls").write_text("{{ pillar.get('a', 'b') }}:\n  test.nop: []\n")
    master.settings = -1
    with Peel.up(bus, "settings-2.example.com", tmp_path, state_roots=str(tree)) as peel:
        await is_welcome(peel)
        await master.wait_facts(peel.identity)
        refused = await master.run(peel.identity, "state.apply", "asks")
        assert refused.outcome == "refused"
        assert "settings of this peel are not known yet" in refused.error
        assert (await master.run(peel.identity, "test.ping")).outcome == "ok"
