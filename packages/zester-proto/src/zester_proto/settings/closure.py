"""All files that a peel may read for what a top file names for it, and the secrets in them."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from zester_proto.render.nodes import Place, Problem
from zester_proto.settings.analysis import Analysis, Reach, analyse
from zester_proto.tree.files import BadTree, TreeFiles
from zester_proto.tree.reference import is_glob, matching
from zester_proto.units import did_you_mean

_Key = tuple[str, str]


class Closure(msgspec.Struct, frozen=True, kw_only=True):
    """What one line of a top file leads to."""

    files: tuple[tuple[str, str], ...]
    """Environment and path, sorted."""
    secrets: dict[str, Place]
    """Names of the secrets in them, and where each is named."""
    problems: tuple[Problem, ...]


_NONE: Final = Closure(files=(), secrets={}, problems=())


class Closures:
    """The closures of one tree; each file is looked at once.

    Attributes:
        looked: how many files were looked at for it.

    Args:
        tree: the files.
        before: those of a tree in which most files are the same, which are not looked at again.
    """

    def __init__(self, tree: TreeFiles, before: "Closures | None" = None) -> None:
        self.looked = 0
        self._tree = tree
        self._analyses = before.same_in(tree) if before is not None else {}
        self._paths: dict[str, list[str]] = {}
        self._known: dict[_Key, Closure] = {}

    def of(self, env: str, reference: str) -> Closure:
        """Give the closure of a reference, or of all files that a pattern of references means."""
        known = self._known.get((env, reference))
        if known is None:
            known = self._known[env, reference] = self._closure(env, reference)
        return known

    def analysis(self, env: str, path: str) -> Analysis:
        """Give what the text of a file says."""
        known = self._analyses.get((env, path))
        if known is None:
            data = self._tree.read(env, path)
            if data is None:
                return Analysis()
            self.looked += 1
            known = self._analyses[env, path] = analyse(env, path, data)
        return known

    def same_in(self, tree: TreeFiles) -> dict[_Key, Analysis]:
        """Give what the texts of files say that another tree has, too."""
        mine = self._tree
        return {
            file: analysis
            for file, analysis in self._analyses.items()
            if mine.read(*file) == tree.read(*file)
        }

    def _closure(self, env: str, reference: str) -> Closure:
        problems: list[Problem] = []
        waiting = self._files(env, reference, problems)
        seen: dict[str, None] = {}
        secrets: dict[str, Place] = {}
        while waiting:
            path = waiting.pop()
            if path in seen:
                continue
            seen[path] = None
            analysis = self.analysis(env, path)
            problems += analysis.problems
            for name, place in analysis.secrets.items():
                secrets.setdefault(name, place)
            for reach in analysis.reaches:
                waiting += self._reached(env, reach, problems)
        if not seen and not problems:
            return _NONE
        files = tuple(sorted((env, path) for path in seen))
        return Closure(files=files, secrets=secrets, problems=tuple(dict.fromkeys(problems)))

    def _reached(self, env: str, reach: Reach, problems: list[Problem]) -> Iterable[str]:
        if reach.include:
            found = self._files(env, reach.pattern, problems)
            if not found and not is_glob(reach.pattern):
                message = f"there is no settings file {reach.pattern!r} in the environment {env!r}"
                hint = did_you_mean(reach.pattern, self._tree.references(env))
                problems.append(Problem(message=message, place=reach.place, hint=hint))
            return found
        if "*" not in reach.pattern:
            return [reach.pattern] if self._tree.has(env, reach.pattern) else []
        paths = self._paths.get(env)
        if paths is None:
            paths = self._paths[env] = list(self._tree.paths(env))
        return [path for path in paths if fnmatchcase(path, reach.pattern)]

    def _files(self, env: str, reference: str, problems: list[Problem]) -> list[str]:
        references = (
            matching(reference, self._tree.references(env)) if is_glob(reference) else [reference]
        )
        found: list[str] = []
        for one in references:
            try:
                there = self._tree.find(env, one)
            except BadTree as error:
                problems.append(Problem(message=error.message, hint=error.hint))
                continue
            if there is not None:
                found.append(there.path)
        return found
