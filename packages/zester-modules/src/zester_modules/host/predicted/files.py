"""The files of a predicted machine: an overlay of entries by path, over the real ones."""

import errno
import os
import posixpath
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from zester_modules.host.machine import FileKind, HostProblem, Machine, Stat, Unknowable
from zester_modules.host.predicted.history import History
from zester_modules.host.predicted.reach import what_joins, what_lies_at

LINKS: Final = 40
"""Symbolic links that are followed on the way to one path, as the kernel does."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What lies at one path, or that nothing does.

    Attributes:
        stamp: when it came; 0 for what is on the real machine.
        data: contents of a file that are not those of `origin`.
        origin: the path on the real machine where the contents or what lies below come from; None
            for what is new.
        because: of a mystery: who may have changed it.
    """

    kind: FileKind | Literal["gone", "mystery"]
    stamp: int = 0
    mode: int = 0
    uid: int = 0
    gid: int = 0
    data: bytes | None = None
    origin: str | None = None
    target: str = ""
    size: int = 0
    mtime: float = 0.0
    device: tuple[int, int] = (0, 0)
    because: tuple[str, ...] = ()


class Files:
    """The overlay.

    Args:
        real: the machine below.
        history: who acts.
    """

    def __init__(self, real: Machine, history: History) -> None:
        self._real = real
        self._history = history
        self._entries: dict[str, Entry] = {}
        self._touched: set[str] | None = None

    # -- to look -----------------------------------------------------------------------------------

    def stat(self, path: str, *, follow: bool) -> Stat | None:
        """Give what lies at a path."""
        place = self._resolve(path, follow=follow)
        entry = None if place is None else self._at(place)
        if entry is None:
            return None
        kind: FileKind = entry.kind  # pyright: ignore[reportAssignmentType]  # _at gives no others
        return Stat(
            kind=kind, mode=entry.mode, uid=entry.uid, gid=entry.gid, size=entry.size,
            target=entry.target, device=entry.device, mtime=entry.mtime,
        )  # fmt: skip

    def read(self, path: str, limit: int | None) -> bytes | None:
        """Give a file's contents, links followed."""
        place = self._resolve(path, follow=True)
        entry = None if place is None else self._at(place)
        if entry is None:
            return None
        if entry.kind != "file":
            raise _problem(f"cannot read {path}", errno.EISDIR)
        if entry.data is not None:
            return entry.data if limit is None else entry.data[:limit]
        return self._real.read(entry.origin or path, limit=limit)

    def list(self, path: str) -> list[str] | None:
        """Give the names in a folder.

        Raises:
            Unknowable: there may be more by now.
        """
        place = self._resolve(path, follow=True)
        entry = None if place is None else self._at(place)
        if entry is None or place is None:
            return None
        if entry.kind != "folder":
            return None
        self._history.missing(entry.stamp, what_joins(place))
        names = set(self._real.list(entry.origin) or ()) if entry.origin is not None else set[str]()
        below = place.rstrip("/") + "/"
        for other, one in self._entries.items():
            if not other.startswith(below) or "/" in other[len(below) :]:
                continue
            name = other[len(below) :]
            if one.kind == "mystery":
                raise Unknowable(one.because)
            if one.kind == "gone":
                names.discard(name)
            else:
                names.add(name)
        return sorted(names)

    # -- to change ---------------------------------------------------------------------------------

    def write(self, path: str, data: bytes, *, mode: int, uid: int, gid: int) -> None:
        """Make or replace a file."""
        place, before = self._replaceable(path)
        self._refuse_folder(path, before)
        self._put(place, Entry(
            kind="file", mode=mode, uid=uid, gid=gid, data=data, size=len(data),
        ))  # fmt: skip

    def make_folder(self, path: str, *, mode: int, uid: int, gid: int) -> None:
        """Make a folder."""
        place, before = self._replaceable(path)
        if before is not None:
            raise _problem(f"cannot make the folder {path}", errno.EEXIST)
        self._put(place, Entry(kind="folder", mode=mode, uid=uid, gid=gid))

    def make_link(self, path: str, target: str, *, uid: int, gid: int) -> None:
        """Make or replace a link."""
        place, before = self._replaceable(path)
        self._refuse_folder(path, before)
        self._put(place, Entry(
            kind="link", mode=0o777, uid=uid, gid=gid, target=target, size=len(os.fsencode(target)),
        ))  # fmt: skip

    def rename(self, path: str, to: str) -> None:
        """Rename, with all that lies below."""
        source, entry = self._existing(path, f"cannot rename {path}")
        place, before = self._replaceable(to)
        if place == source:
            return
        if entry.kind == "folder":
            self._refuse_bad_move(path, to, source, place, before)
        else:
            self._refuse_folder(to, before)
        stamp = self._history.change()
        self._forget_below(place)
        for other in [one for one in self._entries if one.startswith(source + "/")]:
            self._set(place + other[len(source) :], self._entries[other])
            self._set(other, None)
        self._set(place, msgspec.structs.replace(entry, stamp=stamp))
        self._set(source, Entry(kind="gone", stamp=stamp))

    def remove(self, path: str) -> None:
        """Remove a file, a link, or a folder and all below."""
        place, _ = self._existing(path, f"cannot remove {path}")
        if place == "/":
            raise _problem("cannot remove /", errno.EBUSY)
        self._forget_below(place)
        self._put(place, Entry(kind="gone"))

    def set_mode(self, path: str, mode: int) -> None:
        """Set the permission bits; of what a link names."""
        place, entry = self._existing(path, f"cannot set the mode of {path}", follow=True)
        self._put(place, msgspec.structs.replace(entry, mode=mode), keep=True)

    def set_owner(self, path: str, uid: int, gid: int) -> None:
        """Set owner and group; the kernel takes setuid and setgid from a file by that."""
        place, entry = self._existing(path, f"cannot set the owner of {path}")
        self._put(place, msgspec.structs.replace(entry, uid=uid, gid=gid), keep=True)

    def set_times(self, path: str, mtime: float | None) -> None:
        """Set the time of contents; now is when nobody knows."""
        place, entry = self._existing(path, f"cannot set the times of {path}", follow=True)
        self._put(place, msgspec.structs.replace(entry, mtime=mtime or 0.0), keep=True)

    def set_contents(self, path: str, data: bytes | None) -> None:
        """Take over a known effect of a command: new contents, or None for a file that goes."""
        try:
            place = self._resolve(path, follow=True) or path
            before = self._at(place)
        except Unknowable:
            place, before = path, None
        if data is None:
            self._put(place, Entry(kind="gone"))
        elif before is not None and before.kind == "file":
            new = msgspec.structs.replace(before, data=data, size=len(data), mtime=0.0)
            self._put(place, new, keep=True)
        else:
            self._put(place, Entry(kind="file", mode=0o644, data=data, size=len(data)))

    def is_new(self, paths: tuple[str, ...]) -> bool:
        """Say whether one of the paths was written or made by a state, or may have been."""
        for path in paths:
            entry = self._entries.get(path)
            above, _ = self._above(path)
            if (entry is not None and entry.kind != "gone") or (
                entry is None and above is not None and above.kind == "mystery"
            ):
                return True
        return False

    def is_changed_below(self, folders: tuple[str, ...]) -> bool:
        """Say whether a state has changed something below one of the folders."""
        below = tuple(f"{folder}/" for folder in folders)
        return any(path.startswith(below) for path in self._entries)

    def hide(self, path: str) -> None:
        """Take it that the actor changes what lies at a path, and nobody knows how.

        Folders above it that are missing may be made for it.
        """
        try:
            place = self._resolve(path, follow=True) or path
        except Unknowable:
            place = path
        while (above := posixpath.dirname(place)) != place and self._is_missing(above):
            place = above
        self._forget_below(place)
        self._put(place, Entry(kind="mystery", because=(self._history.actor,)))

    def lose(self, paths: Sequence[str]) -> None:
        """Take it that the actor may remove these, and folders of them that hold no others.

        What lies deeper in such a folder may go as well: packages remove what they made later.
        """
        places = {place for path in paths if (place := self._place(path)) is not None}
        for place in places:
            found = self._real.stat(place)
            if found is not None and (found.kind != "folder" or self._inner(place) <= places):
                self._forget_below(place)
                self._put(place, Entry(kind="mystery", because=(self._history.actor,)))

    def _place(self, path: str) -> str | None:
        try:
            return self._resolve(path, follow=False)
        except Unknowable:
            return path

    def _inner(self, folder: str) -> set[str]:
        """Give the paths of all that lies or lay in a folder."""
        inner = {f"{folder}/{name}" for name in self._real.list(folder) or ()}
        return inner | {one for one in self._entries if posixpath.dirname(one) == folder}

    # -- doubt -------------------------------------------------------------------------------------

    def begin_doubt(self) -> None:
        """Remember from now on which paths are touched."""
        self._touched = set()

    def end_doubt(self, because: tuple[str, ...]) -> None:
        """Make a mystery of every path that was touched since."""
        touched, self._touched = self._touched or set[str](), None
        for path in touched:
            self._forget_below(path)
            self._entries[path] = Entry(kind="mystery", because=because)

    # -- inside ------------------------------------------------------------------------------------

    def _at(self, path: str) -> Entry | None:
        """Give what lies at a path whose folders hold no links."""
        entry = self._entries.get(path)
        if entry is not None:
            return self._known(path, entry)
        above, name = self._above(path)
        origin, stamp = path, 0
        if above is not None:
            known = self._known(path, above)
            if known is None or known.kind != "folder":
                return None
            stamp = known.stamp
            if known.origin is None:
                self._history.missing(stamp, what_lies_at(path))
                return None
            origin = posixpath.join(known.origin, name)
            stamp = 0
        found = self._real.stat(origin)
        if found is None:
            self._history.missing(stamp, what_lies_at(path))
            return None
        return Entry(
            kind=found.kind, mode=found.mode, uid=found.uid, gid=found.gid, origin=origin,
            target=found.target, size=found.size, device=found.device, mtime=found.mtime,
        )  # fmt: skip

    def _known(self, path: str, entry: Entry) -> Entry | None:
        """Give an entry, which is that of a path or of a folder above it."""
        if entry.kind == "mystery":
            raise Unknowable(entry.because)
        if entry.kind == "gone":
            self._history.missing(entry.stamp, what_lies_at(path))
            return None
        return entry

    def _above(self, path: str) -> tuple[Entry | None, str]:
        """Give the nearest entry above, and the rest of the path from there."""
        if not self._entries:
            return None, ""
        above = path
        while above != "/":
            above = above.rpartition("/")[0] or "/"
            entry = self._entries.get(above)
            if entry is not None:
                return entry, path[len(above.rstrip("/")) + 1 :]
        return None, ""

    def _resolve(self, path: str, *, follow: bool) -> str | None:
        """Give the path with all links of its folders followed; None if a folder is missing."""
        left = [part for part in path.split("/") if part not in {"", "."}]
        done: str = ""
        budget = LINKS
        while left:
            part = left.pop(0)
            if part == "..":
                done = posixpath.dirname(done) if done else ""
                done = "" if done == "/" else done
                continue
            here = f"{done}/{part}"
            if not left and not follow:
                return here
            entry = self._at(here)
            if entry is not None and entry.kind == "link":
                budget -= 1
                if budget < 0:
                    raise _problem(f"cannot follow {path}", errno.ELOOP)
                left = [one for one in entry.target.split("/") if one not in {"", "."}] + left
                done = "" if entry.target.startswith("/") else done
                continue
            if left and (entry is None or entry.kind != "folder"):
                return None
            done = here
        return done or "/"

    def _replaceable(self, path: str) -> tuple[str, Entry | None]:
        """Give where something is to be put, and what lies there; its folder must be there."""
        if posixpath.normpath(path) == "/":
            raise _problem(f"cannot replace {path}", errno.EBUSY)
        folder, name = posixpath.split(path.rstrip("/"))
        try:
            above = self._resolve(folder or "/", follow=True)
            entry = None if above is None else self._folder(above)
        except Unknowable:
            # it may be there by then; if not, apply will say so
            return posixpath.normpath(path), None
        if above is None or entry is None:
            raise _problem(f"cannot write {path}: its folder", errno.ENOENT)
        if entry.kind != "folder":
            raise _problem(f"cannot write {path}: its folder", errno.ENOTDIR)
        place = f"{above.rstrip('/')}/{name}"
        try:
            return place, self._at(place)
        except Unknowable:
            return place, None

    def _folder(self, place: str) -> Entry | None:
        return Entry(kind="folder", origin="/") if place == "/" else self._at(place)

    def _existing(self, path: str, what: str, *, follow: bool = False) -> tuple[str, Entry]:
        place = self._resolve(path, follow=follow)
        entry = None if place is None else self._at(place)
        if place is None or entry is None:
            raise _problem(what, errno.ENOENT)
        return place, entry

    @staticmethod
    def _refuse_folder(path: str, before: Entry | None) -> None:
        if before is not None and before.kind == "folder":
            raise _problem(f"cannot replace {path}", errno.EISDIR)

    def _refuse_bad_move(
        self, path: str, to: str, source: str, place: str, before: Entry | None
    ) -> None:
        if place.startswith(source + "/"):
            raise _problem(f"cannot rename {path} to {to}", errno.EINVAL)
        if before is not None and before.kind != "folder":
            raise _problem(f"cannot rename {path} to {to}", errno.ENOTDIR)
        if before is not None and self.list(place):
            raise _problem(f"cannot rename {path} to {to}", errno.ENOTEMPTY)

    def _is_missing(self, path: str) -> bool:
        try:
            return self._at(path) is None
        except Unknowable:
            return False

    def _forget_below(self, place: str) -> None:
        for other in [one for one in self._entries if one.startswith(place + "/")]:
            self._set(other, None)

    def _put(self, place: str, entry: Entry, *, keep: bool = False) -> None:
        stamp = self._history.change()
        self._set(place, entry if keep else msgspec.structs.replace(entry, stamp=stamp))

    def _set(self, place: str, entry: Entry | None) -> None:
        if self._touched is not None:
            self._touched.add(place)
        if entry is None:
            self._entries.pop(place, None)
        else:
            self._entries[place] = entry


def _problem(what: str, number: int) -> HostProblem:
    return HostProblem(f"{what}: {os.strerror(number)}", hint="look at that path on the host")
