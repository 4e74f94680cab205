"""file.managed: a file with its contents, permissions and owners."""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.file.accumulated import with_accumulators
from zester_modules.resources.file.sourced import (
    SIGNED,
    Found,
    first,
    looked_up,
    refuse_signatures,
    rendered,
    worded,
)
from zester_modules.resources.file.steps import apply, bytes_of, planned, whole
from zester_modules.resources.file.wanted import (
    Look,
    Wanted,
    file_work,
    folder_mode,
    look_of,
)
from zester_modules.words import Mode
from zester_proto.grains import grains_view


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Keep a file as it is described; without source and contents only its look is kept."""

    name: Annotated[str, Meta(description="path of the file")]
    source: Annotated[
        list[Any] | None, Meta(description="where contents come from; the first that is there")
    ] = None
    source_hash: Annotated[
        str, Meta(description="digest, alg=digest, or a file of digests; needed for http")
    ] = ""
    source_hash_name: Annotated[str, Meta(description="the name to look up in that file")] = ""
    skip_verify: Annotated[bool, Meta(description="take an http source unverified")] = False
    signature: Annotated[str, Meta(description="not checked here: the state fails")] = ""
    source_hash_sig: Annotated[str, Meta(description="the same")] = ""
    contents: Annotated[
        str | list[Any] | None, Meta(description="the contents; a list is lines")
    ] = None
    contents_pillar: Annotated[
        str | list[str] | None, Meta(description="the setting that holds them")
    ] = None
    contents_grains: Annotated[
        str | list[str] | None, Meta(description="the grain that holds them")
    ] = None
    contents_delimiter: Annotated[str, Meta(description="between parts of those names")] = ":"
    contents_newline: Annotated[bool, Meta(description="end contents with a line's end")] = True
    allow_empty: Annotated[bool, Meta(description="empty contents are meant")] = True
    template: Annotated[str, Meta(description="jinja renders contents first")] = ""
    context: Annotated[dict[str, Any] | None, Meta(description="names for the template")] = None
    defaults: Annotated[
        dict[str, Any] | None, Meta(description="names that context may override")
    ] = None
    user: Annotated[str, Meta(description="owner; left alone if not given")] = ""
    group: Annotated[str, Meta(description="group; left alone if not given")] = ""
    mode: Annotated[
        Mode | Literal["keep"] | None, Meta(description="permissions; keep: those of the source")
    ] = None
    dir_mode: Annotated[
        Mode | None, Meta(description="permissions of folders that makedirs makes")
    ] = None
    makedirs: Annotated[bool, Meta(description="make missing folders above it")] = False
    replace: Annotated[bool, Meta(description="false: an existing file keeps its contents")] = True
    create: Annotated[bool, Meta(description="false: a missing file stays missing")] = True
    backup: Annotated[
        bool | str, Meta(description="keep a copy of what is replaced, on this host")
    ] = False
    show_changes: Annotated[bool, Meta(description="show a diff")] = True
    show_diff: Annotated[bool, Meta(description="the same")] = True
    follow_symlinks: Annotated[bool, Meta(description="a link's target is meant")] = True
    encoding: Annotated[str, Meta(description="of the contents as they are written")] = ""
    check_cmd: Annotated[
        list[str] | None,
        Meta(description="commands that get the new file's path and must be content with it"),
    ] = None


def check(params: Params, scope: Scope) -> Plan:
    """Compare the file with what is wanted."""
    path = whole(params.name)
    refuse_signatures(params.signature, params.source_hash_sig)
    given = _given(params)
    found = scope.machine.follow(path) if not (params.create and params.replace) else None
    if found is None and not params.create:
        return Plan(comment="it is not there, and is not to be created")
    wanted = _contents(params, scope) if given else None
    keeps = found is not None and not params.replace
    mode = params.mode
    if mode == "keep":
        mode = wanted.mode if wanted else None
    look = look_of(scope, params.user, params.group, mode if isinstance(mode, int) else None)
    folders = Look(mode=folder_mode(params.dir_mode, look.mode), uid=look.uid, gid=look.gid)
    work = file_work(
        Wanted(
            path=path, data=wanted.data if wanted and not keeps else None, look=look,
            keep=bool(params.backup), show=params.show_changes and params.show_diff,
            follow=params.follow_symlinks, folders=folders if params.makedirs else None,
            checks=tuple(params.check_cmd or ()),
        ),
        scope,
    )  # fmt: skip
    return planned(work)


def _given(params: Params) -> str:
    """Give the one argument that says where contents come from.

    Raises:
        HostProblem: there are several.
    """
    named = {
        "source": params.source, "contents": params.contents,
        "contents_pillar": params.contents_pillar, "contents_grains": params.contents_grains,
    }  # fmt: skip
    given = [key for key, value in named.items() if value is not None and value != []]
    if len(given) > 1:
        raise HostProblem(
            f"{' and '.join(given)} cannot both say what is in it", hint="keep one of them"
        )
    return given[0] if given else ""


def _contents(params: Params, scope: Scope) -> Found:
    if params.source is not None:
        digest = "skip_verify" if params.skip_verify else params.source_hash
        found = first(params.source, scope, digest, params.source_hash_name)
        return _made(params, found, scope)
    if params.contents is not None:
        value: Any = params.contents
    elif params.contents_pillar is not None:
        delimiter = params.contents_delimiter
        value = looked_up(params.contents_pillar, scope.settings, delimiter, "setting")
    else:
        paths = params.contents_grains or ""
        value = looked_up(paths, grains_view(scope.facts), params.contents_delimiter, "grain")
    text = worded(value)
    if not text and not params.allow_empty:
        raise HostProblem("its contents are empty", hint="allow_empty: true, if that is meant")
    if params.contents_newline and text and not text.endswith("\n"):
        text += "\n"
    return _made(params, Found(data=bytes_of(text), source=params.name), scope)


def _made(params: Params, found: Found, scope: Scope) -> Found:
    """Give contents as they are written."""
    names = params.context
    if params.template:
        names = with_accumulators(names, params.name, scope)
    data = rendered(found, params.template, scope, names, params.defaults)
    return msgspec.structs.replace(found, data=_encoded(params, data))


def _encoded(params: Params, data: bytes) -> bytes:
    if not params.encoding:
        return data
    try:
        return data.decode().encode(params.encoding)
    except (LookupError, ValueError) as error:
        raise HostProblem(f"its contents cannot be written as {params.encoding}") from error


MANAGED: Final = Resource(
    name="file.managed", params=Params, reach="path", check=check, apply=apply,
    retires=(
        "keep_source", "encoding_errors", "use_etag", "win_owner", "win_perms", "win_deny_perms",
        "win_inheritance", "win_perms_reset",
        "verify_ssl", "keep_symlink", "new_file_diff", *SIGNED,
    ),
    lacks=("attrs", "selinux", "tmp_dir", "tmp_ext", "ignore_ordering", "ignore_whitespace",
           "ignore_comment_characters"),
)  # fmt: skip
