"""ssh_auth.* on a throw-away root, held to the law of resources."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hosts.root import Root
from zester_modules.host.machine import HostProblem
from zester_modules.resource import Changes
from zester_modules.resources.ssh_auth import ABSENT, MANAGE, PRESENT
from zester_testing.root_machine import RootMachine

Held = Callable[..., Changes]
HOME = "/var/lib/al"
FILE = f"{HOME}/.ssh/authorized_keys"
ONE, TWO = "AAAAC3NzaC1lZDI1NTE5AAAA", "AAAAB3NzaC1yc2EAAAADAQAB"


@pytest.fixture(autouse=True)
def _user(debian_root: Root) -> None:
    debian_root.run(["useradd", "--create-home", f"--home-dir={HOME}", "al"]).check()


def test_a_key_is_put_into_a_file_that_sshd_trusts(held: Held, machine: RootMachine) -> None:
    held(PRESENT, f"ssh-ed25519 {ONE} me", user="al")
    assert machine.read(FILE) == f"ssh-ed25519 {ONE} me\n".encode()
    for path, mode in ((FILE, 0o600), (f"{HOME}/.ssh", 0o700)):
        found = machine.stat(path)
        assert found is not None
        assert (found.mode, found.uid, found.gid) == (mode, 1000, 1000)


def test_a_key_is_known_by_itself_and_other_lines_stay(held: Held, machine: RootMachine) -> None:
    held(PRESENT, ONE, user="al", enc="ssh-ed25519", comment="me")
    machine.write(FILE, f"# hand\nssh-ed25519 {ONE} me\n".encode(), mode=0o640, uid=1000, gid=1000)
    held(PRESENT, ONE, user="al", enc="ssh-ed25519", options=["no-pty"])
    assert machine.read(FILE) == f"# hand\nno-pty ssh-ed25519 {ONE} me\n".encode()
    held(ABSENT, ONE, user="al")
    assert machine.read(FILE) == b"# hand\n"


def test_all_other_keys_go_where_all_are_managed(held: Held, machine: RootMachine) -> None:
    held(PRESENT, f"ssh-ed25519 {ONE}", user="al")
    held(MANAGE, "all", user="al", ssh_keys=[f"ssh-rsa {TWO} two"])
    assert machine.read(FILE) == f"ssh-rsa {TWO} two\n".encode()


def test_keys_come_from_a_source(held: Held, machine: RootMachine, tmp_path: Path) -> None:
    source = tmp_path / "keys"
    source.write_text(f"# ours\nssh-rsa {TWO} two\nssh-ed25519 {ONE}\n")
    held(PRESENT, "ours", user="al", source=str(source))
    source.write_bytes(b"\x7fELF\xff\n")
    with pytest.raises(HostProblem, match="is no UTF-8 text"):
        held(PRESENT, "ours", user="al", source=str(source))
    assert machine.read(FILE) == f"ssh-rsa {TWO} two\nssh-ed25519 {ONE}\n".encode()


def test_no_link_of_a_user_is_followed(held: Held, debian_root: Root) -> None:
    debian_root.run(["ln", "-s", "/etc", f"{HOME}/.ssh"]).check()
    with pytest.raises(HostProblem, match="is a link"):
        held(PRESENT, f"ssh-ed25519 {ONE}", user="al")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "no key", "user": "al"}, "is no public key"),
        ({"name": ONE, "user": "nemo"}, "there is no user"),
        ({"name": ONE, "user": "al", "config": "../x"}, "leads out"),
        ({"name": ONE, "user": "al", "comment": "a\nb"}, "no line"),
    ],
)
def test_what_cannot_be_is_refused(held: Held, given: dict[str, Any], message: str) -> None:
    with pytest.raises(HostProblem, match=message):
        held(PRESENT, given.pop("name"), **given)
