"""Files of a tree by environment and path, wherever they lie."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Final

from zester_proto.errors import ZesterError
from zester_proto.tree.listing import folders_above
from zester_proto.tree.reference import SUFFIXES, Found, reference_of

_INIT: Final = "init"


class BadTree(ZesterError):
    """Raised when what is asked of a tree is there, and cannot be had; the text says why."""


class TreeFiles(ABC):
    """What a compile reads; what was listed is remembered for it."""

    def __init__(self) -> None:
        self._references: dict[str, dict[str, list[str]]] = {}

    @property
    @abstractmethod
    def environments(self) -> tuple[str, ...]:
        """The environments, `base` first."""

    @abstractmethod
    def has(self, env: str, path: str) -> bool:
        """Say whether there is a file; a path that climbs out names none."""

    @abstractmethod
    def read(self, env: str, path: str) -> bytes | None:
        """Give a file's bytes, or None where there is none."""

    @abstractmethod
    def paths(self, env: str) -> Iterable[str]:
        """Give the paths of all files of an environment, sorted."""

    def barred(self, env: str, path: str) -> str:
        """Say why what lies at a path is no file of the tree: `is a folder`; else nothing."""
        del env, path
        return ""

    def refuse_barred(self, env: str, path: str, shown: str = "") -> None:
        """Refuse what lies at a path and is no file of the tree.

        Args:
            env: the environment.
            path: in it; nothing need be there.
            shown: how it was asked for; else its path.

        Raises:
            BadTree: something is there.
        """
        if why := self.barred(env, path):
            hint = "a tree holds files, and links to such within their own root"
            if why.startswith("cannot "):
                hint = "who runs this has to be able to read all of the tree"
            raise BadTree(f"{shown or path} {why}", hint=hint)

    def empty_folders(self, env: str) -> Iterable[str]:
        """Give the folders that hold nothing, sorted; a tree that knows none gives none."""
        del env
        return ()

    def links(self, env: str) -> Mapping[str, str]:
        """Give the links by their paths, sorted, with where they lead; see `empty_folders`."""
        del env
        return {}

    def folders(self, env: str) -> list[str]:
        """Give all folders, as `cp.list_master_dirs` does."""
        empty = list(self.empty_folders(env))
        return sorted(folders_above([*self.paths(env), *empty, *self.links(env)]).union(empty))

    def references(self, env: str) -> dict[str, list[str]]:
        """Give what can be included, each with the files that it may mean."""
        known = self._references.get(env)
        if known is None:
            found: dict[str, list[str]] = {}
            for path in self.paths(env):
                if (reference := reference_of(path)) is not None:
                    found.setdefault(reference, []).append(path)
            known = self._references[env] = found
        return known

    def find(self, env: str, reference: str) -> Found | None:
        """Give the file of a reference, or None.

        `a.b` is `a/b.zy` or `a/b.sls`, else `a/b/init.zy` or `a/b/init.sls`.

        Raises:
            BadTree: both suffixes are there, or what is there is no file of the tree.
        """
        stem = reference.replace(".", "/")
        names = (stem, f"{stem}/{_INIT}")
        for name in names:
            there = [one for one in SUFFIXES if self.has(env, name + one)]
            if len(there) > 1:
                raise BadTree(
                    f"{name}{there[0]} and {name}{there[1]} are both there",
                    hint="keep one of them: nothing says which is meant",
                )
            if there:
                return Found(path=name + there[0], dialect=SUFFIXES[there[0]])
        for path in (name + suffix for name in names for suffix in SUFFIXES):
            self.refuse_barred(env, path)
        return None

    def top(self, env: str) -> Found | None:
        """Give the top file of an environment, or None.

        Raises:
            BadTree: as of `find`.
        """
        return self.find(env, "top") if not self.has(env, "top/init.sls") else None


class KeptTree(TreeFiles):
    """A tree that is held in memory.

    Args:
        files: environment to path to content.
    """

    def __init__(self, files: Mapping[str, Mapping[str, bytes]]) -> None:
        super().__init__()
        self.files = files

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments, `base` first."""
        return base_first(self.files)

    def has(self, env: str, path: str) -> bool:
        """Say whether there is a file."""
        return path in self.files.get(env, {})

    def read(self, env: str, path: str) -> bytes | None:
        """Give a file's bytes, or None where there is none."""
        return self.files.get(env, {}).get(path)

    def paths(self, env: str) -> Iterable[str]:
        """Give the paths of all files of an environment, sorted."""
        return sorted(self.files.get(env, {}))


def base_first(environments: Iterable[str]) -> tuple[str, ...]:
    """Give environments in the order in which they are looked at."""
    return tuple(sorted(environments, key=lambda env: (env != "base", env)))
