"""Packages and services in runs of whole trees, on a machine that is made up."""

from pathlib import Path
from typing import Any

import pytest

from zester_modules.host.machine import Package, Service
from zester_testing.plain_machine import PlainMachine, PlainServices
from zester_testing.state_trees import grounds, ran, states


def machine(**services: Service) -> PlainMachine:
    made = PlainMachine()
    made.packages.offered = {"nginx": "1.22"}
    made.services.have = services
    return made


def run(tmp_path: Path, on: PlainMachine, *given: Any, **wishes: Any) -> dict[str, dict[str, Any]]:
    return ran(states(*given), grounds(tmp_path / "run", on), **wishes)


def nginx(*, running: bool = True, **given: Any) -> Service:
    return Service(name="nginx", running=running, enabled=False, **given)


def test_a_service_that_a_package_brings_is_unknown_in_a_dry_run(tmp_path: Path):
    on = machine()
    tree = (
        ("package", "pkg.installed", {"name": "nginx"}),
        ("service", "service.running", {"name": "nginx", "enable": True, "watch": ["package"]}),
    )
    rows = run(tmp_path, on, *tree, test=True)
    assert rows["package"]["changes"] == {"nginx:version": {"before": None, "after": "1.22"}}
    assert rows["service"]["result"] == "would-change"
    assert rows["service"]["changes"] == {"nginx": {"unknown": True, "because": ["package"]}}
    assert not rows["service"]["certain"]


@pytest.mark.parametrize(
    ("given", "can_reload", "said"),
    [({}, True, "restarted"), ({"reload": True}, True, "reloaded"),
     ({"reload": True}, False, "restarted"),
     ({"reload": True, "full_restart": True}, True, "restarted")],
)  # fmt: skip
def test_a_service_reacts_to_what_it_watches(
    tmp_path: Path, given: dict[str, Any], said: str, *, can_reload: bool
):
    on = machine(nginx=nginx(can_reload=can_reload))
    change = ("change", "test.succeed_with_changes", dict[str, Any]())
    service = ("service", "service.running", {"name": "nginx", "watch": ["change"], **given})
    dry = run(tmp_path, on, change, service, test=True)
    # the made-up machine forgets whether a service can reload, so each run has its own
    wet = run(tmp_path, machine(nginx=nginx(can_reload=can_reload)), change, service)
    assert wet["service"]["changes"] == {"nginx:reaction": {"before": None, "after": said}}
    assert dry["service"]["changes"] == wet["service"]["changes"]
    assert wet["service"]["reaction"]


def test_a_service_that_this_run_started_is_not_restarted(tmp_path: Path):
    on = machine(nginx=nginx(running=False))
    rows = run(
        tmp_path, on,
        ("start", "service.running", {"name": "nginx"}),
        ("change", "test.succeed_with_changes", {}),
        ("again", "service.running", {"name": "nginx", "watch": ["change"]}),
    )  # fmt: skip
    assert rows["start"]["changes"] == {"nginx:running": {"before": False, "after": True}}
    assert (rows["again"]["result"], rows["again"]["comment"]) == ("ok", "the service runs")


def test_to_enable_is_no_reason_to_restart(tmp_path: Path):
    given = {"name": "nginx", "enable": True, "watch": ["change"]}
    rows = run(
        tmp_path, machine(nginx=nginx()),
        ("change", "test.succeed_with_changes", {}), ("it", "service.running", given),
    )  # fmt: skip
    assert rows["it"]["changes"] == {"nginx:enabled": {"before": False, "after": True}}


@pytest.mark.parametrize(
    ("version", "changes"),
    [("", False), ("1.*", False), (">=1.0,<2", False), ("=1.20", False), ("1.22", True),
     (">1.20", True), ("latest", True)],
)  # fmt: skip
def test_which_versions_will_do(tmp_path: Path, version: str, *, changes: bool):
    on = machine()
    on.packages.have = {"nginx": Package(name="nginx", version="1.20")}
    rows = run(tmp_path, on, ("it", "pkg.installed", {"name": "nginx", "version": version}))
    assert rows["it"]["changed"] == changes
    assert on.packages.have["nginx"].version == ("1.22" if changes else "1.20")


def test_a_version_that_nobody_has_fails(tmp_path: Path):
    rows = run(tmp_path, machine(), ("it", "pkg.installed", {"name": "nginx", "version": ">=2"}))
    assert rows["it"]["result"] == "failed"
    assert "1.22, which is not >=2" in rows["it"]["comment"]


def test_a_held_package_stays_unless_the_state_says_otherwise(tmp_path: Path):
    on = machine()
    on.packages.have = {"nginx": Package(name="nginx", version="1.20", held=True)}
    rows = run(tmp_path, on, ("it", "pkg.latest", {"name": "nginx"}))
    assert rows["it"]["result"] == "failed"
    rows = run(tmp_path, on, ("it", "pkg.latest", {"name": "nginx", "update_holds": True}))
    assert rows["it"]["changes"] == {"nginx:version": {"before": "1.20", "after": "1.22"}}
    assert on.packages.have["nginx"].held


def test_all_that_is_older_than_what_can_be_had_is_upgraded(tmp_path: Path):
    on = machine()
    on.packages.have = {
        "nginx": Package(name="nginx", version="1.20"),
        "kept": Package(name="kept", version="1", held=True),
        "gone": Package(name="gone", version="1", config_only=True),
    }
    others = run(tmp_path, on, ("it", "pkg.uptodate", {"pkgs": ["kept"]}))
    dry = run(tmp_path, on, ("it", "pkg.uptodate", {"refresh": True}), test=True)
    rows = run(tmp_path, on, ("it", "pkg.uptodate", {"refresh": True}))
    again = run(tmp_path, on, ("it", "pkg.uptodate", {}))
    assert others["it"]["result"] == "ok"
    assert dry["it"]["changes"] == rows["it"]["changes"] == {
        "nginx:version": {"before": "1.20", "after": "1.22"}
    }  # fmt: skip
    assert again["it"]["comment"] == "all is up to date"
    assert {name: one.version for name, one in on.packages.have.items()} == {
        "nginx": "1.22", "kept": "1", "gone": "1",
    }  # fmt: skip


def test_several_packages_with_versions_are_one_state(tmp_path: Path):
    on = machine()
    on.packages.offered["tree"] = "2"
    pkgs = ["tree", {"nginx": "1.22"}]
    rows = run(tmp_path, on, ("it", "pkg.installed", {"pkgs": pkgs}), test=True)
    assert list(rows["it"]["changes"]) == ["nginx:version", "tree:version"]


class Idle(PlainServices):
    """No service ever starts."""

    def start(self, name: str) -> None:
        assert name in self.have


class Faltering(PlainServices):
    """A service ends when somebody has waited."""

    def wait(self, seconds: float) -> None:
        self.have["nginx"] = nginx(running=seconds < 3)


@pytest.mark.parametrize(("delay", "result"), [(1, "changed"), ("5s", "failed"), (0, "changed")])
def test_a_service_is_looked_at_again_after_its_delay(tmp_path: Path, delay: Any, result: str):
    services = Faltering()
    services.have = {"nginx": nginx(running=False)}
    on = PlainMachine(services)
    tree = states(("it", "service.running", {"name": "nginx", "init_delay": delay}))
    row = ran(tree, grounds(tmp_path / "run", on, sleep=services.wait), test=True)["it"]
    assert (row["result"], services.have["nginx"].running) == ("would-change", False)
    row = ran(tree, grounds(tmp_path / "run", on, sleep=services.wait))["it"]
    assert row["result"] == result


def test_a_service_that_never_starts_fails_the_state(tmp_path: Path):
    services = Idle()
    services.have = {"nginx": nginx(running=False)}
    row = run(tmp_path, PlainMachine(services), ("it", "service.running", {"name": "nginx"}))["it"]
    assert row["result"] == "failed"
    assert row["comment"].splitlines() == [
        "nginx was started and does not run",
        "it failed, or it is one that ends by itself",
        "its log ends with:",
        "    nginx says why",
    ]
