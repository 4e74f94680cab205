"""What becomes of /etc/passwd and /etc/group when accounts come, change and go.

Tools of accounts put a new line at the end, change one in its place, and leave all others alone.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from zester_modules.host.machine import GroupEntry, UserEntry

PASSWD: Final = "/etc/passwd"  # noqa: S105  # a file
GROUP: Final = "/etc/group"
UNTOLD: Final = (
    "/etc/shadow", "/etc/gshadow", "/etc/subuid", "/etc/subgid", "/etc/passwd-", "/etc/group-",
    "/etc/shadow-", "/etc/gshadow-", "/etc/subuid-", "/etc/subgid-",
)  # fmt: skip
"""Files that change as well, nobody knows how before: salts, days, and what the tools keep."""

V = TypeVar("V", UserEntry, GroupEntry)


def changed_users(data: bytes, users: Mapping[str, UserEntry | None]) -> bytes:
    """Give /etc/passwd as it would be; None takes a user away."""
    return _with(data, users, _user)


def changed_groups(data: bytes, groups: Mapping[str, GroupEntry | None]) -> bytes:
    """Give /etc/group as it would be."""
    return _with(data, groups, _group)


def _with(
    data: bytes, entries: Mapping[str, V | None], line: Callable[[V, list[str]], str]
) -> bytes:
    rows = data.decode("utf-8", "surrogateescape").splitlines()
    left = dict(entries)
    made: list[str] = []
    for row in rows:
        fields = row.split(":")
        if fields[0] not in left:
            made.append(row)
            continue
        entry = left.pop(fields[0])
        made += [] if entry is None else [line(entry, fields)]
    made += [line(entry, []) for entry in left.values() if entry is not None]
    return "".join(f"{row}\n" for row in made).encode("utf-8", "surrogateescape")


def _user(entry: UserEntry, fields: list[str]) -> str:
    rest = (entry.uid, entry.gid, entry.gecos, entry.home, entry.shell)
    return ":".join((entry.name, _hidden(fields), *map(str, rest)))


def _group(entry: GroupEntry, fields: list[str]) -> str:
    return ":".join((entry.name, _hidden(fields), str(entry.gid), ",".join(entry.members)))


def _hidden(fields: list[str]) -> str:
    """Give what stands in place of a password; it lies in shadow."""
    return fields[1] if len(fields) > 1 else "x"
