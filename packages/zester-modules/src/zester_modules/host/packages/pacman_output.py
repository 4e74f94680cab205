"""What pacman prints, read."""

import re
from typing import Final

from zester_modules.host.machine import Candidate, Package

FORMAT: Final = "%n %v"
"""Of `--print-format`."""

_IGNORE: Final = re.compile(r"^\s*IgnorePkg\s*=\s*(.+)$", re.MULTILINE)


def held(configuration: str) -> set[str]:
    """Read the names that pacman.conf holds back."""
    return {name for match in _IGNORE.finditer(configuration) for name in match[1].split()}


def pairs(text: str) -> dict[str, str]:
    """Read lines `name version`."""
    rows = (line.split() for line in text.splitlines())
    return {row[0]: row[1] for row in rows if len(row) == 2}


def installed(text: str, configuration: str = "") -> dict[str, Package]:
    """Read `pacman --query`."""
    kept = held(configuration)
    return {
        name: Package(name=name, version=version, held=name in kept)
        for name, version in pairs(text).items()
    }


def incoming(text: str, have: dict[str, Package]) -> list[Candidate]:
    """Read what a printed transaction would bring."""
    return [
        Candidate(name=name, before=have[name].version if name in have else "", after=version)
        for name, version in sorted(pairs(text).items())
        if name not in have or have[name].version != version
    ]


def outgoing(text: str) -> list[Candidate]:
    """Read what a printed removal would take along."""
    return [Candidate(name=name, before=version) for name, version in sorted(pairs(text).items())]
