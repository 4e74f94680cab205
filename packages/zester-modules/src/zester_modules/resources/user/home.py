"""The home of a user: made with what lies in /etc/skel, or found."""

import posixpath
from typing import Final

from zester_modules.accounts.login_defs import rules
from zester_modules.host.machine import Machine, UserEntry

SKELETON: Final = "/etc/skel"
NOWHERE: Final = ("/nonexistent", "/dev/null", "/")


def is_missing(entry: UserEntry, machine: Machine) -> bool:
    """Say whether a home has to be made; Debian's `/nonexistent` is meant to be missing."""
    if entry.home in NOWHERE:
        return False
    return machine.follow(entry.home) is None


def make_home(entry: UserEntry, machine: Machine, *, skeleton: bool) -> None:
    """Make a home, and the folders above it where they are missing.

    Done here and not by useradd, so that a predicted machine knows each file.
    """
    above = posixpath.dirname(entry.home)
    missing: list[str] = []
    while machine.follow(above) is None:
        missing.append(above)
        above = posixpath.dirname(above)
    for folder in reversed(missing):
        machine.make_folder(folder, mode=0o755, uid=0, gid=0)
    mode = rules(machine).home_mode
    machine.make_folder(entry.home, mode=mode, uid=entry.uid, gid=entry.gid)
    if skeleton and machine.follow(SKELETON) is not None:
        _copy(SKELETON, entry.home, entry, machine)


def _copy(source: str, target: str, entry: UserEntry, machine: Machine) -> None:
    owner = {"uid": entry.uid, "gid": entry.gid}
    for name in machine.list(source) or ():
        one, to = f"{source}/{name}", f"{target}/{name}"
        found = machine.stat(one)
        if found is None:
            continue
        if found.kind == "folder":
            machine.make_folder(to, mode=found.mode, **owner)
            _copy(one, to, entry, machine)
        elif found.kind == "link":
            machine.make_link(to, found.target, **owner)
        elif found.kind == "file":
            machine.write(to, machine.read(one) or b"", mode=found.mode, **owner)


def move_home(before: UserEntry, after: UserEntry, machine: Machine) -> None:
    """Take the old home along, where there is one and nothing lies at the new place."""
    if machine.stat(before.home) is not None and machine.stat(after.home) is None:
        machine.rename(before.home, after.home)
