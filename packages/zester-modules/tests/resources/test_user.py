"""user.present and user.absent on a throw-away Debian root, held to the law of resources."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Changes, Leaf
from zester_modules.resources import group
from zester_modules.resources.user import ABSENT, PRESENT
from zester_testing.root_machine import RootMachine
from zester_testing.state_trees import grounds, ran, states

Held = Callable[..., Changes]
HOMES = "/home"
HASH = "$6$saltstring$" + "a" * 86


def parts(changes: Changes) -> dict[str, Any]:
    """Give what is new, by the last part of its leaf."""
    return {leaf.path.rpartition(":")[2]: leaf.after for leaf in changes.leaves}


def test_a_new_user_is_what_its_plan_says(held: Held, machine: RootMachine) -> None:
    done = held(PRESENT, "alice", fullname="Alice A", workphone="12", groups=["sudo", "adm"])
    assert parts(done) == {
        "uid": 1000, "gid": 1000, "home": "/home/alice", "shell": "/bin/sh", "fullname": "Alice A",
        "workphone": "12", "groups": ["adm", "sudo"], "/home/alice": "folder",
    }  # fmt: skip
    alice = machine.users()["alice"]
    assert (alice.gecos, alice.password) == ("Alice A,,12", "!")
    assert machine.groups()["alice"].gid == 1000
    assert machine.list("/home/alice") == machine.list("/etc/skel")
    home = machine.stat(f"{HOMES}/alice/.profile")
    assert home is not None
    assert (home.uid, home.gid) == (1000, 1000)


def test_a_user_of_the_system_gets_low_numbers(held: Held, machine: RootMachine) -> None:
    held(PRESENT, "daemons", system=True, createhome=False, home="/nonexistent",
         shell="/usr/sbin/nologin")  # fmt: skip
    user = machine.users()["daemons"]
    assert user.uid < 1000
    assert user.ageing["maxdays"] is None
    assert machine.stat("/nonexistent") is None


def test_only_what_differs_is_changed(held: Held, machine: RootMachine) -> None:
    held(PRESENT, "alice", fullname="Alice", uid=1500, roomnumber="1.10")
    done = held(PRESENT, "alice", fullname="Alice B", shell="/bin/bash", home="/srv/alice")
    assert parts(done) == {
        "fullname": "Alice B", "shell": "/bin/bash", "home": "/srv/alice", "/srv/alice": "folder",
    }  # fmt: skip
    assert machine.users()["alice"].gecos == "Alice B,1.10"
    assert not held(PRESENT, "alice", uid=1500).leaves


def test_a_number_changes_only_when_that_is_allowed(held: Held, machine: RootMachine) -> None:
    held(PRESENT, "alice")
    with pytest.raises(HostProblem, match="the uid of alice is 1000, not 1007"):
        held(PRESENT, "alice", uid=1007)
    with pytest.raises(HostProblem, match="the gid of alice is 1000, not 0"):
        held(PRESENT, "alice", gid="root")
    held(PRESENT, "alice", uid=1007, gid="games", allow_uid_change=True, allow_gid_change=True)
    assert (machine.users()["alice"].uid, machine.users()["alice"].gid) == (1007, 60)


def test_a_home_is_taken_along(held: Held, machine: RootMachine) -> None:
    held(PRESENT, "alice")
    machine.write(f"{HOMES}/alice/letter", b"dear", mode=0o600, uid=1000, gid=1000)
    held(PRESENT, "alice", home="/home/al", persist_home=True)
    assert machine.read(f"{HOMES}/al/letter") == b"dear"
    assert machine.stat("/home/alice") is None


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({"groups": ["adm"]}, ["adm"]),
        ({"groups": []}, []),
        ({"groups": ["disk"], "remove_groups": False}, ["adm", "audio", "disk"]),
        ({"optional_groups": ["disk", "nobodys"]}, ["disk"]),
        ({}, ["adm", "audio"]),
    ],
)
def test_groups_are_exact_unless_others_may_stay(
    held: Held, machine: RootMachine, given: dict[str, Any], left: list[str]
) -> None:
    held(PRESENT, "alice", groups=["adm", "audio"])
    held(PRESENT, "alice", **given)
    assert sorted(name for name, one in machine.groups().items() if "alice" in one.members) == left


def test_passwords_are_set_and_never_shown(held: Held, machine: RootMachine) -> None:
    done = held(PRESENT, "alice", password=HASH, mindays=3, date=19000)
    assert Leaf(path="alice:password", after="changed") in done.leaves
    alice = machine.users()["alice"]
    assert alice.password == HASH
    assert (alice.ageing["mindays"], alice.ageing["last_change"]) == (3, 19000)
    assert not any(HASH in word for argv in machine.argvs for word in argv)
    held(PRESENT, "alice", password="other", enforce_password=False)  # made up
    assert machine.users()["alice"].password == HASH


def test_a_password_in_clear_is_hashed_once(held: Held, machine: RootMachine) -> None:
    given = {"password": "Trees grow", "hash_password": True}
    held(PRESENT, "alice", **given)
    first = machine.users()["alice"].password
    assert first.startswith("$6$")
    assert not held(PRESENT, "alice", **given).leaves
    held(PRESENT, "alice", **given | {"password": "Trees fall"})
    assert machine.users()["alice"].password != first


def test_passwords_are_locked_unlocked_and_emptied(held: Held, machine: RootMachine) -> None:
    held(PRESENT, "alice", password=HASH, password_lock=True)
    assert machine.users()["alice"].password == f"!{HASH}"
    held(PRESENT, "alice", password_lock=False)
    assert machine.users()["alice"].password == HASH
    held(PRESENT, "alice", empty_password=True)
    assert machine.users()["alice"].password == ""


def test_days_are_set_and_taken_away(held: Held, machine: RootMachine) -> None:
    held(PRESENT, "alice", maxdays=90, warndays=9, inactdays=5, expire="2030-01-01")
    ageing = machine.users()["alice"].ageing
    assert (ageing["maxdays"], ageing["warndays"], ageing["inactdays"]) == (90, 9, 5)
    assert ageing["expire"] == 21915
    held(PRESENT, "alice", expire=-1, inactdays=-1)
    assert machine.users()["alice"].ageing["expire"] is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"groups": ["nobodys"]}, "there is no group nobodys"),
        ({"gid": "nobodys"}, "there is no group nobodys"),
        ({"gid_from_name": True}, "there is no group alice"),
        ({"fullname": "A, B"}, "comma"),
        ({"shell": "/bin/sh:x"}, "colon"),
        ({"home": "here"}, "no absolute path"),
        ({"uid": 0}, "already taken by root"),
        ({"expire": "soon"}, "is no day"),
    ],
)
def test_what_cannot_be_is_said_by_the_check(
    held: Held, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(HostProblem, match=message):
        held(PRESENT, "alice", **given)


def test_the_primary_group_is_by_name_or_number(held: Held, machine: RootMachine) -> None:
    held(group.PRESENT, "alice", gid=4000)
    held(PRESENT, "alice", gid_from_name=True)
    held(PRESENT, "bob", gid=100)
    held(PRESENT, "carol", usergroup=False)
    assert [machine.users()[one].gid for one in ("alice", "bob", "carol")] == [4000, 100, 100]
    assert "bob" not in machine.groups()


def test_a_user_goes_and_its_home_only_if_asked(held: Held, machine: RootMachine) -> None:
    held(PRESENT, "alice", groups=["adm"])
    held(ABSENT, "alice")
    assert "alice" not in machine.users()
    assert "alice" not in machine.groups()
    assert machine.groups()["adm"].members == ()
    assert machine.stat("/home/alice") is not None
    assert not held(ABSENT, "alice").leaves


def test_purge_takes_what_is_the_users_own(held: Held, machine: RootMachine) -> None:
    held(PRESENT, "alice")
    held(PRESENT, "bob", home=f"{HOMES}/alice/bob")
    done = held(ABSENT, "bob", purge=True)
    assert parts(done) == {"uid": None, f"{HOMES}/alice/bob": None}
    assert machine.stat(f"{HOMES}/alice/bob") is None
    held(PRESENT, "carol", home="/usr/games")
    held(ABSENT, "carol", purge=True)
    assert machine.stat("/usr/games") is not None


def test_who_comes_in_a_dry_run_owns_what_comes_after(machine: RootMachine, tmp_path: Path) -> None:
    machine.write("/srv/page", b"x", mode=0o644, uid=0, gid=0)
    compiled = states(
        ("team", "group.present", {"gid": 3000}),
        ("deploy", "user.present", {"uid": 3001, "groups": ["team"]}),
        ("page", "file.managed", {"name": "/srv/page", "user": "deploy", "group": "team"}),
        ("new", "file.managed", {"name": "/srv/new", "contents": "x", "user": "deploy"}),
        ("list", "file.append", {"name": "/etc/passwd", "text": "strange:x:9:9::/:"}),
        ("games", "user.absent", {}),
        ("command", "cmd.run", {"name": "id", "runas": "deploy"}),
    )  # fmt: skip
    on = grounds(tmp_path / "run", machine)
    told, done = ran(compiled, on, test=True), ran(compiled, on)
    assert told["page"]["changes"] == {
        "/srv/page:user": {"before": "root", "after": "deploy"},
        "/srv/page:group": {"before": "root", "after": "team"},
    }
    assert [name for name, row in told.items() if not row["certain"]] == []
    for name, row in told.items():
        assert (name, row["changes"]) == (name, done[name]["changes"])
