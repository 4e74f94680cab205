"""Facts under Salt's names and in Salt's spellings, for formulas that ask for `grains`."""

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

_FAMILIES: Final = {
    "debian": "Debian", "redhat": "RedHat", "suse": "Suse", "arch": "Arch", "alpine": "Alpine",
    "gentoo": "Gentoo", "void": "Void", "nixos": "NixOS", "slackware": "Slackware",
    "mandrake": "Mandrake",
}  # fmt: skip

_NAMES: Final = {
    "almalinux": "AlmaLinux", "alpine": "Alpine", "amzn": "Amazon", "arch": "Arch",
    "centos": "CentOS", "debian": "Debian", "devuan": "Devuan", "fedora": "Fedora",
    "gentoo": "Gentoo", "kali": "Kali", "linuxmint": "Mint", "manjaro": "Manjaro",
    "nixos": "NixOS", "ol": "OEL", "opensuse-leap": "SUSE", "opensuse-tumbleweed": "SUSE",
    "pop": "Pop", "raspbian": "Raspbian", "rhel": "RedHat", "rocky": "Rocky", "sled": "SUSE",
    "sles": "SUSE", "ubuntu": "Ubuntu", "void": "Void",
}  # fmt: skip

_FULL_NAMES: Final = {
    "almalinux": "AlmaLinux", "alpine": "Alpine Linux", "amzn": "Amazon Linux",
    "arch": "Arch Linux", "centos": "CentOS Linux", "debian": "Debian", "fedora": "Fedora Linux",
    "ol": "Oracle Linux Server", "opensuse-leap": "Leap", "opensuse-tumbleweed": "Tumbleweed",
    "raspbian": "Raspbian", "rhel": "Red Hat Enterprise Linux", "rocky": "Rocky Linux",
    "sles": "SLES", "ubuntu": "Ubuntu",
}  # fmt: skip

_VIRTUAL: Final = {
    "vmware": "VMware", "virtualbox": "VirtualBox", "hyperv": "HyperV", "docker": "container",
    "podman": "container", "container": "container", "systemd-nspawn": "container", "lxc": "LXC",
    "openvz": "openvzve", "parallels": "Parallels", "vm": "virtual",
}  # fmt: skip

_DEBIAN_ARCH: Final = {
    "x86_64": "amd64", "aarch64": "arm64", "i686": "i386", "armv7l": "armhf", "ppc64le": "ppc64el",
}  # fmt: skip


_NEEDS: Final = {
    "os": "os", "osfullname": "os", "os_family": "os_family", "osrelease": "os_version",
    "osrelease_info": "os_version", "osmajorrelease": "os_version", "osfinger": "os",
    "oscodename": "os_codename", "lsb_distrib_id": "os", "lsb_distrib_release": "os_version",
    "lsb_distrib_codename": "os_codename", "kernel": "kernel", "kernelrelease": "kernel_version",
    "num_cpus": "cpu", "cpu_model": "cpu", "cpu_flags": "cpu", "cpuarch": "arch", "osarch": "arch",
    "mem_total": "memory", "swap_total": "memory", "virtual": "virtual", "disks": "disks",
    "init": "init", "host": "hostname", "localhost": "hostname", "nodename": "hostname",
    "fqdn_ip4": "ipv4", "fqdn_ip6": "ipv6", "ip4_interfaces": "network",
    "ip6_interfaces": "network", "ip_interfaces": "network", "hwaddr_interfaces": "network",
    "pythonversion": "python", "pythonexecutable": "python", "zesterversion": "zester",
}  # fmt: skip
"""The fact that each grain is made of; those of Salt's version are always there."""


_OURS_ALONE: Final = frozenset({
    "arch", "cpu", "default_ipv4", "hostname", "kernel_version", "memory", "mounts", "network",
    "os_codename", "os_name", "os_version", "python", "timezone", "zester",
})  # fmt: skip
"""Built-in facts under names that no grain has, and a formula's settings may."""


def salts_alone(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Give the grains without what Salt would not have, so that it hides nobody's settings."""
    return {key: one for key, one in grains_view(facts).items() if key not in _OURS_ALONE}


def grains_view(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Give the grains of a host: its custom facts as they are, the built-in ones as Salt has them.

    Names that both have (`os`, `os_family`, `kernel`) carry Salt's spelling. What the facts do not
    say is left out. Facts that are Salt's own grains, such as those of a file, stay as they are.
    """
    if "saltversioninfo" in facts:
        return dict(facts)
    made: dict[str, Any] = {}
    for part in (_system, _hardware, _network, _versions):
        made |= _made(part, facts)
    known = {key: value for key, value in made.items() if _NEEDS.get(key, "id") in {"id", *facts}}
    return {**facts, **known}


def _made(part: "_Part", facts: Mapping[str, Any]) -> dict[str, Any]:
    """Give the grains of one part: none where facts have not the shape of ours.

    Masters look at facts of peels that may say anything.
    """
    try:
        return part(facts)
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}


def _system(facts: Mapping[str, Any]) -> dict[str, Any]:
    name, version = str(facts.get("os", "")), str(facts.get("os_version", ""))
    full = _FULL_NAMES.get(name, _spelt(name))
    major = version.partition(".")[0]
    # Salt keeps Ubuntu's whole version in osfinger, of the others only the major one
    finger = version if name in {"ubuntu", "linuxmint", "pop"} else major
    family = str(facts.get("os_family", ""))
    found: dict[str, Any] = {
        "os": _NAMES.get(name, _spelt(name)),
        "os_family": _FAMILIES.get(family, _spelt(family)),
        "osfullname": full,
        "osrelease": version,
        "oscodename": facts.get("os_codename", ""),
        "osfinger": f"{full}-{finger}" if finger else full,
        "kernel": _spelt(str(facts.get("kernel", ""))),
        "kernelrelease": facts.get("kernel_version", ""),
        "osrelease_info": tuple(_number(part) for part in version.split(".") if part),
    }
    if name in {"debian", "ubuntu", "linuxmint", "raspbian", "kali", "pop"}:
        found |= {
            "lsb_distrib_id": full, "lsb_distrib_release": version,
            "lsb_distrib_codename": facts.get("os_codename", ""),
        }  # fmt: skip
    return found | ({"osmajorrelease": int(major)} if major.isdecimal() else {})


def _spelt(name: str) -> str:
    """Write a name as Salt does; one that is spelt so already stays."""
    return name.capitalize() if name.islower() else name


def _number(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def _hardware(facts: Mapping[str, Any]) -> dict[str, Any]:
    cpu, memory = facts.get("cpu", {}), facts.get("memory", {})
    arch, virtual = str(facts.get("arch", "")), str(facts.get("virtual", ""))
    is_debian = facts.get("os_family") == "debian"
    return {
        "num_cpus": cpu.get("count", 0),
        "cpu_model": cpu.get("model", ""),
        "cpu_flags": cpu.get("flags", []),
        "cpuarch": arch,
        "osarch": _DEBIAN_ARCH.get(arch, arch) if is_debian else arch,
        "mem_total": memory.get("total", 0) // 1024**2,
        "swap_total": memory.get("swap_total", 0) // 1024**2,
        "virtual": _VIRTUAL.get(virtual, virtual),
        "disks": sorted(facts.get("disks", {})),
        "init": facts.get("init", "unknown"),
    }


def _network(facts: Mapping[str, Any]) -> dict[str, Any]:
    interfaces: dict[str, Any] = facts.get("network", {}).get("interfaces", {})
    ip4 = {name: _bare(one["ipv4"]) for name, one in interfaces.items()}
    ip6 = {name: _bare(one["ipv6"]) for name, one in interfaces.items()}
    return {
        "host": facts.get("hostname", ""),
        "localhost": facts.get("hostname", ""),
        "nodename": facts.get("hostname", ""),
        "fqdn_ip4": [one for one in facts.get("ipv4", []) if _is_routed(one)],
        "fqdn_ip6": [one for one in facts.get("ipv6", []) if _is_routed(one)],
        "ip4_interfaces": ip4,
        "ip6_interfaces": ip6,
        "ip_interfaces": {name: ip4[name] + ip6[name] for name in interfaces},
        "hwaddr_interfaces": {name: one["mac"] for name, one in interfaces.items() if one["mac"]},
    }


def _bare(addresses: list[str]) -> list[str]:
    return [one.partition("/")[0] for one in addresses]


def _is_routed(text: str) -> bool:
    address = ipaddress.ip_address(text)
    return not (address.is_loopback or address.is_link_local)


def _versions(facts: Mapping[str, Any]) -> dict[str, Any]:
    python = facts.get("python", {})
    numbers = [_number(part) for part in str(python.get("version", "")).split(".")]
    version = str(facts.get("zester", {}).get("version", ""))
    return {
        "pythonversion": [*numbers, "final", 0],
        "pythonexecutable": python.get("executable", ""),
        # formulas only compare it with versions of Salt that are long gone
        "saltversion": "3008.0",
        "saltversioninfo": [3008, 0],
        "zesterversion": version,
    }


_Part = Callable[[Mapping[str, Any]], dict[str, Any]]


def _parts() -> dict[str, _Part]:
    """Give for each grain of ours what makes it, and others out of the same few facts."""
    nobody: dict[str, Any] = {"os": "debian", "os_version": "1"}
    return {name: part for part in (_system, _hardware, _network, _versions)
            for name in part(nobody)}  # fmt: skip


class LazyGrains(Mapping[str, Any]):
    """The same, where each grain looks at those facts alone that it is made of.

    Args:
        facts: of the host.
    """

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._facts = facts

    def __getitem__(self, name: str) -> Any:
        part, need = _PARTS.get(name), _NEEDS.get(name, "id")
        is_made = need == "id" or need in self._facts
        if part is None or not is_made or "saltversioninfo" in self._facts:
            return self._facts[name]
        made = _made(part, self._facts)
        return made[name] if name in made else self._facts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(grains_view(self._facts))

    def __len__(self) -> int:
        return len(grains_view(self._facts))


_PARTS: Final = _parts()
