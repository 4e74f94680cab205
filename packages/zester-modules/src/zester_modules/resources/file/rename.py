"""file.rename: a file or folder has another name."""

import posixpath
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Leaf, Plan, Resource, Scope
from zester_modules.resources.file.steps import (
    Remove,
    Rename,
    Step,
    Work,
    apply,
    joined,
    planned,
    whole,
)
from zester_modules.resources.file.wanted import Look, folders_work


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Rename what lies at `source`, if it is there."""

    name: Annotated[str, Meta(description="the new path")]
    source: Annotated[str, Meta(description="the old path")]
    force: Annotated[bool, Meta(description="what lies at the new path gives way")] = False
    makedirs: Annotated[bool, Meta(description="make missing folders above it")] = False


def check(params: Params, scope: Scope) -> Plan:
    """Plan to rename it, unless it is gone already."""
    path, source = whole(params.name), whole(params.source)
    found = scope.machine.stat(source)
    if found is None:
        if scope.machine.stat(path) is None:
            raise HostProblem(f"there is neither {source} nor {path}")
        return Plan(comment="it has its name already")
    there = scope.machine.stat(path)
    if there is not None and not params.force:
        return Plan(
            comment=f"{path} is there already and stays, and so does {source}",
            warnings=(f"nothing is renamed: {path} is there; force: true replaces it",),
        )
    above = folders_work(posixpath.dirname(path), Look() if params.makedirs else None, scope)
    way: tuple[Step, ...] = (Remove(path),) if there is not None else ()
    leaves = (
        Leaf(path=path, before=there.kind if there else None, after=found.kind),
        Leaf(path=source, before=found.kind),
    )
    return planned(
        joined((above, Work(leaves=leaves, steps=(*way, Rename(source, path))))),
        f"renamed from {source}",
    )


def _paths(params: Params) -> tuple[str, str]:
    return params.source, params.name


RENAME: Final = Resource(name="file.rename", params=Params, paths=_paths, check=check, apply=apply)
