"""What dpkg-query, apt-get and apt-cache print, read."""

import re
from collections.abc import Iterator
from typing import Final

from zester_modules.host.machine import Candidate, Package

FORMAT: Final = "${db:Status-Want}\t${db:Status-Status}\t${Package}\t${Architecture}\t${Version}\n"
"""Of dpkg-query; `binary:Package` would name the architecture of some native ones, too."""

_INSTALLED: Final = frozenset({"installed", "triggers-awaited", "triggers-pending"})
_INST: Final = re.compile(r"Inst (\S+)(?: \[([^\]]*)\])? \((\S+)")
_LOCKED: Final = re.compile(
    r"Could not get lock (?!.*Permission denied)|is another process using it\?|"
    r"locked by another process"
)
_HOLDER: Final = re.compile(r"held by process (\d+)|another process with pid (\d+)")
_GONE: Final = re.compile(r"(?:Remv|Purg) (\S+)(?: \[([^\]]*)\])?")


def installed(text: str) -> dict[str, Package]:
    """Read what dpkg-query lists; foreign packages are named `name:architecture`."""
    rows = [line.split("\t") for line in text.splitlines() if line.count("\t") == 4]
    native = next((row[3] for row in rows if row[2] == "dpkg"), "")
    return {one.name: one for one in _packages(rows, native)}


def _packages(rows: list[list[str]], native: str) -> Iterator[Package]:
    for want, status, name, architecture, version in rows:
        if status in _INSTALLED or status == "config-files":
            foreign = bool(native) and architecture not in {native, "all"}
            yield Package(
                name=f"{name}:{architecture}" if foreign else name,
                version=version,
                held=want == "hold" and status != "config-files",
                config_only=status == "config-files",
            )


def simulated(text: str) -> list[Candidate]:
    """Read what `apt-get --simulate` says that it would do."""
    found: dict[str, Candidate] = {}
    for line in text.splitlines():
        if match := _INST.match(line):
            name, before, after = match.groups(default="")
            found[name] = Candidate(name=name, before=before, after=after)
        elif match := _GONE.match(line):
            name, before = match.groups(default="")
            if name not in found:
                found[name] = Candidate(name=name, before=before)
    return sorted(found.values(), key=lambda one: one.name)


def holder(text: str) -> int | None:
    """Read who holds a lock of apt or dpkg: a process, 0 if it is not named, None if nobody."""
    named = [int(one[1] or one[2]) for one in _HOLDER.finditer(text)]
    return next(iter(named), 0) if _LOCKED.search(text) else None


def candidates(text: str) -> dict[str, str]:
    """Read the versions that `apt-cache policy` would install."""
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if line[:1].strip() and line.endswith(":"):
            name = line[:-1]
        elif name and line.startswith("  Candidate: "):
            version = line.removeprefix("  Candidate: ")
            if version != "(none)":
                found[name] = version
    return found
