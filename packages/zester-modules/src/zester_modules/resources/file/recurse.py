"""file.recurse: a folder holds what a folder of the tree holds."""

import posixpath
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Leaf, Plan, Resource, Scope
from zester_modules.resources.file.directory import is_excluded
from zester_modules.resources.file.sourced import fetched, rendered
from zester_modules.resources.file.steps import Remove, Work, apply, joined, planned, whole
from zester_modules.resources.file.wanted import (
    FOLDER_MODE,
    Look,
    Wanted,
    file_work,
    folders_work,
    look_of,
    look_work,
    new_folder,
)
from zester_modules.resources.sources import missing
from zester_modules.words import Mode
from zester_proto.tree.folders import split_source


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Keep all files of a folder of the tree; `clean` removes all others."""

    name: Annotated[str, Meta(description="path of the folder")]
    source: Annotated[list[str], Meta(description="salt:// folder; the first that holds files")]
    clean: Annotated[bool, Meta(description="remove what the source does not hold")] = False
    user: Annotated[str, Meta(description="owner of all")] = ""
    group: Annotated[str, Meta(description="group of all")] = ""
    dir_mode: Annotated[Mode | None, Meta(description="permissions of folders")] = None
    file_mode: Annotated[
        Mode | Literal["keep"] | None, Meta(description="permissions of files; keep: the source's")
    ] = None
    template: Annotated[str, Meta(description="jinja renders every file first")] = ""
    context: Annotated[dict[str, Any] | None, Meta(description="names for the template")] = None
    defaults: Annotated[
        dict[str, Any] | None, Meta(description="names that context may override")
    ] = None
    include_pat: Annotated[
        list[str] | None, Meta(description="globs, or E@regexes, of files that are taken")
    ] = None
    exclude_pat: Annotated[
        list[str] | None, Meta(description="the same, of what is neither taken nor cleaned")
    ] = None
    max_depth: Annotated[int | None, Meta(description="how deep; 0 is the folder alone")] = None
    replace: Annotated[bool, Meta(description="false: existing files keep their contents")] = True
    backup: Annotated[bool | str, Meta(description="keep copies of what is replaced")] = False
    show_changes: Annotated[bool, Meta(description="show diffs")] = True


def check(params: Params, scope: Scope) -> Plan:
    """Compare every file with its source."""
    top = whole(params.name)
    files = {
        path: source
        for path, source in _files(params, scope).items()
        if not is_excluded(path, params.exclude_pat)
        and (not params.include_pat or is_excluded(path, params.include_pat))
        and (params.max_depth is None or path.count("/") <= params.max_depth)
    }
    mode = params.file_mode if isinstance(params.file_mode, int) else None
    look = look_of(scope, params.user, params.group, mode)
    folder_look = Look(mode=params.dir_mode, uid=look.uid, gid=look.gid)
    folders = sorted({one for path in files for one in _above(path)})
    works = [folders_work(posixpath.dirname(top), folder_look, scope)]
    works += [_folder(posixpath.join(top, one).rstrip("/"), folder_look, scope)
              for one in ("", *folders)]  # fmt: skip
    for path, source in sorted(files.items()):
        works.append(_file(params, posixpath.join(top, path), source, look, scope))
    if params.clean:
        works += _cleaned(params, top, "", {*files, *folders}, scope)
    return planned(joined(works))


def _files(params: Params, scope: Scope) -> dict[str, str]:
    """Give the sources by their paths below the folder."""
    for folder in params.source:
        split = split_source(folder)
        if split is None:
            raise HostProblem(
                f"{folder} is no folder of a tree",
                hint="write salt:// before it; file.copy takes a folder of this host",
            )
        prefix = split[0].strip("/")
        found = scope.sources.find(folder)
        if found:
            cut = len(prefix) + 1 if prefix else 0
            return {(split_source(one) or (one, ""))[0][cut:]: one for one in found}
    raise HostProblem(
        f"no file of the tree lies below {' or '.join(params.source)}",
        hint="cp.list_master_dirs shows which folders the tree has; empty ones are not part of it",
    )


def _above(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path


def _folder(path: str, look: Look, scope: Scope) -> Work:
    found = scope.machine.follow(path)
    if found is None:
        usual = FOLDER_MODE if look.mode is None else look.mode
        return new_folder(path, msgspec.structs.replace(look, mode=usual), scope)
    if found.kind != "folder":
        raise HostProblem(f"{path} is a {found.kind}, not a folder", hint="remove it first")
    return look_work(path, found, look, scope)


def _file(params: Params, path: str, source: str, look: Look, scope: Scope) -> Work:
    found = fetched(source, scope)
    if found is None:
        raise missing(source)
    if params.file_mode == "keep":
        look = msgspec.structs.replace(look, mode=found.mode)
    data = rendered(found, params.template, scope, params.context, params.defaults)
    keeps = not params.replace and scope.machine.follow(path) is not None
    want = Wanted(
        path=path, data=None if keeps else data, look=look, keep=bool(params.backup),
        show=params.show_changes, above=False, follow=False,
    )  # fmt: skip
    return file_work(want, scope)


def _cleaned(
    params: Params, folder: str, inner: str, kept: set[str], scope: Scope
) -> Iterator[Work]:
    for name in scope.machine.list(folder) or ():
        path, relative = posixpath.join(folder, name), inner + name
        found = scope.machine.stat(path)
        if found is None or is_excluded(relative, params.exclude_pat):
            continue
        if found.kind == "folder" and relative in kept:
            yield from _cleaned(params, path, f"{relative}/", kept, scope)
        elif relative not in kept:
            yield Work(leaves=(Leaf(path=path, before=found.kind),), steps=(Remove(path),))


RECURSE: Final = Resource(
    name="file.recurse", params=Params, reach="path", check=check, apply=apply,
    retires=("require", "keep_source", "win_owner", "win_perms", "win_deny_perms",
             "win_inheritance"),
    # a published tree holds files alone: no folder that is empty, and links are what they name
    lacks=("sym_mode", "include_empty", "keep_symlinks", "force_symlinks"),
)  # fmt: skip
