import getpass
import os
import pwd
import shutil
from pathlib import Path

import pytest

from zester_modules.errors import Refused
from zester_modules.host.local import DEFAULT_PATH, Host


def test_commands_do_not_see_what_was_told_to_the_agent_alone():
    ours = {
        "NOTIFY_SOCKET": "x", "WATCHDOG_USEC": "1", "PYTHONPATH": "x", "ZESTER_CONFIG": "x",
        "VIRTUAL_ENV": "x", "LANGUAGE": "de", "LC_TIME": "de_DE",
    }  # fmt: skip
    found = Host(ours | {"HOME": "/root", "PATH": "/opt/bin", "LANG": "de_DE.UTF-8"}).environment()
    assert found == {
        "HOME": "/root", "PATH": "/opt/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8",
    }  # fmt: skip


def test_commands_have_a_path_even_if_the_agent_has_none():
    assert Host({}).environment()["PATH"] == DEFAULT_PATH
    assert Host({"PATH": ""}).environment()["PATH"] == DEFAULT_PATH


def test_a_user_is_found_by_name_and_by_number():
    entry = pwd.getpwnam(getpass.getuser())
    user = Host().user(entry.pw_name)
    assert (user.uid, user.gid, user.home) == (entry.pw_uid, entry.pw_gid, entry.pw_dir)
    assert entry.pw_gid in user.groups
    assert Host().user(str(entry.pw_uid)) == user


@pytest.mark.parametrize(
    "name", ["no-such-user", "4294967294", "99999999999", "a\0b", "-1", "\u0663"]
)
def test_a_user_that_is_not_there_is_refused(name: str):
    with pytest.raises(Refused, match="there is no user"):
        Host().user(name)


def test_programs_are_found_as_a_shell_finds_them(tmp_path: Path):
    for name, mode in {"run": 0o755, "data": 0o644}.items():
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(mode)
    host = Host({"PATH": f"/no/such:{tmp_path}:/bin"})
    assert host.which("run") == str(tmp_path / "run")
    assert host.which("data") is None
    assert host.which(str(tmp_path / "run")) == str(tmp_path / "run")
    assert host.which("no-such-program") is None
    assert Host().which("sh") == shutil.which("sh")


def test_the_host_knows_its_own_user():
    assert Host().is_root() is (os.geteuid() == 0)
    assert Host().home() == pwd.getpwuid(os.geteuid()).pw_dir
    assert Host().is_folder("/")
    assert not Host().is_folder("/etc/passwd")
