"""file.copy: a copy of a file or folder of this host."""

import posixpath
from collections.abc import Iterator
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem, Stat
from zester_modules.resource import Leaf, Plan, Resource, Scope
from zester_modules.resources.file.steps import Link, Work, apply, joined, planned, whole
from zester_modules.resources.file.wanted import (
    Look,
    Wanted,
    file_work,
    folders_work,
    look_of,
    look_work,
    new_folder,
)
from zester_modules.words import Mode


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Copy what is not there; with `force`, keep it the same as its source."""

    name: Annotated[str, Meta(description="path of the copy")]
    source: Annotated[str, Meta(description="what is copied, on this host")]
    force: Annotated[bool, Meta(description="an existing copy is made the same")] = False
    preserve: Annotated[bool, Meta(description="take over permissions and owners")] = False
    makedirs: Annotated[bool, Meta(description="make missing folders above it")] = False
    subdir: Annotated[bool, Meta(description="if the name is a folder, copy into it")] = False
    user: Annotated[str, Meta(description="owner of the copy")] = ""
    group: Annotated[str, Meta(description="group of the copy")] = ""
    mode: Annotated[Mode | None, Meta(description="permissions of the copy")] = None
    dir_mode: Annotated[
        Mode | None, Meta(description="permissions of folders that makedirs makes")
    ] = None


def check(params: Params, scope: Scope) -> Plan:
    """Compare the copy with its source."""
    source, path = whole(params.source), whole(params.name)
    found = scope.machine.follow(source)
    if found is None:
        raise HostProblem(
            f"there is no source {source}",
            hint="it is a path of this host; what comes from the tree is for file.managed",
        )
    there = scope.machine.follow(path)
    if params.subdir and there is not None and there.kind == "folder":
        path = posixpath.join(path, posixpath.basename(source))
        there = scope.machine.follow(path)
    if there is not None and not params.force:
        return Plan(comment="it is there, and stays as it is")
    if path == source or path.startswith(f"{source}/"):
        raise HostProblem(f"{path} lies in what is to be copied")
    own = look_of(scope, params.user, params.group, params.mode)
    made = Look(mode=params.dir_mode) if params.makedirs else None
    above = folders_work(posixpath.dirname(path), made, scope)
    return planned(joined((above, *_copies(params, (source, path), found, own, scope))))


def _copies(
    params: Params, way: tuple[str, str], found: Stat, own: Look, scope: Scope
) -> Iterator[Work]:
    source, path = way
    look = own
    if params.preserve:
        look = Look(
            mode=found.mode if own.mode is None else own.mode,
            uid=found.uid if own.uid is None else own.uid,
            gid=found.gid if own.gid is None else own.gid,
        )
    if found.kind == "file":
        data = scope.machine.read(source) or b""
        if look.mode is None and scope.machine.stat(path) is None:
            look = msgspec.structs.replace(look, mode=found.mode & 0o777)
        yield file_work(Wanted(path=path, data=data, look=look, above=False), scope)
        return
    if found.kind != "folder":
        raise HostProblem(f"{source} is a {found.kind}, which is not copied")
    there = scope.machine.stat(path)
    if there is not None and there.kind != "folder":
        raise HostProblem(f"{path} is a {there.kind}, and the source is a folder")
    folder_look = look if params.preserve else msgspec.structs.replace(look, mode=None)
    yield (
        new_folder(path, folder_look, scope)
        if there is None
        else look_work(path, there, folder_look, scope)
    )
    for name in scope.machine.list(source) or ():
        inner, target = posixpath.join(source, name), posixpath.join(path, name)
        one = scope.machine.stat(inner)
        if one is None:
            continue
        if one.kind == "link":
            yield from _link(one, target, scope)
        else:
            yield from _copies(params, (inner, target), one, own, scope)


def _link(one: Stat, target: str, scope: Scope) -> Iterator[Work]:
    there = scope.machine.stat(target)
    if there is None or there.target != one.target:
        leaf = Leaf(path=target, before=there.kind if there else None, after="link")
        yield Work(leaves=(leaf,), steps=(Link(target, one.target, one.uid, one.gid),))


COPY: Final = Resource(name="file.copy", params=Params, reach="path", check=check, apply=apply)
