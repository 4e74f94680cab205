"""What systemctl prints, and the links of SysV, are understood."""

import pytest

from zester_modules.host.services import systemd_output
from zester_modules.host.services.sysv import is_enabled


def shown(load: str, active: str, file: str) -> str:
    return f"LoadState={load}\nActiveState={active}\nUnitFileState={file}\nCanReload=yes\n"


@pytest.mark.parametrize(
    ("load", "active", "file", "answer"),
    [
        ("loaded", "active", "enabled", (True, True, False, False)),
        ("loaded", "reloading", "disabled", (True, False, False, False)),
        ("loaded", "activating", "static", (False, False, False, True)),
        ("loaded", "failed", "enabled-runtime", (False, False, False, False)),
        ("masked", "inactive", "masked", (False, False, True, False)),
        ("masked", "active", "masked-runtime", (True, False, True, False)),
    ],
)
def test_a_unit(load: str, active: str, file: str, answer: tuple[bool, ...]):
    found = systemd_output.service("a", shown(load, active, file))
    assert found is not None
    assert (found.running, found.enabled, found.masked, found.static) == answer
    assert found.can_reload


@pytest.mark.parametrize("text", [shown("not-found", "inactive", ""), ""])
def test_no_unit(text: str):
    assert systemd_output.service("a", text) is None


def test_names_of_services():
    units = "cron.service loaded active running Cron\ndbus.socket loaded active\n"
    files = "getty@.service enabled\nzz.service enabled enabled\n\n"
    assert systemd_output.names(units, files) == ["cron", "zz"]


def test_links_of_run_levels():
    assert is_enabled("cron", ["K01ssh", "S02cron"])
    assert not is_enabled("ssh", ["K01ssh", "S02sshd"])
