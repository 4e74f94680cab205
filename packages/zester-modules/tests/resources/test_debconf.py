"""debconf.set on a throw-away root, with the real debconf."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hosts.root import Root
from zester_modules.host.machine import HostProblem
from zester_modules.resource import Leaf, Plan
from zester_modules.resources.debconf import SET
from zester_testing.resource_law import scope_on
from zester_testing.root_machine import RootMachine


@pytest.fixture
def done(
    checked: Callable[..., Plan], machine: RootMachine, debian_root: Root, tmp_path: Path
) -> Callable[..., tuple[Leaf, ...]]:
    """Sets answers; the check changes nothing, and finds nothing afterwards."""

    def run(**data: Any) -> tuple[Leaf, ...]:
        told = {f"mine/{key}": value for key, value in data.items()}
        before = debian_root.written()
        plan = checked(SET, "mine", data=told)
        assert debian_root.written() == before, "check has changed something"
        if plan.leaves:
            assert SET.apply(plan, scope_on(machine, tmp_path / "scope")).leaves == plan.leaves
            assert checked(SET, "mine", data=told).leaves == ()
        return plan.leaves

    return run


def test_answers_are_known_before_they_are_asked(
    done: Callable[..., tuple[Leaf, ...]], debian_root: Root, machine: RootMachine
) -> None:
    where: dict[str, Any] = {"type": "string", "value": "a place: here"}
    assert done(where=where, sure={"type": "boolean", "value": True}) == (
        Leaf(path="mine/where", after="a place: here"),
        Leaf(path="mine/sure", after="true"),
    )
    assert "mine/where: a place: here" in debian_root.run(["debconf-show", "mine"]).out
    assert done(where=where, sure={"type": "boolean", "value": False}) == (
        Leaf(path="mine/sure", before="true", after="false"),
    )
    assert done(where=where) == ()
    assert ("debconf-set-selections",) in machine.argvs


def test_a_password_is_compared_and_never_told(
    done: Callable[..., tuple[Leaf, ...]], machine: RootMachine
) -> None:
    first = {"type": "password", "value": "geheim"}
    assert done(word=first) == (Leaf(path="mine/word", after="*** (new)"),)
    assert done(word=first) == ()
    again = done(word={"type": "password", "value": "anders"})
    assert again == (Leaf(path="mine/word", before="***", after="*** (new)"),)
    assert not any("geheim" in word for words in machine.argvs for word in words)


@pytest.mark.parametrize(
    "told",
    ["x", {"type": "x", "value": "y"}, {"type": "string"}, {"type": "note", "value": "a\nb"}],
)
def test_what_is_no_answer_is_refused(checked: Callable[..., Plan], told: object) -> None:
    with pytest.raises(HostProblem, match=r"needs a type|no single line"):
        checked(SET, "mine", data={"mine/a": told})
