"""What lies below the roots of a tree: files, folders that hold nothing, and links.

A link to a file or folder of its own root stands for what it names, so that a tree is read as Salt
reads it, and is listed as a link besides (`file.recurse` can keep it one). A link that leads out
of its root or to nothing is listed as a link alone: nobody looks where it leads.
"""

import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

DEEP: Final = 4
"""Links to folders that are followed within each other; with no end they could multiply."""


class Entry(NamedTuple):
    """One thing that lies below a root."""

    path: str
    """Below the root, with `/`."""
    kind: Literal["file", "folder", "link"]
    """Folders are told where they hold nothing. What a link names is told after it."""
    target: str = ""
    """Where a link leads, as it says it."""


class Listing(NamedTuple):
    """What the roots of one environment hold; the first root that has a path wins."""

    files: dict[str, Path]
    """Paths of files, sorted, and the root that each lies below."""
    folders: tuple[str, ...]
    """Folders that hold nothing, sorted."""
    links: dict[str, str]
    """Paths of links, sorted, and where they lead."""


def listing(
    roots: Sequence[Path],
    wrong: Callable[[OSError], object] = lambda _error: None,
    *,
    without: tuple[str, ...] = (),
) -> Listing:
    """List what roots hold; hidden files and folders are passed over.

    Args:
        roots: the strongest first.
        wrong: hears of what cannot be looked at.
        without: ends of names that are passed over.
    """
    files: dict[str, Path] = {}
    folders: set[str] = set()
    links: dict[str, str] = {}
    for root in roots:
        above = folders_above([*files, *folders, *links]) | folders
        over = frozenset(files)
        for path, kind, target in walk(root, wrong, without=without):
            if over and (path in over or any(one in over for one in parents(path))):
                continue
            if kind == "folder":
                folders.add(path)
            elif kind == "link" and path not in above:
                links.setdefault(path, target)
            elif kind == "file" and path not in above:
                files.setdefault(path, root)
    held = folders_above([*files, *folders])
    empty = tuple(sorted(one for one in folders if one not in held))
    return Listing(dict(sorted(files.items())), empty, dict(sorted(links.items())))


def walk(
    root: Path,
    wrong: Callable[[OSError], object] = lambda _error: None,
    *,
    without: tuple[str, ...] = (),
) -> Iterator[Entry]:
    """Give all that lies below a root, sorted in each folder; see `listing`."""
    top = os.fspath(root)
    real = os.path.realpath(top)
    yield from _Walk(real, wrong, without).below(top, "", (real,), DEEP)


def parents(path: str) -> Iterator[str]:
    """Give the folders above a path, the nearest first."""
    while path := path.rpartition("/")[0]:
        yield path


def folders_above(paths: Sequence[str]) -> set[str]:
    """Give all folders above some paths."""
    found: set[str] = set()
    for path in paths:
        for one in parents(path):
            if one in found:
                break
            found.add(one)
    return found


def lost_links(
    links: Iterable[str], files: Collection[str], folders: Collection[str]
) -> tuple[str, ...]:
    """Give the links that stand for nothing in their tree: they lead out of it, or nowhere.

    Args:
        links: their paths, of one listing.
        files: the paths of files.
        folders: those of folders that hold nothing.
    """
    found = tuple(one for one in links if one not in files and one not in folders)
    held = folders_above([*files, *folders]) if found else set[str]()
    return tuple(one for one in found if one not in held)


class _Walk:
    def __init__(
        self, root: str, wrong: Callable[[OSError], object], without: tuple[str, ...]
    ) -> None:
        self._root = root
        self._wrong = wrong
        self._without = without

    def below(self, folder: str, inner: str, above: tuple[str, ...], links: int) -> Iterator[Entry]:
        """Give what lies in a folder.

        Args:
            folder: where it lies.
            inner: its path in the tree, with a slash at its end.
            above: where it and the folders above it lie once links are followed.
            links: how many links to folders may still be followed.
        """
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda one: one.name)
        except OSError as error:
            self._wrong(error)
            return
        for one in entries:
            path = inner + one.name
            if one.name.startswith(".") or one.name.endswith(self._without):
                continue
            if one.is_symlink():
                yield from self._link(one.path, path, above, links)
            elif one.is_dir(follow_symlinks=False):
                yield from self._folder(one.path, path, (*above, f"{above[-1]}/{one.name}"), links)
            elif one.is_file(follow_symlinks=False):
                yield Entry(path, "file")

    def _folder(
        self, folder: str, path: str, above: tuple[str, ...], links: int
    ) -> Iterator[Entry]:
        empty = True
        for entry in self.below(folder, f"{path}/", above, links):
            empty = False
            yield entry
        if empty:
            yield Entry(path, "folder")

    def _link(self, place: str, path: str, above: tuple[str, ...], links: int) -> Iterator[Entry]:
        try:
            yield Entry(path, "link", os.readlink(place))  # noqa: PTH115  # compared as text
        except OSError as error:
            self._wrong(error)
            return
        try:
            real = os.path.realpath(place, strict=True)
            mode = os.stat(real).st_mode  # noqa: PTH116  # the same
        except OSError:
            return  # it leads to nothing, or in a circle
        if not real.startswith(self._root.rstrip("/") + "/"):
            return
        if stat.S_ISREG(mode):
            yield Entry(path, "file")
        elif stat.S_ISDIR(mode) and links and real not in above:
            yield from self._folder(place, path, (*above, real), links - 1)
