"""One file in cases/, one case: what a host's file says, and what the facts must be."""

from pathlib import Path
from typing import Any

import pytest

from zester_modules.facts import yamlfile
from zester_modules.facts.hardware import parse_cpuinfo, parse_meminfo
from zester_modules.facts.machine import init, machine_id, timezone, virtual
from zester_modules.facts.mounts import parse_filesystems, parse_mounts
from zester_modules.facts.naming import full_name, split_name
from zester_modules.facts.release import operating_system
from zester_modules.facts.source import Source

CASES = Path(__file__).parent / "cases"
FILESYSTEMS = "nodev\tsysfs\nnodev\ttmpfs\nnodev\toverlay\n\text4\n\txfs\n\tvfat\n\tsquashfs\n"


def cases(kind: str):
    files = sorted((CASES / kind).glob("*.yaml"))
    assert files
    return pytest.mark.parametrize(
        "case",
        [pytest.param(yamlfile.load(one.read_text(), one.name), id=one.stem) for one in files],
    )


def host(root: Path, case: dict[str, Any]) -> Source:
    for name, content in case.get("tree", {}).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    for name, to in case.get("links", {}).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(to)
    return Source(root)


@cases("os-release")
def test_an_os_release_file_says_which_system_it_is(case: dict[str, Any], tmp_path: Path):
    tree = {"etc/os-release": case["text"], "etc/debian_version": case.get("debian_version", "")}
    assert operating_system(host(tmp_path, {"tree": tree})) == case["expect"]


@cases("cpuinfo")
def test_cpuinfo_of_any_architecture_is_read(case: dict[str, Any]):
    assert parse_cpuinfo(case["text"]) == case["expect"]


@cases("mounts")
def test_mounts_are_those_on_disks_and_networks(case: dict[str, Any]):
    kinds = parse_filesystems(FILESYSTEMS) | {"nfs4", "cifs"}
    assert parse_mounts(case["text"], kinds) == case["expect"]


@cases("virtual")
def test_what_a_host_runs_on_is_recognised(case: dict[str, Any], tmp_path: Path):
    assert virtual(host(tmp_path, case)) == {"virtual": case["expect"]}


@cases("machine")
def test_init_and_time_zone_and_machine_id_are_found(case: dict[str, Any], tmp_path: Path):
    source = host(tmp_path, case)
    assert init(source) | timezone(source) | machine_id(source) == case["expect"]


@cases("hosts")
def test_a_hosts_file_gives_the_full_name(case: dict[str, Any]):
    assert full_name(case["node"], case["text"]) == case["expect"]


def test_names_are_split_at_the_first_dot():
    assert split_name("web1.a.net", "web1.a.net") == {
        "hostname": "web1",
        "fqdn": "web1.a.net",
        "domain": "a.net",
    }
    assert split_name("web1", "web1") == {"hostname": "web1", "fqdn": "web1", "domain": ""}


def test_meminfo_is_in_bytes():
    text = "MemTotal:       24684096 kB\nHugePages_Total:       3\nodd line\nMemFree: x kB\n"
    assert parse_meminfo(text) == {"MemTotal": 24684096 * 1024, "HugePages_Total": 3}
