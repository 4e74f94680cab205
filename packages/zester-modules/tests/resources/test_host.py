"""host.* on a throw-away root, held to the law of resources."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hosts.root import Root
from zester_modules.host.machine import HostProblem
from zester_modules.resource import Changes, Leaf, Plan
from zester_modules.resources.host import ABSENT, ONLY, PRESENT
from zester_testing.root_machine import RootMachine

Held = Callable[..., Changes]
BEFORE = b"# by hand\n127.0.0.1\tlocalhost  here # me\n\n::1 localhost\n192.0.2.7 old db\n"


@pytest.fixture
def machine(debian_root: Root, tmp_path: Path) -> RootMachine:
    """The root as a machine."""
    machine = RootMachine(debian_root, tmp_path)
    machine.write("/etc/hosts", BEFORE, mode=0o640, uid=0, gid=4)
    return machine


def test_a_name_is_added_to_its_addresses(held: Held, machine: RootMachine) -> None:
    done = held(PRESENT, "db", ip=["192.0.2.7", "fd00::7"])
    assert done.leaves == (Leaf(path="/etc/hosts:fd00::7", after=["db"]),)
    assert machine.read("/etc/hosts") == BEFORE + b"fd00::7\tdb\n"
    found = machine.stat("/etc/hosts")
    assert found is not None
    assert (found.mode, found.gid) == (0o640, 4)


def test_an_address_may_be_one_word_and_a_comment_is_set(held: Held, machine: RootMachine) -> None:
    held(PRESENT, "here", ip="127.0.0.1", comment="us")
    assert b"127.0.0.1\tlocalhost here\t# us\n" in (machine.read("/etc/hosts") or b"")


def test_a_name_at_another_address_is_warned_of_or_taken_away(
    held: Held, checked: Callable[..., Plan], machine: RootMachine
) -> None:
    plan = checked(PRESENT, "db", ip="192.0.2.8")
    assert plan.warnings == ("db stands for 192.0.2.7, too; clean: true takes it from there",)
    held(PRESENT, "db", ip="192.0.2.8", clean=True)
    assert (machine.read("/etc/hosts") or b"").endswith(b"192.0.2.7\told\n192.0.2.8\tdb\n")


def test_a_name_goes_from_one_address_or_all(held: Held, machine: RootMachine) -> None:
    held(ABSENT, "localhost", ip="::1")
    assert b"::1" not in (machine.read("/etc/hosts") or b"")
    held(ABSENT, "localhost")
    assert b"localhost" not in (machine.read("/etc/hosts") or b"")
    assert not held(ABSENT, "localhost").leaves


def test_an_address_has_only_its_names(held: Held, machine: RootMachine) -> None:
    held(ONLY, "192.0.2.7", hostnames=["db", "db.example"])
    assert (machine.read("/etc/hosts") or b"").endswith(b"192.0.2.7\tdb db.example\n")
    held(ONLY, "192.0.2.7", hostnames=[])
    assert b"192.0.2.7" not in (machine.read("/etc/hosts") or b"")


def test_a_file_that_is_missing_is_made(held: Held, machine: RootMachine) -> None:
    machine.remove("/etc/hosts")
    held(PRESENT, "db", ip="192.0.2.8")
    assert machine.read("/etc/hosts") == b"192.0.2.8\tdb\n"


@pytest.mark.parametrize(("name", "ip"), [("db", "192.0.2"), ("a b", "::1"), ("#", "::1")])
def test_what_is_no_address_or_name_is_refused(held: Held, name: str, ip: str) -> None:
    with pytest.raises(HostProblem, match="is no"):
        held(PRESENT, name, ip=ip)
