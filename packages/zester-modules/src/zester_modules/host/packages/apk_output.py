"""What apk prints, read."""

import re
from typing import Final

from zester_modules.host.machine import Candidate, Package

_NAMED: Final = re.compile(r"(.+?)-([0-9][^-]*-r[0-9]+)")
_STEP: Final = re.compile(
    r"\([0-9 ]+/[0-9]+\) (Installing|Upgrading|Downgrading|Replacing|Purging|Reinstalling) "
    r"(\S+) \(([^)\s]+)(?: -> ([^)\s]+))?\)"
)


def installed(text: str, world: str = "") -> dict[str, Package]:
    """Read `apk info -v`, and what the file world pins."""
    pinned = {line.partition("=")[0] for line in world.split() if "=" in line}
    found: dict[str, Package] = {}
    for line in text.splitlines():
        if match := _NAMED.fullmatch(line.strip()):
            found[match[1]] = Package(name=match[1], version=match[2], held=match[1] in pinned)
    return found


def simulated(text: str) -> list[Candidate]:
    """Read the steps of `apk --simulate`."""
    found: list[Candidate] = []
    for line in text.splitlines():
        if match := _STEP.match(line.strip()):
            verb, name, first, second = match.groups(default="")
            if verb == "Purging":
                found.append(Candidate(name=name, before=first))
            elif verb == "Installing":
                found.append(Candidate(name=name, after=first))
            elif verb != "Reinstalling":
                found.append(Candidate(name=name, before=first, after=second or first))
    return sorted(found, key=lambda one: one.name)


def newest(text: str) -> dict[str, str]:
    """Read `apk search --exact`, which has one line `name-version` for each that can be had."""
    return {name: one.version for name, one in installed(text).items()}
