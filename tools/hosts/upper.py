"""What was written on a host: its upper layer, as it is and as it differs from before."""

import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

_KINDS: Final = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "link",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFBLK: "device",
    stat.S_IFCHR: "device",
}


class Entry(NamedTuple):
    """One path of an upper layer."""

    kind: str
    """file, directory, link, pipe, socket, device, or removed: what hides a path below."""
    mode: int
    uid: int
    gid: int
    digest: str
    """Of a file its contents' SHA-256, of a link its target."""
    changed: int
    """Nanoseconds since 1970 of its last change of any sort; nobody can set it back."""


Snapshot = dict[str, Entry]
"""Entries by absolute path on the host."""


def snapshot(upper: Path) -> Snapshot:
    """Read an upper layer."""
    found: Snapshot = {}
    _walk(str(upper), "", found)
    return found


def _walk(folder: str, name: str, found: Snapshot) -> None:
    with os.scandir(folder) as entries:
        for one in sorted(entries, key=lambda entry: entry.name):
            path = f"{name}/{one.name}"
            about = one.stat(follow_symlinks=False)
            found[path] = _entry(one.path, about)
            if stat.S_ISDIR(about.st_mode):
                _walk(one.path, path, found)


def _entry(path: str, about: os.stat_result) -> Entry:
    kind = _KINDS.get(stat.S_IFMT(about.st_mode), "unknown")
    digest = ""
    if kind == "file":
        with open(path, "rb") as file:  # noqa: PTH123  # scandir gives names, not paths
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    elif kind == "link":
        digest = os.readlink(path)  # noqa: PTH115  # as above
    elif stat.S_ISCHR(about.st_mode) and about.st_rdev == 0:
        kind = "removed"
    mode = stat.S_IMODE(about.st_mode)
    return Entry(kind, mode, about.st_uid, about.st_gid, digest, about.st_ctime_ns)


def differences(
    before: Mapping[str, Entry], after: Mapping[str, Entry], *, times: bool = True
) -> dict[str, str]:
    """Say which paths differ: "new", "changed" or "gone" from the upper layer.

    Args:
        before: one snapshot.
        after: a later one.
        times: a path also differs if it was written or touched and looks as it did; a folder, if
            something in it came and went. Without it only what can be seen counts.
    """
    said: dict[str, str] = {}
    for path in sorted({*before, *after}):
        old, new = before.get(path), after.get(path)
        if old is None:
            said[path] = "new"
        elif new is None:
            said[path] = "gone"
        elif old != new and (times or old[:-1] != new[:-1]):
            said[path] = "changed"
    return said
