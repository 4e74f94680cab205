"""file.touch: a file is there; when it is watched or has a time to have, its times are set."""

import posixpath
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.resource import Leaf, Plan, Resource, Scope
from zester_modules.resources.file.steps import SetTimes, Work, apply, joined, planned, whole
from zester_modules.resources.file.wanted import Look, Wanted, file_work


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Make an empty file where none is; an existing one is left alone unless a time is given."""

    name: Annotated[str, Meta(description="path of the file or folder")]
    mtime: Annotated[float | None, Meta(description="Unix time of its contents")] = None
    atime: Annotated[float | None, Meta(description="Unix time of the last look")] = None
    makedirs: Annotated[bool, Meta(description="make missing folders above it")] = False


def check(params: Params, scope: Scope) -> Plan:
    """Plan to make it, or to set its times."""
    path = whole(params.name)
    found = scope.machine.follow(path)
    works: list[Work] = []
    if found is None:
        works.append(
            file_work(Wanted(path=path, folders=Look() if params.makedirs else None), scope)
        )
    now = found.mtime if found is not None else None
    if params.mtime is not None and now != params.mtime:
        works.append(_times(path, now, params))
    return planned(joined(works))


def _times(path: str, before: float | None, params: Params) -> Work:
    leaf = Leaf(path=f"{path}:mtime", before=before, after=params.mtime or "now")
    return Work(leaves=(leaf,), steps=(SetTimes(path, params.mtime, params.atime),))


def react(params: Params, scope: Scope) -> Plan:
    """Plan to set the times, for something that it watches has changed."""
    path = posixpath.normpath(whole(params.name))
    found = scope.machine.follow(path)
    return planned(_times(path, found.mtime if found else None, params))


TOUCH: Final = Resource(
    name="file.touch", params=Params, reach="path", check=check, apply=apply, react=react
)
