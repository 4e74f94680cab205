"""Functions that change a host, on a throw-away Debian root; a dry run of each changes nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hosts.root import Root
from zester_modules.bind import bind
from zester_modules.call import run_bound
from zester_modules.context import Context
from zester_modules.registry import Registry
from zester_modules.returns import Outcome, Return
from zester_testing.root_machine import RootMachine

Do = Callable[..., Return]
KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIG5vIHJlYWwga2V5IG9mIGFueWJvZHkgYXQgYWxs"


@pytest.fixture
def context(debian_root: Root, tmp_path: Path) -> Context:
    """A job on the root."""
    return Context(
        registry=Registry(), machine=RootMachine(debian_root, tmp_path), tmp=tmp_path, jid="1"
    )


@pytest.fixture
def call(context: Context) -> Do:
    """Calls a function by its name, and gives what it answers."""

    def run(name: str, /, *args: Any, **named: Any) -> Return:
        function = context.registry.find(name)
        return run_bound(bind(function, args, named, words=False), context)

    return run


@pytest.fixture
def change(context: Context, debian_root: Root, call: Do) -> Do:
    """Calls a function dry, which must change nothing, then really, and then once more."""

    def run(name: str, /, *args: Any, **named: Any) -> Return:
        function = context.registry.find(name)
        before = debian_root.written()
        dry = msgspec.structs.replace(context, test=True)
        foretold = run_bound(bind(function, args, named, words=False), dry)
        assert debian_root.written() == before, "the dry run has changed something"
        assert foretold.outcome == "would-change", foretold
        done = call(name, *args, **named)
        assert done.outcome == "changed", done
        return done

    return run


def test_files_come_change_and_go(change: Do, call: Do, debian_root: Root) -> None:
    top = debian_root.path / "srv/a"
    change("file.mkdir", "/srv/a/b", mode="0750")
    assert (top / "b").stat().st_mode & 0o777 == 0o750
    change("file.makedirs", "/srv/a/c/file")
    change("file.touch", "/srv/a/c/file", mtime=1_000_000.0)
    assert (top / "c/file").stat().st_mtime == 1_000_000
    change("file.write", "/srv/a/t", "one", "two")
    change("file.append", "/srv/a/t", "three")
    change("file.prepend", "/srv/a/t", "zero")
    change("file.replace", "/srv/a/t", "^t(.*)$", r"T\1")
    assert (top / "t").read_text() == "zero\none\nTwo\nThree\n"
    assert change("file.set_mode", "/srv/a/t", 600).value == "0600"
    assert call("file.set_mode", "/srv/a/t", 600).outcome == "ok"
    change("file.copy", "/srv/a/t", "/srv/a/u")
    assert (top / "u").stat().st_mode & 0o777 == 0o600
    change("file.rename", "/srv/a/u", "/srv/a/v")
    change("file.symlink", "/srv/a/v", "/srv/a/l")
    change("file.chown", "/srv/a/l", "daemon", "adm")
    look = (top / "v").stat()
    assert (look.st_uid, look.st_gid, (top / "l").lstat().st_uid) == (1, 4, 0)
    change("file.lchown", "/srv/a/l", "daemon")
    change("file.chgrp", "/srv/a/v", "0")
    change("file.rmdir", "/srv/a/b")
    change("file.remove", "/srv/a")
    assert not top.exists()


@pytest.mark.parametrize(
    ("name", "args", "error"),
    [
        ("file.copy", ("/etc", "/srv/etc"), "is a folder"),
        ("file.copy", ("/none", "/srv/x"), "there is no /none"),
        ("file.rename", ("/none", "/srv/x"), "there is no /none"),
        ("file.rmdir", ("/etc",), "is not empty"),
        ("file.chown", ("/etc", "nemo"), "there is no user 'nemo'"),
        ("file.set_mode", ("/none", "600"), "there is no /none"),
        ("user.add", ("daemon",), "there is a user 'daemon' already"),
        ("user.chshell", ("nemo", "/bin/sh"), "there is no user 'nemo'"),
        ("group.adduser", ("nemo", "daemon"), "there is no group 'nemo'"),
        ("ssh.auth_keys", ("nemo",), "there is no user 'nemo'"),
    ],
)
def test_what_cannot_be_is_said(call: Do, name: str, args: tuple[str, ...], error: str) -> None:
    done = call(name, *args)
    assert done.outcome in {Outcome.FAILED, Outcome.REFUSED}
    assert error in done.error


def test_accounts_come_change_and_go(change: Do, call: Do) -> None:
    change("group.add", "team", gid=4321)
    change("user.add", "al", uid=4000, groups=["team"], shell="/bin/sh")
    change("user.chshell", "al", "/bin/false")
    change("user.chuid", "al", 4001)
    change("user.chgroups", "al", ["adm"], append=True)
    change("user.chfullname", "al", "Al")
    found = call("user.info", "al").value
    assert (found["uid"], found["shell"], found["fullname"]) == (4001, "/bin/false", "Al")
    assert found["groups"] == ["adm", "al", "team"]
    change("group.deluser", "team", "al")
    change("group.adduser", "team", "al")
    change("group.members", "team", ["daemon,bin"])
    assert call("group.info", "team").value["members"] == ["daemon", "bin"]
    change("user.delete", "al", remove=True)
    change("group.delete", "team")
    assert call("user.delete", "al").outcome == "ok"


def test_keys_of_users_and_hosts(change: Do, call: Do) -> None:
    words = ("root", KEY, "ssh-ed25519", "me")
    assert call("ssh.check_key", *words).value == "add"
    change("ssh.set_auth_key", *words)
    assert call("ssh.check_key", *words).value == "exists"
    assert call("ssh.check_key", "root", KEY, "ssh-ed25519", "you").value == "update"
    known = call("ssh.auth_keys", "root").value
    assert known == {KEY: {"enc": "ssh-ed25519", "comment": "me", "options": []}}
    change("ssh.rm_auth_key", "root", KEY)
    change("file.mkdir", "/etc/ssh")
    host = {"hostname": "a.example", "enc": "ssh-ed25519", "key": KEY}
    change("ssh.set_known_host", **host)
    assert call("ssh.get_known_host_entries", "a.example").value == [host]
    change("ssh.rm_known_host", "a.example")
    assert call("ssh.host_keys").value == {}


def test_settings_of_the_host(change: Do, call: Do) -> None:
    change("locale.set_locale", "C.UTF-8")
    assert call("locale.get_locale").value == "C.UTF-8"
    assert call("locale.avail", "C.UTF-8").value
    assert call("timezone.set_zone", "Mars/Base").outcome == "failed"


def test_commands_answer_all_of_their_end(call: Do) -> None:
    done = call("cmd.run_all", "cat; echo x >&2; exit 3", stdin="in")
    assert done.value == {"retcode": 3, "stdout": "in", "stderr": "x"}
    assert call("cmd.run_stdout", "echo out; echo err >&2").value == "out"
    assert call("cmd.run_stderr", "echo out; echo err >&2").value == "err"
    assert call("cmd.shell", "echo out; echo err >&2").value == "out\nerr"
    assert call("cmd.retcode", "exit 4").value == 4


def test_crontabs_names_and_settings_in_files(change: Do, call: Do, debian_root: Root) -> None:
    change("cron.set_job", "root", "5", "*", "*", "*", "*", "true", comment="mine")
    change("cron.set_special", "root", "@daily", "false")
    change("cron.set_env", "root", "MAILTO", "me")
    tab = call("cron.list_tab", "root").value
    assert (tab["crons"][0]["cmd"], tab["special"][0]["spec"]) == ("true", "@daily")
    change("cron.rm_job", "root", "true")
    change("cron.rm_env", "root", "MAILTO")

    change("hosts.add_host", "192.0.2.1", "a.example")
    change("hosts.set_host", "192.0.2.1", "b.example c")
    assert call("hosts.get_alias", "192.0.2.1").value == ["b.example", "c"]
    change("hosts.rm_host", "192.0.2.1", "c")

    change("ini.set_option", "/etc/a.ini", {"one": {"a": "1", "b": "2"}})
    assert call("ini.get_option", "/etc/a.ini", "one", "a").value == "1"
    change("ini.remove_option", "/etc/a.ini", "one", "a")
    assert call("ini.get_section", "/etc/a.ini", "one").value == {"b": "2"}

    change("file.append", "/etc/fstab", "LABEL=x /srv ext4 ro,noatime 0 2")
    wanted = {"device": "LABEL=x", "fstype": "ext4", "opts": ["ro", "noatime"]}
    assert call("mount.fstab").value["/srv"] == wanted
    assert not (debian_root.path / "srv/a").exists()


def test_alternatives_are_offered_and_taken(change: Do, call: Do) -> None:
    for path in ("/bin/cat", "/bin/ls"):
        change("alternatives.install", "tool", "/usr/bin/tool", path, 10)
    change("alternatives.set", "tool", "/bin/ls")
    assert call("alternatives.show_current", "tool").value == "/bin/ls"
    change("alternatives.auto", "tool")
    change("alternatives.remove", "tool", "/bin/ls")
    assert call("alternatives.show_current", "tool").value == "/bin/cat"
