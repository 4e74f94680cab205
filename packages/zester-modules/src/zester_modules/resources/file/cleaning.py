"""What `clean` removes from a folder: all that no state of the run keeps there.

Salt keeps what the states that are required manage, and has others write their files anew in each
run, or lose them. Here all states of the run count.
"""

import posixpath
from collections.abc import Iterable, Iterator

import msgspec

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Leaf, OtherState, Scope
from zester_modules.resources.file.patterns import is_excluded
from zester_modules.resources.file.recursed import Params, chosen
from zester_modules.resources.file.steps import Remove, Work
from zester_proto.tree.listing import folders_above


class Kept(msgspec.Struct, frozen=True):
    """What stays, by paths below the folder."""

    alone: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()
    """What stays with all that is below it."""
    folders: frozenset[str] = frozenset()
    """Folders that stay, but not what else is in them."""

    def and_also(self, other: "Kept") -> "Kept":
        """Give both together."""
        return Kept(
            self.alone | other.alone, self.whole | other.whole, self.folders | other.folders
        )


def kept_by_others(folder: str, place: str, scope: Scope) -> Kept:
    """Give what the other states of the run keep below a folder.

    Args:
        folder: its path.
        place: where it lies, if the path is a link to it.
        scope: what is seen.

    Raises:
        HostProblem: another state copies a source into it that is not there.
    """
    found = Kept()
    for other in scope.others():
        for top in dict.fromkeys((folder, place)):
            found = found.and_also(_kept_by(other, top, scope))
    return found


def _kept_by(other: OtherState, folder: str, scope: Scope) -> Kept:
    if isinstance(other.params, Params):
        inner = _below(other.params.name, folder)
        if inner is not None:
            return _copied(other.params, inner, scope)
    below = {_below(path, folder) for path in other.paths}
    whole = frozenset(one for one in below if one)
    return Kept(whole=whole, folders=frozenset(folders_above([*whole])))


def _copied(params: Params, inner: str, scope: Scope) -> Kept:
    """Give what file.recurse keeps; what it does not, its own `clean` or another's may remove."""
    try:
        found = chosen(params, scope)
    except HostProblem:
        if not inner:
            raise
        return Kept(whole=frozenset({inner}), folders=frozenset(folders_above([inner])))
    return kept_at(inner, [*found.files, *found.links], found.folders)


def kept_at(inner: str, files: Iterable[str], folders: Iterable[str]) -> Kept:
    """Give what stays of files and folders, that lie below a folder within the folder."""
    alone = [posixpath.join(inner, one) for one in files]
    held = [posixpath.join(inner, one) for one in folders]
    own = [inner] if inner else []
    above = folders_above([*alone, *held, *own])
    return Kept(alone=frozenset(alone), folders=frozenset({*held, *own, *above}))


def _below(path: str, folder: str) -> str | None:
    """Give a path below a folder, "" for the folder itself; None where it lies elsewhere."""
    path = posixpath.normpath(path) if path.startswith("/") else ""
    if path == folder:
        return ""
    start = folder.rstrip("/") + "/"
    return path[len(start) :] if path.startswith(start) else None


def cleaned(
    folder: str, kept: Kept, exclude_pat: list[str] | None, scope: Scope, inner: str = ""
) -> Iterator[Work]:
    """Give what has to go; a folder that holds something to keep stays."""
    for name in scope.machine.list(folder) or ():
        path, relative = posixpath.join(folder, name), inner + name
        found = scope.machine.stat(path)
        if found is None or relative in kept.whole or is_excluded(relative, exclude_pat):
            continue
        if relative in kept.folders or (
            found.kind == "folder" and _holds_excluded(path, f"{relative}/", exclude_pat, scope)
        ):
            if found.kind == "folder":
                yield from cleaned(path, kept, exclude_pat, scope, f"{relative}/")
        elif relative not in kept.alone:
            yield Work(leaves=(Leaf(path=path, before=found.kind),), steps=(Remove(path),))


def _holds_excluded(folder: str, inner: str, exclude_pat: list[str] | None, scope: Scope) -> bool:
    if not exclude_pat:
        return False
    for name in scope.machine.list(folder) or ():
        path = posixpath.join(folder, name)
        if is_excluded(inner + name, exclude_pat):
            return True
        found = scope.machine.stat(path)
        is_folder = found is not None and found.kind == "folder"
        if is_folder and _holds_excluded(path, f"{inner}{name}/", exclude_pat, scope):
            return True
    return False
