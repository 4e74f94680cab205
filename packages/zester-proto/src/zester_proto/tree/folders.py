"""The files of a tree: per environment an ordered list of roots; the first that has a path wins."""

import errno
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from zester_proto.render.nodes import Dialect
from zester_proto.tree.files import TreeFiles, base_first
from zester_proto.tree.listing import Listing, listing, walk
from zester_proto.tree.reference import SUFFIXES

SCHEMES: Final = ("salt://", "zester://")


class Hidden(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is not seen because a root before its own has the same path."""

    path: str
    root: Path
    by: Path


class Tree(TreeFiles):
    """The roots of all environments; what was listed is remembered for one compile.

    Args:
        roots: environment to its roots, the strongest first.
    """

    def __init__(self, roots: Mapping[str, Sequence[Path]]) -> None:
        super().__init__()
        self.roots = {env: tuple(paths) for env, paths in roots.items()}
        self._real = {root: _real(root) for paths in self.roots.values() for root in paths}
        self._listed: dict[str, Listing] = {}

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments, `base` first."""
        return base_first(self.roots)

    def has(self, env: str, path: str) -> bool:
        """Say whether there is a file; a path that climbs out names none."""
        return self.locate(env, path) is not None

    def paths(self, env: str) -> Iterable[str]:
        """Give the paths of all files of an environment, sorted."""
        return self.files(env)

    def locate(self, env: str, path: str) -> Path | None:
        """Give where a file of the tree lies, or None; a path that climbs out names nothing."""
        parts = path.split("/")
        if not path or any(part in {"", ".", ".."} for part in parts) or "\0" in path:
            return None
        for root in self.roots.get(env, ()):
            found = root / path
            if _is_file_within(found, self._real[root]):
                return found
        return None

    def barred(self, env: str, path: str) -> str:
        """Say why what lies at a path is no file of the tree: `is a folder`; else nothing."""
        parts = path.removesuffix("/").split("/")
        if ".." in parts:
            return "climbs out of the tree"
        if "" in parts or "." in parts or "\0" in path:
            return ""
        every = (_why_barred(one, path, self._real[one]) for one in self.roots.get(env, ()))
        if found := next((why for why in every if why), ""):
            return found
        # of a published tree no link lies on the disk
        target = self.links(env).get(path)
        return f"is a link that leaves the tree, to {target}" if target else ""

    def obtain(self, env: str, path: str) -> Path | None:
        """Give where a file lies, or None; a tree whose files come from afar fetches it first."""
        return self.locate(env, path)

    def read(self, env: str, path: str) -> bytes | None:
        """Give a file's bytes, or None where no root has it."""
        found = self.locate(env, path)
        try:
            return None if found is None else found.read_bytes()
        except OSError:
            return None

    def files(self, env: str) -> dict[str, Path]:
        """Give all files of an environment by their paths, sorted; hidden ones are left out."""
        return self.listed(env).files

    def empty_folders(self, env: str) -> Iterable[str]:
        """Give the folders that hold nothing, sorted."""
        return self.listed(env).folders

    def links(self, env: str) -> Mapping[str, str]:
        """Give the links by their paths, sorted, with where they lead."""
        return self.listed(env).links

    def listed(self, env: str) -> Listing:
        """Give all that lies in an environment's roots."""
        known = self._listed.get(env)
        if known is None:
            known = self._listed[env] = listing(self.roots.get(env, ()))
        return known

    def hidden(self, env: str) -> list[Hidden]:
        """Give the files that a root before theirs hides."""
        seen = self.files(env)
        return [
            Hidden(path=one.path, root=root, by=seen[one.path])
            for root in self.roots.get(env, ())
            for one in sorted(walk(root))
            if one.kind == "file" and seen.get(one.path, root) != root
        ]


def split_source(source: str) -> tuple[str, str] | None:
    """Give path and environment of a `salt://` or `zester://` source; None for any other."""
    for scheme in SCHEMES:
        if source.startswith(scheme):
            path, _, query = source.removeprefix(scheme).partition("?")
            env = next((part[8:] for part in query.split("&") if part.startswith("saltenv=")), "")
            return path.lstrip("|"), env
    return None


def dialect_of(path: str, default: Dialect) -> Dialect:
    """Give the dialect that a file's suffix says."""
    for suffix, dialect in SUFFIXES.items():
        if path.endswith(suffix):
            return dialect
    return default


def _real(root: Path) -> str:
    return os.path.realpath(root)


def _is_file_within(path: Path, root: str) -> bool:
    """Say whether a regular file lies there, and no link on the way leads out of the root."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        real = os.path.realpath(path)
    except (OSError, ValueError):
        return False
    return _is_below(real, root)


def _why_barred(root: Path, path: str, real: str) -> str:
    """Say why what lies at a path cannot be read as a file of the tree; else nothing."""
    here = root / path
    way = [root, *(root / one for one in reversed(Path(path).parents[:-1])), here]
    try:
        for one in way[1:]:
            target = os.path.realpath(one)
            if one.is_symlink() and not _is_below(target, real):
                behind = f"lies behind the link {one.relative_to(root)}"
                return f"{'is a link' if one == here else behind} that leaves the tree, to {target}"
        mode = here.stat().st_mode
        if not stat.S_ISREG(mode):
            return "is a folder" if stat.S_ISDIR(mode) else "is no regular file"
    except FileNotFoundError:
        return f"is a link to nothing: {here.readlink()}" if here.is_symlink() else ""
    except NotADirectoryError:
        return ""
    except OSError as error:
        return f"cannot be looked at: {error.strerror}"
    return "" if os.access(here, os.R_OK) else f"cannot be read: {os.strerror(errno.EACCES)}"


def _is_below(path: str, root: str) -> bool:
    return path.startswith(root.rstrip("/") + "/")
