"""A host without the bus works with the last settings that it knew to be good."""

import subprocess
from pathlib import Path

import pytest

from zester_testing.masters import eventually
from zester_testing.peels import PEEL, Peel, is_welcome
from zester_testing.raw_master import RawMaster
from zester_testing.sealing import Sealing
from zester_testing.site import Bus

FILES = {"base.sls": "id: {{ grains.id }}\nport: 80\npassword: {{ secret('db') }}\n"}
SAYS = """\
{% do salt['log.warning']('the password is ' ~ pillar.password) %}
told: {test.nop: [{fire_event: true}]}
"""
SECRET = "kept-and-sealed"  # of this test


def call(*words: object) -> subprocess.CompletedProcess[str]:
    command = [PEEL, "call", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
async def kept(bus: Bus, master: RawMaster, tmp_path: Path) -> Peel:
    """A peel that has had settings, and is gone."""
    peel = Peel(bus, "offline-1.example.com", tmp_path / "peel")
    sealing = Sealing(master, peel.identity)
    await sealing.put(await sealing.bundle(2, FILES, "base", secrets={"db": SECRET}))
    master.settings = 2
    with peel.running():
        await is_welcome(peel)
        await eventually(lambda: peel.lines("took the settings"), "it has settings")
    return peel


def test_a_local_call_uses_what_the_agent_kept(kept: Peel, bus: Bus, tmp_path: Path) -> None:
    auth = bus.site.peel_folder(kept.id)
    (tmp_path / "says.sls").write_text(SAYS)
    words = ("--state-dir", kept.state, "--auth-dir", auth, "--id", kept.id)
    assert call(*words, "pillar.get", "port").stdout == "80\n"
    assert call(*words, "pillar.get", "id").stdout == f"{kept.id}\n"
    assert call(*words, "pillar.get", "password").stdout == "***\n"
    said = call(*words, "--tree", tmp_path, "state.apply", "says")
    assert "WARN  the password is ***" in said.stderr
    assert "INFO  event state/result: {" in said.stderr
    assert SECRET not in said.stdout + said.stderr
    tree = tmp_path / "tree"
    tree.mkdir()
    text = "{0}/out:\n  file.managed:\n    - contents: '{{{{ pillar.password }}}}'\n"
    (tree / "a.sls").write_text(text.format(tmp_path))
    done = call(*words, "--tree", tree, "state.apply", "a")
    assert done.returncode == 0, done.stderr
    assert "secret content changed" in done.stdout
    assert (tmp_path / "out").read_text() == f"{SECRET}\n"
    given = tmp_path / "settings"
    given.mkdir()
    (given / "top.sls").write_text("base: {'*': [own]}\n")
    (given / "own.sls").write_text("port: 81\n")
    assert call(*words, "--settings", given, "pillar.get", "port").stdout == "81\n"


def test_kept_settings_that_cannot_be_opened_are_not_replaced_by_none(
    kept: Peel, bus: Bus, tmp_path: Path
) -> None:
    other = bus.site.peel("offline-2.example.com").id
    for auth in (tmp_path / "nothing", bus.site.peel_folder(other)):
        words = ("--state-dir", kept.state, "--auth-dir", auth)
        done = call(*words, "pillar.get", "port")
        assert done.returncode == 1
        assert "keeps settings that this call cannot use" in done.stderr
        assert "--settings DIR" in done.stderr
        assert call(*words, "test.echo", "a").stdout == "a\n"
    assert call("--state-dir", tmp_path, "pillar.get", "port", "none").stdout == "none\n"
