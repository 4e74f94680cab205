"""A host's kernel, and what lies beneath and above it: virtual machine, init, time zone."""

import os
import re
from typing import Any, Final

from zester_modules.facts.source import Source

_VENDORS: Final = (
    ("kvm", "kvm"), ("qemu", "qemu"), ("vmware", "vmware"), ("virtualbox", "virtualbox"),
    ("innotek", "virtualbox"), ("xen", "xen"), ("microsoft corporation virtual", "hyperv"),
    ("parallels", "parallels"), ("bochs", "bochs"), ("amazon ec2", "kvm"),
    ("google compute engine", "kvm"), ("openstack", "kvm"), ("digitalocean", "kvm"),
    ("hetzner", "kvm"), ("alibaba cloud", "kvm"), ("bhyve", "bhyve"), ("firecracker", "kvm"),
)  # fmt: skip

_CONTAINERS: Final = (
    ("/.dockerenv", "docker"), ("/run/.containerenv", "podman"), ("/dev/lxd/sock", "lxc"),
    ("/proc/vz", "openvz"),
)  # fmt: skip

_IN_CGROUP: Final = re.compile(r"/(docker|lxc|libpod|kubepods)[/.-]")
_CGROUP_NAMES: Final = {"docker": "docker", "lxc": "lxc", "libpod": "podman"}
_INITS: Final = {"init": "sysvinit", "openrc-init": "openrc", "runit-init": "runit"}


def kernel(_source: Source) -> dict[str, Any]:
    """Collect `kernel`, `kernel_version` and `arch`."""
    found = os.uname()
    return {
        "kernel": found.sysname.lower(), "kernel_version": found.release, "arch": found.machine,
    }  # fmt: skip


def virtual(source: Source) -> dict[str, Any]:
    """Collect `virtual`: `physical`, or the kind of container or virtual machine."""
    return {"virtual": container(source) or hypervisor(source) or "physical"}


def container(source: Source) -> str:
    """Give the kind of container that this host is, or ""."""
    # systemd writes what its manager told it; https://systemd.io/CONTAINER_INTERFACE
    told = source.text("/run/systemd/container") or _told_to_init(source)
    if told:
        return told.lower()
    if "microsoft" in source.text("/proc/sys/kernel/osrelease").lower():
        return "wsl"
    for path, name in _CONTAINERS:
        if source.exists(path) and not (name == "openvz" and source.exists("/proc/bc")):
            return name
    found = _IN_CGROUP.search(source.text("/proc/1/cgroup"))
    return _CGROUP_NAMES.get(found.group(1), "container") if found else ""


def _told_to_init(source: Source) -> str:
    for entry in source.text("/proc/1/environ").split("\0"):
        name, _, value = entry.partition("=")
        if name == "container" and value:
            return value
    return ""


def hypervisor(source: Source) -> str:
    """Give the kind of virtual machine that this host is, or ""."""
    folder = "/sys/class/dmi/id"
    words = " ".join(
        source.text(f"{folder}/{name}") for name in ("sys_vendor", "product_name", "bios_vendor")
    ).lower()
    for word, name in _VENDORS:
        if word in words:
            return name
    if source.text("/sys/hypervisor/type") == "xen" or source.exists("/proc/xen"):
        return "xen"
    flags = re.search(r"^flags\s*:.*\bhypervisor\b", source.text("/proc/cpuinfo"), re.MULTILINE)
    return "vm" if flags else ""


def init(source: Source) -> dict[str, Any]:
    """Collect `init`: what runs as the first process."""
    if source.exists("/run/systemd/system"):
        return {"init": "systemd"}
    if source.exists("/run/openrc"):
        return {"init": "openrc"}
    name = source.text("/proc/1/comm")
    return {"init": _INITS.get(name, name or "unknown")}


def timezone(source: Source) -> dict[str, Any]:
    """Collect `timezone`; a host that says nothing runs in UTC."""
    link = source.link("/etc/localtime")
    _, found, zone = link.partition("zoneinfo/")
    return {"timezone": zone if found else source.text("/etc/timezone") or "UTC"}


def machine_id(source: Source) -> dict[str, Any]:
    """Collect `machine_id`, where the host has one."""
    found = source.text("/etc/machine-id") or source.text("/var/lib/dbus/machine-id")
    return {"machine_id": found} if re.fullmatch(r"[0-9a-f]{32}", found) else {}
