"""Which package manager a machine has."""

import importlib
from typing import Final

from zester_modules.host.machine import HostProblem, Packages
from zester_modules.host.packages.manager import Hands

_MANAGERS: Final = (
    ("apt-get", "apt", "Apt"),
    ("dnf", "dnf", "Dnf"),
    ("zypper", "zypper", "Zypper"),
    ("pacman", "pacman", "Pacman"),
    ("apk", "apk", "Apk"),
)
"""Program, module and class; the first whose program is there."""


def detect(hands: Hands) -> Packages:
    """Give the package manager of a machine.

    Raises:
        HostProblem: it has none that we know.
    """
    for program, module, name in _MANAGERS:
        if hands.which(program):
            found: Packages = getattr(importlib.import_module(f"{__package__}.{module}"), name)(
                hands
            )
            return found
    programs = ", ".join(program for program, _, _ in _MANAGERS)
    raise HostProblem("no package manager of this host is known", hint=f"one of: {programs}")
