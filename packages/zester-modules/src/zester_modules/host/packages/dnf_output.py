"""What rpm and dnf print, read."""

import re
from typing import Final

from zester_modules.host.machine import Candidate, Package

FORMAT: Final = "%{NAME}\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\t%{ARCH}\n"
"""Of `rpm --query --all`."""

_INCOMING: Final = frozenset(
    {"Installing", "Installing dependencies", "Installing weak dependencies", "Upgrading",
     "Downgrading", "Reinstalling"}
)  # fmt: skip
_OUTGOING: Final = frozenset(
    {"Removing", "Removing dependent packages", "Removing unused dependencies"}
)
_ROW: Final = re.compile(r" (\S+) +(\S+) +(\S+) +(\S+) +\S+ \S+")


def bare(version: str) -> str:
    """Give a version without the epoch 0, as dnf writes it."""
    return version.removeprefix("0:")


def installed(text: str, locks: str = "") -> dict[str, Package]:
    """Read what rpm lists, and what `dnf versionlock list` holds."""
    held = locked(locks)
    found: dict[str, Package] = {}
    for line in text.splitlines():
        name, tab, rest = line.partition("\t")
        version, _, architecture = rest.partition("\t")
        if tab and name != "gpg-pubkey" and architecture:
            # of several kernels the last one listed is the newest installed
            found[name] = Package(name=name, version=bare(version), held=name in held)
    return found


def locked(text: str) -> set[str]:
    """Read names of `name-epoch:version-release.arch` lines of `dnf versionlock list`."""
    return {
        match[1]
        for line in text.splitlines()
        if (match := re.fullmatch(r"(\S+)-(?:[0-9]+:)?[^-\s:]+-[^-\s]+", line.strip()))
    }


def simulated(text: str, have: dict[str, Package]) -> list[Candidate]:
    """Read the table of a transaction that dnf shows before it asks."""
    found: dict[str, Candidate] = {}
    heading = ""
    for line in _unwrapped(text):
        if line and not line.startswith(" ") and line.rstrip().endswith(":"):
            heading = line.rstrip()[:-1]
        elif (match := _ROW.fullmatch(line.rstrip())) and heading in _INCOMING | _OUTGOING:
            name, version = match[1], bare(match[3])
            before = have[name].version if name in have else ""
            after = version if heading in _INCOMING else ""
            found[name] = Candidate(name=name, before=before, after=after)
        elif line.startswith("Transaction Summary"):
            break
    return sorted(found.values(), key=lambda one: one.name)


def _unwrapped(text: str) -> list[str]:
    """Join rows that dnf breaks after a long name."""
    lines: list[str] = []
    for line in text.splitlines():
        if lines and re.fullmatch(r" \S+", lines[-1].rstrip()) and line.startswith("  "):
            lines[-1] = f"{lines[-1].rstrip()} {line.strip()}"
        else:
            lines.append(line)
    return lines


def newest(text: str) -> dict[str, str]:
    """Read `name TAB epoch:version-release` lines of `dnf repoquery --latest-limit=1`."""
    rows = (line.split("\t") for line in text.splitlines() if line.count("\t") == 1)
    return {name: bare(version) for name, version in rows}
