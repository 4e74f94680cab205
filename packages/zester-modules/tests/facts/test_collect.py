import threading
from pathlib import Path
from typing import Any

import pytest

from zester_modules.facts import collect as module
from zester_modules.facts import machine
from zester_modules.facts.collect import RESERVED, Request, collect
from zester_modules.facts.collected import FACTS_LIMIT
from zester_modules.facts.source import Source

DESIGN = {
    "id", "os", "os_family", "os_version", "os_codename", "kernel", "kernel_version", "arch",
    "hostname", "fqdn", "domain", "ipv4", "ipv6", "virtual", "init", "timezone", "roles", "cpu",
    "memory", "disks", "mounts", "network", "python", "zester",
}  # fmt: skip


def test_all_facts_of_the_design_are_there(tmp_path: Path):
    found = collect(Request(peel_id="web-1", folder=tmp_path, version="9.9"))
    facts = found.facts()
    assert facts.keys() >= DESIGN
    assert facts["id"] == "web-1"
    assert facts["roles"] == []
    assert facts["zester"]["version"] == "9.9"
    assert facts["zester"]["protocol"] == 1
    assert len(facts["zester"]["modules"]) == 64
    assert found.warnings == ()
    assert facts.keys() - {"roles"} <= RESERVED


def test_two_runs_on_an_idle_host_give_equal_bytes(tmp_path: Path):
    (tmp_path / "a.yaml").write_text("b: 1\na: {y: 1, x: 2}")
    one, two = (collect(Request(peel_id="web-1", folder=tmp_path)) for _ in range(2))
    assert one.data == two.data
    assert one.digest() == two.digest()


def test_a_custom_fact_never_takes_a_built_in_name(tmp_path: Path):
    path = tmp_path / "a.yaml"
    path.write_text("os: beos\nmachine_id: 1\nroles: [web]\ncpu: {count: 99}\n")
    found = collect(Request(folder=tmp_path))
    facts = found.facts()
    assert facts["os"] != "beos"
    assert facts["roles"] == ["web"]
    assert found.warnings == tuple(
        f"{path}: {name} is a built-in fact and stays as it is"
        for name in ("cpu", "machine_id", "os")
    )


def test_a_collector_that_fails_costs_its_own_facts_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def broken(_source: Source):
        raise RuntimeError("no such thing")

    def unreadable(_source: Source):
        return Path("/no/such/file").read_text()

    def odd(_source: Source):
        return {"odd": object()}

    monkeypatch.setattr(module, "COLLECTORS", (broken, unreadable, odd, *module.COLLECTORS))
    found = collect(Request(folder=tmp_path))
    assert found.facts().keys() >= DESIGN
    assert [one.partition("missing: ")[2] for one in found.warnings] == [
        "RuntimeError: no such thing",
        "FileNotFoundError: No such file or directory",
        "CodecError: a value of type object cannot travel, at $.odd",
    ]


def test_a_collector_that_hangs_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    never = threading.Event()

    def hangs(_source: Source):
        never.wait()
        return dict[str, Any]()

    monkeypatch.setattr(module, "COLLECTORS", (hangs, *module.COLLECTORS))
    found = collect(Request(folder=tmp_path, seconds=1))
    never.set()
    assert "test_collect.hangs are missing: it took longer than 0.5 s" in found.warnings[0]
    assert found.facts().keys() >= DESIGN


@pytest.mark.parametrize("value", ["1.10", "true", "12"])
def test_texts_of_custom_facts_stay_texts_where_yaml_says_so(tmp_path: Path, value: Any):
    (tmp_path / "a.yaml").write_text(f"x: '{value}'")
    assert collect(Request(folder=tmp_path)).facts()["x"] == value


def test_facts_that_are_too_many_to_travel_leave_their_largest_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def mounts(_source: Source):
        return {"mounts": {f"/srv/{number}": {"device": "x" * 50} for number in range(2500)}}

    monkeypatch.setattr(module, "COLLECTORS", (mounts, machine.kernel))
    found = collect(Request(folder=tmp_path))
    assert found.facts().keys() == {
        "id",
        "kernel",
        "kernel_version",
        "arch",
        "python",
        "zester",
        "roles",
    }
    assert found.warnings[0].startswith("the fact mounts is left out: ")
    assert len(found.data) < FACTS_LIMIT


def test_a_folder_of_rubbish_gives_fifty_warnings_and_a_count(tmp_path: Path):
    for number in range(60):
        (tmp_path / f"{number}.txt").write_text("")
    warnings = collect(Request(folder=tmp_path)).warnings
    assert len(warnings) == 51
    assert warnings[-1] == "and 10 more warnings about facts"
