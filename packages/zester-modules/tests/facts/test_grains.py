from pathlib import Path
from typing import Any

import pytest

from zester_modules.facts import yamlfile
from zester_modules.facts.release import operating_system
from zester_modules.facts.source import Source
from zester_proto.grains import LazyGrains, grains_view

CASES = Path(__file__).parent / "cases" / "os-release"


@pytest.mark.parametrize(
    ("case", "os", "family", "finger", "major"),
    [
        ("debian-12", "Debian", "Debian", "Debian-12", 12),
        ("ubuntu-24.04", "Ubuntu", "Debian", "Ubuntu-24.04", 24),
        ("rocky-9", "Rocky", "RedHat", "Rocky Linux-9", 9),
        ("centos-7", "CentOS", "RedHat", "CentOS Linux-7", 7),
        ("fedora-41", "Fedora", "RedHat", "Fedora Linux-41", 41),
        ("opensuse-leap", "SUSE", "Suse", "Leap-15", 15),
        ("amazon-2023", "Amazon", "RedHat", "Amazon Linux-2023", 2023),
        ("alpine-3.20", "Alpine", "Alpine", "Alpine Linux-3", 3),
        ("arch", "Arch", "Arch", "Arch Linux-rolling", None),
        ("nothing", "Linux", "Linux", "Linux", None),
    ],
)
def test_systems_are_called_as_in_salt(
    case: str, os: str, family: str, finger: str, major: int | None, tmp_path: Path
):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text(
        yamlfile.load((CASES / f"{case}.yaml").read_text(), case)["text"]
    )
    grains = grains_view(operating_system(Source(tmp_path)))
    assert (grains["os"], grains["os_family"], grains["osfinger"]) == (os, family, finger)
    assert grains.get("osmajorrelease") == major


def test_hardware_and_network_have_salts_names():
    grains = grains_view({
        "arch": "x86_64", "os_family": "debian", "virtual": "vmware",
        "cpu": {"count": 4, "model": "X", "flags": ["a"]},
        "memory": {"total": 2 * 1024**3, "swap_total": 0},
        "ipv4": ["127.0.0.1", "10.0.0.1"], "ipv6": ["::1", "fe80::1", "2001:db8::1"],
        "network": {"interfaces": {"eth0": {
            "mac": "02:00", "ipv4": ["10.0.0.1/24"], "ipv6": ["2001:db8::1/64"],
        }}},
        "hostname": "web1", "roles": ["web"], "python": {"version": "3.11.7"},
    })  # fmt: skip
    assert grains["num_cpus"] == 4
    assert grains["mem_total"] == 2048
    assert (grains["cpuarch"], grains["osarch"], grains["virtual"]) == ("x86_64", "amd64", "VMware")
    assert grains["fqdn_ip4"] == ["10.0.0.1"]
    assert grains["fqdn_ip6"] == ["2001:db8::1"]
    assert grains["ip_interfaces"] == {"eth0": ["10.0.0.1", "2001:db8::1"]}
    assert grains["host"] == "web1"
    assert grains["roles"] == ["web"]
    assert grains["pythonversion"] == [3, 11, 7, "final", 0]


def test_what_nobody_knows_is_left_out_and_salts_own_grains_stay():
    assert set(grains_view({})) == {"saltversion", "saltversioninfo"}
    partly = grains_view({"os_family": "RedHat", "arch": "x86_64"})
    assert (partly["os_family"], partly["osarch"]) == ("RedHat", "x86_64")
    assert "osrelease" not in partly
    grains = {"os": "CentOS", "osrelease": "9", "saltversioninfo": [3008, 5]}
    assert grains_view(grains) == grains


@pytest.mark.parametrize(
    "odd",
    [
        {"disks": [{"name": "sda"}, {"name": "sdb"}]}, {"network": "none"},
        {"memory": {"total": "x"}}, {"network": {"interfaces": {"eth0": {}}}},
        {"ipv4": ["nowhere"]}, {"python": []},
        {"os_version": "9" * 5000},
    ],
)  # fmt: skip
def test_facts_of_another_shape_cost_their_own_grains(odd: dict[str, Any]):
    facts = {"id": "web-1", "os": "debian", "role": "web", **odd}
    assert grains_view(facts)["role"] == "web"
    assert dict(LazyGrains(facts)) == grains_view(facts)
