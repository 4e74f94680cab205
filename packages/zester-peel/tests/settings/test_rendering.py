"""Settings that a real peel renders in its workers, from what a master sealed for it."""

import shutil
from pathlib import Path

import msgspec

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

        await sealing.put(await sealing.bundle(8, {"base.sls": "port: {{ nothing }}"}, "base"))
        await eventually(
            lambda: peel.lines("took the settings")[-1]["generation"] == 8, "it took the newest"
        )
        broken = await master.run(peel.identity, "pillar.items")
        assert broken.outcome == "refused"
        assert "base.sls:1" in broken.error
        assert "nothing" in broken.error

        await sealing.put_raw(b"nonsense")
        refused = await master.run(peel.identity, "settings.refresh")
        assert refused.outcome == "refused"
        assert "not sealed for this peel" in refused.error


async def test_an_operator_has_a_peel_look_for_newer_settings(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    identity = bus.site.peel("settings-3.example.com")
    sealing = Sealing(master, identity)
    await sealing.put(await sealing.bundle(7, FILES, "base", "web", secrets={"db": PASSWORD}))
    master.settings = 7
    with Peel.up(bus, identity.id, tmp_path) as peel:
        await is_welcome(peel)
        await master.wait_facts(peel.identity)
        await master.run(peel.identity, "settings.keys")
        await sealing.put(await sealing.bundle(8, {"base.sls": "port: 81\n"}, "base"))
        found = await master.run(peel.identity, "settings.refresh")
        assert (found.error, found.value) == ("", {"generation": 8})
        assert (await master.run(peel.identity, "settings.get", "port")).value == 81
        traced = await master.run(peel.identity, "settings.trace", "port")
        assert traced.value == [{"place": "base.sls:1:7", "did": "set", "value": 81}]
        old = await sealing.bundle(5, {"base.sls": "port: 82\n"}, "base")
        await sealing.put(old)
        refused = await master.run(peel.identity, "settings.refresh")
        assert refused.outcome == "refused"
        assert "an older one is not taken" in refused.error
        assert (await master.run(peel.identity, "settings.get", "port")).value == 81


async def test_settings_of_the_host_itself_stand_in_place_of_sealed_ones(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "top.zy").write_text("base:\n  '*': [own]\n")
    (tree / "own.zy").write_text("port: 8080\nbasket_functions: {os: {fact: os}}\n")
    master.settings = -1
    with Peel.up(bus, "settings-3.example.com", tmp_path, settings_roots=str(tree)) as peel:
        await is_welcome(peel)
        await master.wait_facts(peel.identity)
        traced = await master.run(peel.identity, "settings.trace", "port")
        assert traced.value == [{"place": "own.zy:1:7", "did": "set", "value": 8080}]
        (tree / "own.zy").write_text("port: {{ nope }}\n")
        refused = await master.run(peel.identity, "settings.get", "port")
        assert refused.outcome == "refused"
        assert "own.zy:1: 'nope' is undefined" in refused.error


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


async def test_new_settings_are_made_ready_before_a_job_asks(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    identity = bus.site.peel("settings-4.example.com")
    sealing = Sealing(master, identity)
    await sealing.put(await sealing.bundle(7, FILES, "base", "web", secrets={"db": PASSWORD}))
    master.settings = 7
    with Peel.up(bus, identity.id, tmp_path) as peel:
        await is_welcome(peel)
        await _made_ready(peel, 7)
        await eventually(lambda: not _children(peel.pid), "nothing was kept running for it")
        rendered = peel.state / "settings" / "rendered"
        made = (rendered / "made").read_bytes()
        assert not (rendered / "last").exists()
        await master.wait_facts(peel.identity)
        found = await master.run(peel.identity, "pillar.get", "above")
        assert (found.outcome, found.value) == ("ok", 80)
        assert not _names(peel.state).intersection({"templates"})
        same = await sealing.bundle(8, FILES, "base", "web", secrets={"db": PASSWORD})
        edited = await sealing.bundle(9, {**FILES, "base.sls": "port: {{ 81 }}\n"}, "base", "web")
        await sealing.put(same)
        await sealing.put(msgspec.structs.replace(edited, secrets=same.secrets))
        await _made_ready(peel, 9)
        assert (rendered / "made").read_bytes() != made
        assert (await master.run(peel.identity, "pillar.get", "above")).value == 81


async def test_settings_are_made_ready_once_and_again_by_another_version(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    identity = bus.site.peel("settings-5.example.com")
    sealing = Sealing(master, identity)
    await sealing.put(await sealing.bundle(7, FILES, "base", "web", secrets={"db": PASSWORD}))
    master.settings = 7
    with Peel.up(bus, identity.id, tmp_path) as peel:
        await is_welcome(peel)
        await _made_ready(peel, 7)
        noted = peel.state / "settings" / "ready"
        await eventually(noted.exists, "it is noted")
        assert peel.stop() == 0
        ours = noted.read_bytes()
        noted.write_bytes(b"what an older version wrote")
        shutil.rmtree(peel.state / "settings" / "rendered")
        peel.start()
        await eventually(lambda: noted.read_bytes() == ours, "it is noted anew")
        assert _names(peel.state / "settings" / "rendered") == {"made"}
        assert peel.stop() == 0
        peel.start()
        await eventually(lambda: len(peel.lines("zester-peel starts")) == 3, "it runs again")
        await sealing.put(await sealing.bundle(8, {"base.sls": "port: 81\n"}, "base"))
        await _made_ready(peel, 8)
        told = peel.lines("made the settings ready for jobs")
        assert [line["generation"] for line in told] == [7, 7, 8]


async def _made_ready(peel: Peel, generation: int) -> None:
    def told() -> bool:
        lines = peel.lines("made the settings ready for jobs")
        return bool(lines) and lines[-1]["generation"] == generation

    await eventually(told, f"settings of generation {generation} are made ready")


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def _names(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}
