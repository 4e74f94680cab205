"""Whether peels have the settings that a master renders for them, on a fleet of real processes."""

from pathlib import Path

import pytest

from zester_testing.fleet import Done, Fleet, eventually

TOP = "base:\n  '*': [common]\n  peel-2: [own, host]\n"
COMMON = 'port: 80\npassword: !encrypted "canary-of-compare"\n'
DRAWN = "draw: {lots: [{{ range(99999) | random }}]}\n"  # another wherever it is rendered
HOST = "host: {{ salt['file.file_exists']('/etc/hostname') }}\n"


@pytest.fixture
def settings(fleet: Fleet) -> Path:
    folder = fleet.folder / "settings"
    folder.mkdir(exist_ok=True)
    (folder / "common.zy").write_text(COMMON)
    (folder / "own.zy").write_text("{}\n")
    (folder / "host.zy").write_text("{}\n")
    (folder / "top.zy").write_text(TOP)
    return folder


def compared(fleet: Fleet) -> Done:
    return fleet.zester("settings", "compare", "*", "--output", "json")


def test_what_differs_is_named_and_what_only_the_peel_knows_is_told(fleet: Fleet, settings: Path):
    eventually(lambda: compared(fleet).code == 0, "all peels have what the master renders")
    assert {one["state"] for one in compared(fleet).json} == {"same"}
    traced = fleet.zester("settings", "trace", "peel-1", "prot")
    assert traced.code == 3
    assert "did you mean port?" in traced.err

    (settings / "host.zy").write_text(HOST)
    (settings / "own.zy").write_text(DRAWN)
    eventually(lambda: "draw" in compared(fleet).out, "peel-2 has its own settings")
    done = compared(fleet)

    assert done.code == 1
    found = {one["peel"]: one for one in done.json}
    assert (found["peel-1"]["state"], found["peel-2"]["state"]) == ("same", "differs")
    assert found["peel-2"]["differs"] == ["draw"]
    assert found["peel-2"]["note"] == "known on the peel alone: host"
    assert "canary" not in done.out

    assert fleet.zester("settings", "compare", "no-*").code == 3
