"""A state that needs a program of the host says so where that is missing."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import AnyResource, Changes, Leaf, Plan, Resource, Scope
from zester_testing.plain_machine import PlainMachine
from zester_testing.state_trees import RESOURCES, grounds, ran, states


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """What it finds."""

    name: Annotated[str, Meta(description="`done`, `to do`, or `fails`")]


def check(params: Params, _scope: Scope) -> Plan:
    if params.name == "fails":
        raise HostProblem("tool: exit code 127")
    leaves = (Leaf(path="it", after="made"),) if params.name == "to do" else ()
    return Plan(leaves=leaves)


def apply(plan: Plan, _scope: Scope) -> Changes:
    return Changes(leaves=plan.leaves)


NEEDY = Resource(name="needy.made", params=Params, check=check, apply=apply, needs=("zester-tool",))


def find(name: str) -> AnyResource | None:
    return NEEDY if name == NEEDY.name else RESOURCES.find(name)


class Machine(PlainMachine):
    """A machine without the tool."""

    def which(self, program: str) -> str | None:
        return None if program == "zester-tool" else super().which(program)


def results(folder: Path, machine: PlainMachine, test: bool) -> dict[str, Any]:
    tree = states(
        ("done", "needy.made", {"name": "done"}),
        ("made", "needy.made", {"name": "to do"}),
        ("asked", "needy.made", {"name": "fails"}),
    )
    return ran(tree, grounds(folder, machine, find=find), test=test)


def test_a_missing_program_is_named_where_there_is_something_to_do(tmp_path: Path):
    for test in (True, False):
        rows = results(tmp_path / "run", Machine(), test)
        assert [row["result"] for row in rows.values()] == ["ok", "failed", "failed"]
        for name in ("made", "asked"):
            assert rows[name]["comment"] == (
                "needy.made needs zester-tool, and this host has none\n"
                "install the package that brings it, by a state before this one"
            )


def test_a_dry_run_knows_that_an_earlier_state_may_bring_the_program(tmp_path: Path):
    machine = Machine()
    machine.packages.offered = {"zester-tools": "1"}
    tree = states(
        ("tools", "pkg.installed", {"name": "zester-tools"}),
        ("made", "needy.made", {"name": "to do"}),
    )
    rows = ran(tree, grounds(tmp_path / "run", machine, find=find), test=True)
    assert (rows["made"]["result"], rows["made"]["certain"]) == ("would-change", False)
    assert rows["made"]["comment"] == "only known after: tools"


def test_a_program_of_the_host_is_found(tmp_path: Path):
    class Whole(PlainMachine):
        def which(self, program: str) -> str | None:
            return f"/usr/bin/{program}"

    rows = results(tmp_path / "run", Whole(), test=False)
    assert rows["made"]["result"] == "changed"
    assert rows["asked"]["comment"] == "tool: exit code 127"
