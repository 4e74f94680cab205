"""States of grains are held to the law, and keep facts as facts.set does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zester_modules.facts import yamlfile
from zester_modules.host.machine import HostProblem
from zester_modules.host.real import RealMachine
from zester_modules.resource import Changes, Leaf
from zester_proto.errors import ZesterError
from zester_testing.resource_law import hold, params_for, picture, scope_on
from zester_testing.state_trees import RESOURCES

Law = Callable[..., Changes]
FACTS: dict[str, Any] = {
    "id": "web-1", "os_family": "debian", "rack": "r1", "roles": ["web"], "site": {"row": 1},
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "place" / "facts"


@pytest.fixture
def law(tmp_path: Path, folder: Path) -> Law:
    """Hold a state of grains to the law, with the facts of the run's beginning."""
    folder.parent.mkdir()

    def held(function: str, name: str, **given: Any) -> Changes:
        resource = RESOURCES.find(f"grains.{function}")
        assert resource is not None
        (tmp_path / "run").mkdir(exist_ok=True)
        machine = RealMachine(tmp_path / "run")
        scope = scope_on(machine, tmp_path / "run", facts=FACTS, facts_dir=folder)
        params = params_for(resource, name, given)
        return hold(resource, params, scope, lambda: picture(folder.parent))

    return held


def kept(folder: Path) -> dict[str, Any]:
    return yamlfile.load((folder / "set.yaml").read_text(), "set.yaml")


def test_a_grain_is_set_and_one_that_is_so_already_is_not_written(law: Law, folder: Path):
    assert law("present", "rack", value="r1").leaves == ()
    assert not folder.exists()
    changes = law("present", "rack", value="r2")
    assert changes.leaves == (Leaf(path="grain:rack", before="r1", after="r2"),)
    law("present", "new:deep", value=1)
    assert kept(folder) == {"rack": "r2", "new": {"deep": 1}}
    assert (folder / "set.yaml").stat().st_mode & 0o777 == 0o600


def test_an_entry_of_a_map_leaves_what_is_beside_it(law: Law, folder: Path):
    law("present", "site,place", value="left", delimiter=",")
    assert kept(folder) == {"site": {"row": 1, "place": "left"}}


def test_maps_and_lists_are_written_over_by_force_alone(law: Law, folder: Path):
    for name, value in (("roles", "db"), ("rack", ["r1"]), ("site", {"row": 2})):
        with pytest.raises(HostProblem) as problem:
            law("present", name, value=value)
        assert "force: true" in problem.value.hint
    law("present", "roles", value="db", force=True)
    assert kept(folder) == {"roles": "db"}


def test_a_list_gets_what_it_lacks_and_loses_what_is_named(law: Law, folder: Path):
    assert law("list_present", "roles", value="web").leaves == ()
    law("list_present", "roles", value=["web", "db", {"a": 1}])
    law("list_absent", "roles", value=["web", "other"])
    law("append", "fresh", value="one")
    assert kept(folder) == {"roles": ["db", {"a": 1}], "fresh": ["one"]}
    with pytest.raises(HostProblem, match="the grain rack is no list"):
        law("append", "rack", value="r2")
    law("append", "rack", value="r2", convert=True)
    assert kept(folder)["rack"] == ["r1", "r2"]
    assert law("list_absent", "nothing", value="x").leaves == ()


def test_what_was_set_is_taken_away_and_what_was_not_stays(law: Law, folder: Path):
    law("present", "mine", value=[1], force=True)
    with pytest.raises(HostProblem, match="the grain mine is a list"):
        law("absent", "mine")
    law("absent", "mine", force=True)
    assert law("absent", "rack").leaves == ()
    assert kept(folder) == {}


def test_built_in_grains_are_seen_and_not_set(law: Law):
    law("exists", "os_family")
    law("exists", "site:row")
    with pytest.raises(HostProblem, match="there is no grain nope"):
        law("exists", "nope")
    with pytest.raises(ZesterError, match="os_family is a built-in fact"):
        law("present", "os_family", value="x")
