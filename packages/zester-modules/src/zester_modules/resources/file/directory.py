"""file.directory: a folder with permissions and owners, and what may be in it."""

import posixpath
from collections.abc import Iterator
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem, Stat
from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.file.cleaning import cleaned, kept_by_others
from zester_modules.resources.file.steps import (
    Remove,
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
    folder_instead,
    folders_work,
    look_of,
    look_work,
    new_folder,
    resolved,
)
from zester_modules.words import Mode


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Keep a folder; `recurse` keeps what is below it, `clean` removes what no state keeps."""

    name: Annotated[str, Meta(description="path of the folder")]
    user: Annotated[str, Meta(description="owner; left alone if not given")] = ""
    group: Annotated[str, Meta(description="group; left alone if not given")] = ""
    mode: Annotated[Mode | None, Meta(description="permissions of the folder")] = None
    dir_mode: Annotated[Mode | None, Meta(description="the same, and of folders below")] = None
    file_mode: Annotated[Mode | None, Meta(description="permissions of files below")] = None
    makedirs: Annotated[bool, Meta(description="make missing folders above it")] = False
    recurse: Annotated[
        list[str] | None,
        Meta(description="keep below, too: user, group, mode; ignore_files, ignore_dirs, silent"),
    ] = None
    max_depth: Annotated[int | None, Meta(description="how deep recurse goes")] = None
    clean: Annotated[bool, Meta(description="remove what no other state keeps there")] = False
    exclude_pat: Annotated[
        list[str] | None, Meta(description="globs, or E@regexes, of what clean leaves, too")
    ] = None
    follow_symlinks: Annotated[bool, Meta(description="a link to a folder is one")] = False
    force: Annotated[bool, Meta(description="what else lies there gives way")] = False
    backupname: Annotated[str, Meta(description="what else lies there is renamed to this")] = ""
    children_only: Annotated[bool, Meta(description="recurse leaves the folder itself")] = False
    allow_symlink: Annotated[bool, Meta(description="a link to a folder may stay")] = True


_RECURSE: Final = ("user", "group", "mode", "ignore_files", "ignore_dirs", "silent")


def check(params: Params, scope: Scope) -> Plan:
    """Compare the folder, and what is below, with what is wanted."""
    path = whole(params.name)
    wrong = [one for one in params.recurse or () if one not in _RECURSE]
    if wrong:
        raise HostProblem(f"recurse does not know {wrong[0]!r}", hint=", ".join(_RECURSE))
    mode = params.dir_mode if params.mode is None else params.mode
    look = look_of(scope, params.user, params.group, mode)
    place = resolved(scope, path) if params.allow_symlink or params.follow_symlinks else path
    found = scope.machine.stat(place)
    if found is not None and found.kind != "folder":
        return _in_the_way(params, path, found, look, scope)
    if found is None:
        folder = posixpath.dirname(place)
        above = folders_work(folder, look if params.makedirs else None, scope)
        return planned(joined((above, new_folder(place, look, scope))))
    works = [] if params.children_only else [look_work(place, found, look, scope)]
    if params.recurse:
        works += _below(params, place, look, scope, depth=1)
    if params.clean:
        works += cleaned(place, kept_by_others(path, place, scope), params.exclude_pat, scope)
    return planned(joined(works))


def _in_the_way(params: Params, path: str, found: Stat, look: Look, scope: Scope) -> Plan:
    from zester_modules.resources.file.steps import Rename  # noqa: PLC0415  # rare

    if not params.force and not params.backupname:
        raise HostProblem(f"{path} is a {found.kind}, not a folder", hint="force: true removes it")
    way: Step = Remove(path)
    if params.backupname:
        to = posixpath.join(posixpath.dirname(path), params.backupname)
        if scope.machine.stat(to) is not None:
            raise HostProblem(f"{to} is there already", hint="choose another backupname")
        way = Rename(path, to)
    return planned(folder_instead(path, found, way, look, scope))


def _below(params: Params, folder: str, look: Look, scope: Scope, depth: int) -> Iterator[Work]:
    """Compare what is below a folder; links are left alone."""
    if params.max_depth is not None and depth > params.max_depth:
        return
    wishes = params.recurse or []
    with_mode = "mode" in wishes
    for name in scope.machine.list(folder) or ():
        path = posixpath.join(folder, name)
        found = scope.machine.stat(path)
        if found is None or found.kind == "link":
            continue
        is_folder = found.kind == "folder"
        mode = (look.mode if is_folder else params.file_mode) if with_mode else None
        own = Look(
            mode=mode,
            uid=look.uid if "user" in wishes else None,
            gid=look.gid if "group" in wishes else None,
        )
        if ("ignore_dirs" if is_folder else "ignore_files") not in wishes:
            yield look_work(path, found, own, scope)
        if is_folder:
            yield from _below(params, path, look, scope, depth + 1)


def _paths(params: Params) -> tuple[str, ...]:
    return with_backup(params.name, params.backupname)


DIRECTORY: Final = Resource(
    name="file.directory", params=Params, paths=_paths, check=check, apply=apply,
    retires=("win_owner", "win_perms", "win_deny_perms", "win_inheritance", "win_perms_reset",
             "clean_parent"),
)  # fmt: skip
