"""file.symlink: a symbolic link and where it leads."""

import posixpath
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem, Stat
from zester_modules.resource import Leaf, Plan, Resource, Scope
from zester_modules.resources.file.steps import (
    Link,
    Remove,
    Rename,
    Step,
    Work,
    apply,
    joined,
    planned,
    whole,
    with_backup,
)
from zester_modules.resources.file.wanted import (
    Look,
    folders_work,
    fresh,
    look_of,
    look_work,
    new_leaves,
)
from zester_modules.words import Mode


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Keep a link; what is in its way goes only with `force` or `backupname`."""

    name: Annotated[str, Meta(description="path of the link")]
    target: Annotated[str, Meta(description="where it leads")]
    force: Annotated[bool, Meta(description="what else lies there gives way")] = False
    backupname: Annotated[str, Meta(description="what else lies there is renamed to this")] = ""
    makedirs: Annotated[bool, Meta(description="make missing folders above it")] = False
    user: Annotated[str, Meta(description="owner of the link")] = ""
    group: Annotated[str, Meta(description="group of the link")] = ""
    mode: Annotated[Mode | None, Meta(description="permissions of folders made")] = None
    follow_symlinks: Annotated[
        bool, Meta(description="a link that leads to the same place will do")
    ] = True


def check(params: Params, scope: Scope) -> Plan:
    """Compare the link with what is wanted."""
    path = whole(params.name)
    if not params.target:
        raise HostProblem("a link needs a target")
    look = look_of(scope, params.user, params.group, None)
    found = scope.machine.stat(path)
    if found is not None and found.kind == "link":
        return planned(link_work(path, params.target, look, scope))
    folder = posixpath.dirname(path)
    made = look_of(scope, params.user, params.group, params.mode) if params.makedirs else None
    above = folders_work(folder, made, scope)
    way = _way(params, path, found, scope)
    return planned(joined((above, link_work(path, params.target, look, scope, way=way))))


def link_work(
    path: str, target: str, look: Look, scope: Scope, *, way: tuple[Step, ...] = ()
) -> Work:
    """Give what has to be done for a link.

    Args:
        path: of the link.
        target: where it has to lead.
        look: its owners.
        scope: what is seen.
        way: takes away what lies there and is no link.
    """
    found = scope.machine.stat(path)
    _, uid, gid = fresh(look, path, 0o777, scope)
    if found is not None and found.kind == "link":
        if found.target == target:
            return look_work(path, found, look, scope)
        uid = found.uid if look.uid is None else uid
        gid = found.gid if look.gid is None else gid
        leaf = Leaf(path=f"{path}:target", before=found.target, after=target)
        looks = look_work(path, found, look, scope).leaves
        return Work(leaves=(leaf, *looks), steps=(Link(path, target, uid, gid),))
    leaves = (
        Leaf(path=path, before=found.kind if found else None, after="link"),
        Leaf(path=f"{path}:target", after=target),
        *new_leaves(path, 0o777, uid, gid, scope)[1:],
    )
    return Work(leaves=leaves, steps=(*way, Link(path, target, uid, gid)))


def _way(params: Params, path: str, found: Stat | None, scope: Scope) -> tuple[Step, ...]:
    if found is None:
        return ()
    if params.backupname:
        to = posixpath.join(posixpath.dirname(path), params.backupname)
        if scope.machine.stat(to) is not None and not params.force:
            raise HostProblem(f"{to} is there already", hint="choose another backupname")
        return (Rename(path, to),)
    if not params.force:
        raise HostProblem(f"{path} is a {found.kind}, not a link", hint="force: true replaces it")
    return (Remove(path),)


def _paths(params: Params) -> tuple[str, ...]:
    return with_backup(params.name, params.backupname)


SYMLINK: Final = Resource(
    name="file.symlink", params=Params, paths=_paths, check=check, apply=apply,
    retires=("win_owner", "win_perms", "win_deny_perms", "win_inheritance", "atomic",
             "disallow_copy_and_unlink", "inherit_user_and_group"),
)  # fmt: skip
