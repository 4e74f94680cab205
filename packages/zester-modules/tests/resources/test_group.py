"""group.present and group.absent on a throw-away Debian root, held to the law of resources."""

from collections.abc import Callable
from typing import Any

import pytest

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Changes, Leaf
from zester_modules.resources.group import ABSENT, PRESENT
from zester_testing.root_machine import RootMachine

Held = Callable[..., Changes]


def test_a_new_group_gets_the_number_that_its_plan_names(held: Held, machine: RootMachine) -> None:
    assert held(PRESENT, "first").leaves == (Leaf(path="first:gid", after=1000),)
    assert held(PRESENT, "second").leaves == (Leaf(path="second:gid", after=1001),)
    assert held(PRESENT, "daemons", system=True).leaves[0].after < 1000
    assert machine.groups()["second"].gid == 1001
    assert not held(PRESENT, "second").leaves


def test_members_are_exact_and_others_are_left_beside_addusers(
    held: Held, machine: RootMachine
) -> None:
    held(PRESENT, "team", gid=5000, members=["daemon", "bin"])
    held(PRESENT, "team", addusers=["sys"], delusers=["bin"])
    assert machine.groups()["team"].members == ("daemon", "sys")
    held(PRESENT, "team", gid=5001, members=[])
    assert machine.groups()["team"].members == ()
    assert machine.groups()["team"].gid == 5001


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"members": ["a"], "addusers": ["b"]}, "members stands beside"),
        ({"addusers": ["bin"], "delusers": ["bin"]}, "at once: bin"),
        ({"members": ["nemo"]}, "there is no user nemo"),
        ({"gid": 0}, "already taken by the group root"),
    ],
)
def test_what_cannot_be_is_said_by_the_check(
    held: Held, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(HostProblem, match=message):
        held(PRESENT, "team", **given)


def test_two_groups_share_a_number_if_that_is_wanted(held: Held, machine: RootMachine) -> None:
    held(PRESENT, "twin", gid=0, non_unique=True)
    assert machine.groups()["twin"].gid == 0


def test_a_group_goes_unless_somebody_needs_it(held: Held, machine: RootMachine) -> None:
    held(PRESENT, "team")
    assert held(ABSENT, "team").leaves == (Leaf(path="team:gid", before=1000),)
    assert "team" not in machine.groups()
    assert not held(ABSENT, "team").leaves
    with pytest.raises(HostProblem, match="primary group of daemon"):
        held(ABSENT, "daemon")
