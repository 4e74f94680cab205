"""The host's rules for new accounts: login.defs and useradd's defaults, and ids that are free.

Ids are chosen here and handed to the tools, so that a plan can name them.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from zester_modules.host.machine import HostProblem, Machine

_LINE: Final = re.compile(r"^\s*([A-Z_]+)(?:\s+|=)(.*?)\s*$")
_RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "UID": (1000, 60000), "GID": (1000, 60000), "SYS_UID": (100, 999), "SYS_GID": (100, 999),
}  # fmt: skip
_YES: Final = "yes"


class Rules(msgspec.Struct, frozen=True):
    """Words of `/etc/login.defs` and `/etc/default/useradd` by their names."""

    words: Mapping[str, str]

    def number(self, name: str, default: int) -> int:
        """Give a number; octal and hexadecimal are written as in C."""
        text = self.words.get(name, "")
        try:
            if re.fullmatch(r"0[0-7]+", text):
                return int(text, 8)
            return int(text, 0)
        except ValueError:
            return default

    @property
    def own_groups(self) -> bool:
        """Say whether a new user gets a group of its own."""
        return self.words.get("USERGROUPS_ENAB", _YES).lower() == _YES

    @property
    def home_mode(self) -> int:
        """Give the mode of a new home."""
        umask = self.number("UMASK", 0o022)
        return self.number("HOME_MODE", 0o777 & ~umask) & 0o7777

    def range(self, kind: str, *, system: bool) -> tuple[int, int]:
        """Give the lowest and highest id of new accounts; `kind` is UID or GID."""
        name = f"SYS_{kind}" if system else kind
        low, high = _RANGES[name]
        if system:
            high = self.number(f"{kind}_MIN", 1000) - 1
        return self.number(f"{name}_MIN", low), self.number(f"{name}_MAX", high)


def rules(machine: Machine) -> Rules:
    """Read the host's rules; what is not there has the tools' own defaults."""
    words: dict[str, str] = {}
    for path in ("/etc/default/useradd", "/etc/login.defs"):
        for line in (machine.read(path) or b"").decode("utf-8", "replace").splitlines():
            if found := _LINE.match(line):
                words[found[1]] = found[2].strip("\"'")
    return Rules(words)


def free_id(span: tuple[int, int], taken: Collection[int], *, system: bool) -> int:
    """Give an id that nobody has.

    People's ids go up from the highest, so that none is given a second time while there are
    others: files of an account that is gone may still be about. Those of systems go down.

    Args:
        span: the lowest and the highest.
        taken: all ids in use.
        system: of a system account.

    Raises:
        HostProblem: all are taken.
    """
    low, high = span
    used = {one for one in taken if low <= one <= high}
    if not system and (not used or max(used) < high):
        return max(used) + 1 if used else low
    ids = range(high, low - 1, -1) if system else range(low, high + 1)
    for one in ids:
        if one not in used:
            return one
    raise HostProblem(
        f"no id from {low} to {high} is free", hint="give one, or widen the range in login.defs"
    )
