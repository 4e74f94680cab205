"""file.recurse: a folder holds what a folder of the tree holds."""

import posixpath
from typing import Final

import msgspec

from zester_modules.host.machine import HostProblem, Stat
from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.file.accumulated import with_accumulators
from zester_modules.resources.file.cleaning import cleaned, kept_at, kept_by_others
from zester_modules.resources.file.recursed import Params, chosen
from zester_modules.resources.file.sourced import fetched, rendered
from zester_modules.resources.file.steps import Remove, Step, Work, apply, joined, planned, whole
from zester_modules.resources.file.symlink import link_work
from zester_modules.resources.file.wanted import (
    FOLDER_MODE,
    Look,
    Wanted,
    file_work,
    folder_instead,
    folders_work,
    look_of,
    look_work,
    new_folder,
)
from zester_modules.resources.sources import missing


def check(params: Params, scope: Scope) -> Plan:
    """Compare every file, folder and link with its source."""
    top = whole(params.name)
    found = chosen(params, scope)
    mode = params.file_mode if isinstance(params.file_mode, int) else None
    look = look_of(scope, params.user, params.group, mode)
    folder_look = Look(mode=params.dir_mode, uid=look.uid, gid=look.gid)
    works = [folders_work(posixpath.dirname(top), folder_look, scope)]
    works += [_folder(params, one, folder_look, scope) for one in ("", *sorted(found.folders))]
    for path, source in sorted(found.files.items()):
        works.append(_file(params, posixpath.join(top, path), source, look, scope))
    for path, target in sorted(found.links.items()):
        works.append(_link(params, posixpath.join(top, path), target, look, scope))
    if params.clean:
        kept = kept_at("", [*found.files, *found.links], found.folders)
        kept = kept.and_also(kept_by_others(top, top, scope))
        works += cleaned(top, kept, params.exclude_pat, scope)
    return planned(joined(works))


def _folder(params: Params, inner: str, look: Look, scope: Scope) -> Work:
    path = posixpath.join(whole(params.name), inner).rstrip("/") or "/"
    found = scope.machine.follow(path)
    usual = FOLDER_MODE if look.mode is None else look.mode
    new = msgspec.structs.replace(look, mode=usual)
    if found is None:
        return new_folder(path, new, scope)
    if found.kind == "folder":
        return look_work(path, found, look, scope)
    if not params.clean or not inner:
        raise HostProblem(f"{path} is a {found.kind}, not a folder", hint="remove it first")
    return folder_instead(path, found, Remove(path), new, scope)


def _link(params: Params, path: str, target: str, look: Look, scope: Scope) -> Work:
    way = _way(params, path, scope.machine.stat(path))
    return link_work(path, target, look, scope, way=way)


def _way(params: Params, path: str, found: Stat | None) -> tuple[Step, ...]:
    if found is None or found.kind == "link":
        return ()
    if not params.force_symlinks:
        raise HostProblem(
            f"{path} is a {found.kind}, not a link", hint="force_symlinks: true replaces it"
        )
    return (Remove(path),)


def _file(params: Params, path: str, source: str, look: Look, scope: Scope) -> Work:
    found = fetched(source, scope)
    if found is None:
        raise missing(source)
    if params.file_mode == "keep":
        look = msgspec.structs.replace(look, mode=found.mode)
    names = params.context
    if params.template:
        names = with_accumulators(names, path, scope)
    data = rendered(found, params.template, scope, names, params.defaults)
    keeps = not params.replace and scope.machine.follow(path) is not None
    want = Wanted(
        path=path, data=None if keeps else data, look=look, keep=bool(params.backup),
        show=params.show_changes, above=False, follow=False,
        force=params.clean and params.replace,
    )  # fmt: skip
    return file_work(want, scope)


RECURSE: Final = Resource(
    name="file.recurse", params=Params, reach="path", check=check, apply=apply,
    # a link has no permissions of its own here
    retires=("require", "keep_source", "sym_mode", "win_owner", "win_perms", "win_deny_perms",
             "win_inheritance"),
)  # fmt: skip
