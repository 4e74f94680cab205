"""What of its sources file.recurse keeps."""

import posixpath
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Scope, SourceFolder
from zester_modules.resources.file.patterns import is_excluded
from zester_modules.words import Mode
from zester_proto.tree.folders import split_source
from zester_proto.tree.listing import folders_above, lost_links, parents


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Keep all files of a folder of the tree; `clean` removes what no state keeps."""

    name: Annotated[str, Meta(description="path of the folder")]
    source: Annotated[list[str], Meta(description="salt:// folder; the first that is there")]
    clean: Annotated[bool, Meta(description="remove what no state keeps there")] = False
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
    maxdepth: Annotated[int | None, Meta(description="how deep; 0 is the folder alone")] = None
    max_depth: Annotated[int | None, Meta(description="the same")] = None
    include_empty: Annotated[bool, Meta(description="folders that hold nothing, too")] = False
    keep_symlinks: Annotated[
        bool, Meta(description="links stay links; else what they name is copied")
    ] = False
    force_symlinks: Annotated[bool, Meta(description="what lies in a link's way goes")] = False
    merge: Annotated[
        bool, Meta(description="all sources together; of one path the first that has it")
    ] = False
    replace: Annotated[bool, Meta(description="false: existing files keep their contents")] = True
    backup: Annotated[bool | str, Meta(description="keep copies of what is replaced")] = False
    show_changes: Annotated[bool, Meta(description="show diffs")] = True


class Chosen(msgspec.Struct):
    """What is kept, by paths below the folder."""

    files: dict[str, str] = {}
    """Sources of files."""
    links: dict[str, str] = {}
    """Where links lead."""
    folders: set[str] = set()
    """All folders below it."""


def chosen(params: Params, scope: Scope) -> Chosen:
    """Give what of the sources is kept.

    Raises:
        HostProblem: no source is there, or a link stands for nothing.
    """
    made = Chosen()
    for source in _sources(params, scope):
        _add(made, source, params)
    return made


def _sources(params: Params, scope: Scope) -> list[SourceFolder]:
    found: list[SourceFolder] = []
    for folder in params.source:
        if split_source(folder) is None:
            raise HostProblem(
                f"{folder} is no folder of a tree",
                hint="write salt:// before it; file.copy takes a folder of this host",
            )
        there = scope.sources.below(folder)
        if there is not None:
            found.append(there)
            if not params.merge:
                break
    if not found:
        raise HostProblem(
            f"none of the sources is a folder of the tree: {', '.join(params.source)}",
            hint="cp.list_master_dirs shows which folders the tree has",
        )
    return found


def _add(made: Chosen, source: SourceFolder, params: Params) -> None:
    """Add a source below those that are there already: what they have wins."""
    stronger, below = {*made.files, *made.links}, set(made.folders)
    behind: Mapping[str, str] = {}
    links: dict[str, str] = {}
    if params.keep_symlinks:
        behind, links = source.links, _links(made, source, params)
    else:
        _refuse_lost(source, params)

    def is_free(path: str) -> bool:
        return not any(one in stronger for one in (path, *parents(path)))

    def stands(path: str) -> bool:
        """Say whether it is there by itself, and not because a link that is kept names it."""
        return is_free(path) and not any(one in behind for one in (path, *parents(path)))

    files = {
        path: one for path, one in source.files.items()
        if path not in below and stands(path) and _wants(path, params)
    }  # fmt: skip
    links = {path: one for path, one in links.items() if path not in below and is_free(path)}
    every = {*source.folders, *folders_above([*source.files, *source.folders, *source.links])}
    wanted = [one for one in every if stands(one) and _wants(one, params)]
    empty = wanted if params.include_empty else []
    if not params.include_empty:
        links = _leading(links, every - {*made.files, *made.folders, *made.links}, files)
    made.files |= files
    made.links |= links
    made.folders |= {*empty, *folders_above([*files, *links, *empty])}


def _wants(path: str, params: Params) -> bool:
    depth = params.max_depth if params.maxdepth is None else params.maxdepth
    return (
        not is_excluded(path, params.exclude_pat)
        and (not params.include_pat or is_excluded(path, params.include_pat))
        and (depth is None or path.count("/") <= depth)
    )


def _refuse_lost(source: SourceFolder, params: Params) -> None:
    lost = lost_links(source.links, source.files, source.folders)
    for path in lost:
        if _wants(path, params):
            raise HostProblem(
                f"the link {path} of the source leads to {source.links[path]}, "
                "which is nothing in the tree",
                hint="keep_symlinks: true copies links as they are; exclude_pat leaves it out",
            )


def _links(made: Chosen, source: SourceFolder, params: Params) -> dict[str, str]:
    """Give the links that are kept; what lies below a link is not looked at."""
    links = {
        path: target for path, target in source.links.items()
        if not any(one in source.links for one in parents(path)) and _wants(path, params)
    }  # fmt: skip
    holding = folders_above([*source.files])
    for path, target in list(links.items()):
        named = _named(path, target)
        turned = named in made.files if path in holding else named in made.folders
        if turned:
            del links[path]  # a stronger source has the other kind where it leads
    return links


def _leading(
    links: Mapping[str, str], folders: set[str], files: Mapping[str, str]
) -> dict[str, str]:
    """Leave out links to folders of the source that are not made, as Salt does."""
    folders = folders - folders_above([*files])
    kept = dict(links)
    while True:
        lost = folders - set(kept)
        gone = [path for path, target in kept.items() if _named(path, target) in lost]
        if not gone:
            return kept
        for path in gone:
            del kept[path]


def _named(path: str, target: str) -> str:
    """Give what a link names, as a path below the source."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
