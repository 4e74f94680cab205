"""Which operating system a host runs, from its os-release file."""

import re
import shlex
from typing import Any, Final

from zester_modules.facts.source import Source

_FAMILIES: Final = {
    "almalinux": "redhat", "alpine": "alpine", "amzn": "redhat", "arch": "arch",
    "azurelinux": "redhat", "centos": "redhat", "cloudlinux": "redhat", "debian": "debian",
    "devuan": "debian", "endeavouros": "arch", "fedora": "redhat", "gentoo": "gentoo",
    "kali": "debian", "linuxmint": "debian", "manjaro": "arch", "mageia": "mandrake",
    "nixos": "nixos", "ol": "redhat", "opensuse": "suse", "oracle": "redhat", "photon": "redhat",
    "pop": "debian", "raspbian": "debian", "rhel": "redhat", "rocky": "redhat",
    "slackware": "slackware", "sled": "suse", "sles": "suse", "suse": "suse", "ubuntu": "debian",
    "void": "void",
}  # fmt: skip

_IN_VERSION: Final = re.compile(r"\(([^)]+)\)")


def operating_system(source: Source) -> dict[str, Any]:
    """Collect `os`, `os_family`, `os_version`, `os_codename` and `os_name`.

    All are there on every host; what its os-release does not say is empty.
    """
    release = parse_os_release(source.text("/etc/os-release") or source.text("/usr/lib/os-release"))
    name = release.get("ID", "").lower() or "linux"
    return {
        "os": name,
        "os_family": family(name, release.get("ID_LIKE", "")),
        "os_name": release.get("PRETTY_NAME") or release.get("NAME") or name,
        "os_version": _version(release, source),
        "os_codename": _codename(release, source),
    }


def parse_os_release(text: str) -> dict[str, str]:
    """Read an os-release file (man os-release): NAME=value with a shell's quotes."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and name and not name.startswith("#"):
            found[name.strip()] = _unquoted(value)
    return found


def _unquoted(value: str) -> str:
    try:
        return " ".join(shlex.split(value))
    except ValueError:
        return value.strip("\"'")


def family(name: str, like: str) -> str:
    """Give the family of a system by its own name, else by those that it says it is like."""
    for one in (name, *like.lower().split()):
        known = _FAMILIES.get(one) or _FAMILIES.get(one.partition("-")[0])
        if known:
            return known
    return name


def _version(release: dict[str, str], source: Source) -> str:
    version = release.get("VERSION_ID") or release.get("BUILD_ID", "")
    # Debian's testing and unstable have no VERSION_ID, only "trixie/sid" there
    return version or source.text("/etc/debian_version")


def _codename(release: dict[str, str], source: Source) -> str:
    found = release.get("VERSION_CODENAME") or release.get("UBUNTU_CODENAME")
    if found:
        return found
    in_version = _IN_VERSION.search(release.get("VERSION", ""))
    if in_version:
        return in_version.group(1).lower()
    return (
        source.text("/etc/debian_version").partition("/")[0]
        if not release.get("VERSION_ID")
        else ""
    )
