"""ssh_known_hosts.* on a throw-away root, held to the law of resources."""

import base64
from collections.abc import Callable

import pytest

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Changes, Leaf
from zester_modules.resources.ssh_known_hosts import ABSENT, EVERYBODY, PRESENT
from zester_modules.tables import known_hosts
from zester_testing.root_machine import RootMachine

Held = Callable[..., Changes]
ENC = "ssh-ed25519"


def _key(sign: int, enc: str = ENC) -> str:
    told = len(enc).to_bytes(4, "big") + enc.encode() + b"\0\0\0\x20" + bytes([sign]) * 32
    return base64.b64encode(told).decode()


BEFORE = f"# by hand\n@revoked git ssh-rsa AAAA\ngit,forge {ENC} {_key(1)} old\n*.x {ENC} {_key(9)}"


def test_a_key_comes_changes_and_goes(held: Held, machine: RootMachine) -> None:
    machine.make_folder("/etc/ssh", mode=0o755, uid=0, gid=0)
    machine.write(EVERYBODY, BEFORE.encode(), mode=0o640, uid=0, gid=4)
    done = held(PRESENT, "git", key=_key(2), enc=ENC, hash_known_hosts=False)
    assert done.leaves == (Leaf(path=f"{EVERYBODY}:git:{ENC}", before=_key(1), after=_key(2)),)
    kept = BEFORE.replace("git,forge", "forge")
    assert machine.read(EVERYBODY) == f"{kept}\ngit {ENC} {_key(2)}\n".encode()
    found = machine.stat(EVERYBODY)
    assert found is not None
    assert (found.mode, found.gid) == (0o640, 4)
    assert not held(PRESENT, "git", key=_key(2), enc=ENC).leaves
    assert held(ABSENT, "git").leaves
    assert machine.read(EVERYBODY) == f"{kept}\n".encode()
    assert not held(ABSENT, "git").leaves


def test_a_hidden_name_is_found_and_a_port_is_another_host(
    held: Held, machine: RootMachine
) -> None:
    machine.make_folder("/etc/ssh", mode=0o755, uid=0, gid=0)
    assert held(PRESENT, "git", key=_key(1), enc=ENC).leaves
    assert held(PRESENT, "git", key=_key(2), enc=ENC, port=2222).leaves
    said = machine.read(EVERYBODY) or b""
    assert b"git" not in said
    assert [known_hosts.names(one, "[git]:2222") for one in known_hosts.parse(said)] == [
        False, True,
    ]  # fmt: skip
    assert not held(PRESENT, "git", key=_key(1), enc=ENC).leaves
    assert held(ABSENT, "git", port=2222).leaves
    assert len((machine.read(EVERYBODY) or b"").splitlines()) == 1


def test_a_users_file_is_the_users_own(held: Held, machine: RootMachine) -> None:
    user = machine.users()["games"]
    machine.make_folder("/srv/games", mode=0o755, uid=user.uid, gid=user.gid)
    path = "/srv/games/known"
    held(PRESENT, "git", key=_key(1), enc=ENC, user="games", config=path)
    found = machine.stat(path)
    assert found is not None
    assert (found.mode, found.uid, found.gid) == (0o600, user.uid, user.gid)
    assert not held(ABSENT, "git", user="nobody-at-all").leaves


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("git", {}, "no key is given"),
        ("git", {"key": "AAAA", "enc": ENC}, "no key of the type"),
        ("git", {"key": _key(1), "enc": "ssh-rsa"}, "no key of the type"),
        ("a,b", {"key": _key(1), "enc": ENC}, "no name of a host"),
        ("a\nb", {"key": _key(1), "enc": ENC}, "no name of a host"),
    ],
)
def test_what_proves_nothing_is_refused(
    held: Held, name: str, given: dict[str, str], said: str
) -> None:
    with pytest.raises(HostProblem, match=said):
        held(PRESENT, name, **given)
