"""Looking for files below a folder, by Salt's names."""

# ruff: noqa: D417  # the context is handed to every function alike

import fnmatch
import posixpath
import re
from collections.abc import Iterator
from typing import Final

from zester_modules.context import Context
from zester_modules.errors import BadArgument
from zester_modules.function import function
from zester_modules.functions.machines import machine_of
from zester_modules.host.machine import Machine, Stat
from zester_modules.regexes import compiled

_LETTERS: Final = {
    "f": "file", "d": "folder", "l": "link", "p": "fifo", "s": "socket", "c": "char", "b": "block",
}  # fmt: skip
LIMIT: Final = 100_000
"""Files that are looked at."""


@function("file.find", reads=True)
def find(
    context: Context,
    path: str,
    *,
    name: str = "",
    iname: str = "",
    regex: str = "",
    type: str = "",  # noqa: A002  # Salt's word
    mindepth: int = 0,
    maxdepth: int | None = None,
) -> list[str]:
    """Answer the paths below a folder that fit, links not followed.

    Args:
        path: of the folder, which counts too.
        name: a glob that the name at the end of a path has to match.
        iname: the same in any case.
        regex: an expression that the whole path has to match.
        type: letters of `find`, such as `f` or `df`.
        mindepth: how far below at the least.
        maxdepth: how far below at the most.
    """
    wrong = [one for one in type if one not in _LETTERS]
    if wrong:
        raise BadArgument(
            "file.find", "type", f"{wrong[0]!r} is none", expects="letters of fdlpscb"
        )
    kinds = {_LETTERS[one] for one in type}
    expression = compiled(regex, argument="regex")
    found: list[str] = []
    for depth, here, stat in _walk(machine_of(context), path, maxdepth):
        base = posixpath.basename(here)
        if (
            depth >= mindepth
            and (not kinds or stat.kind in kinds)
            and (not name or fnmatch.fnmatchcase(base, name))
            and (not iname or fnmatch.fnmatchcase(base.lower(), iname.lower()))
            and expression.search(here)
        ):
            found.append(here)
    return sorted(found)


def _walk(machine: Machine, top: str, maxdepth: int | None) -> Iterator[tuple[int, str, Stat]]:
    left = [(0, top.rstrip("/") or "/")]
    seen = 0
    while left and seen < LIMIT:
        depth, here = left.pop()
        stat = machine.stat(here)
        if stat is None:
            continue
        seen += 1
        yield depth, here, stat
        if stat.kind == "folder" and (maxdepth is None or depth < maxdepth):
            names = machine.list(here) or ()
            left += [(depth + 1, posixpath.join(here, one)) for one in names]


@function("file.path_exists_glob", reads=True)
def path_exists_glob(context: Context, path: str) -> bool:
    """Answer whether a path with `*`, `?` or `[` in it names anything.

    Args:
        path: the pattern.
    """
    machine = machine_of(context)
    here = ["/"] if path.startswith("/") else []
    for part in [one for one in path.split("/") if one]:
        nearer: list[str] = []
        for folder in here:
            names = [part] if not re.search(r"[*?\[]", part) else machine.list(folder) or []
            fit = [one for one in names if one == part or fnmatch.fnmatchcase(one, part)]
            nearer += [posixpath.join(folder, one) for one in fit]
        here = [one for one in nearer if machine.follow(one) is not None]
    return bool(here)


FIND, GLOB = find, path_exists_glob
