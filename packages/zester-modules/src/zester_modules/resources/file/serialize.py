"""file.serialize: data, written as a file of a format."""

import io
import json
import pprint
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from zester_modules.functions.slsutil import as_text, bare
from zester_modules.host.machine import HostProblem
from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.file.steps import apply, bytes_of, planned, text_of, whole
from zester_modules.resources.file.wanted import (
    Look,
    Wanted,
    file_work,
    folder_mode,
    look_of,
)
from zester_modules.words import Mode, Value
from zester_proto.render.merge_values import merge_values

FORMATS: Final = ("yaml", "json", "configparser", "python", "msgpack", "plist")


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Keep a file that holds data, given here or in settings."""

    name: Annotated[str, Meta(description="path of the file")]
    dataset: Annotated[Value, Meta(description="the data")] = None
    dataset_pillar: Annotated[str, Meta(description="the setting that holds it")] = ""
    serializer: Annotated[str, Meta(description="the format; yaml if none is named")] = ""
    formatter: Annotated[str, Meta(description="the same")] = ""
    serializer_opts: Annotated[
        dict[str, Any] | None, Meta(description="options of the writer, such as indent")
    ] = None
    merge_if_exists: Annotated[bool, Meta(description="lay it over what the file holds")] = False
    user: Annotated[str, Meta(description="owner; left alone if not given")] = ""
    group: Annotated[str, Meta(description="group; left alone if not given")] = ""
    mode: Annotated[Mode | None, Meta(description="permissions")] = None
    dir_mode: Annotated[Mode | None, Meta(description="permissions of folders made")] = None
    makedirs: Annotated[bool, Meta(description="make missing folders above it")] = False
    create: Annotated[bool, Meta(description="false: a missing file stays missing")] = True
    backup: Annotated[bool | str, Meta(description="keep a copy of what is replaced")] = False
    show_changes: Annotated[bool, Meta(description="show a diff")] = True
    encoding: Annotated[str, Meta(description="of the file")] = "utf-8"
    check_cmd: Annotated[
        list[str] | None,
        Meta(description="commands that get the new file's path and must be content with it"),
    ] = None


def check(params: Params, scope: Scope) -> Plan:
    """Compare the file with the data, written."""
    path = whole(params.name)
    if (params.dataset is None) == (not params.dataset_pillar):
        raise HostProblem("either dataset or dataset_pillar says what is in it")
    there = scope.machine.read(path) if params.merge_if_exists or not params.create else None
    if there is None and not params.create:
        return Plan(comment="it is not there, and is not to be created")
    style = params.serializer or params.formatter or "yaml"
    data = _data(params, scope)
    if there is not None and params.merge_if_exists:
        data = merge_values(_read(style, there, path), data, "recurse")
    look = look_of(scope, params.user, params.group, params.mode)
    folders = Look(mode=folder_mode(params.dir_mode, look.mode), uid=look.uid, gid=look.gid)
    want = Wanted(
        path=path, data=written(style, data, params.serializer_opts or {}, params.encoding),
        look=look, keep=bool(params.backup), show=params.show_changes,
        folders=folders if params.makedirs else None, checks=tuple(params.check_cmd or ()),
    )  # fmt: skip
    return planned(file_work(want, scope))


def _data(params: Params, scope: Scope) -> Any:
    if params.dataset is not None:
        return params.dataset
    here: Any = scope.settings
    for part in params.dataset_pillar.split(":"):
        here = here.get(part) if hasattr(here, "get") else None
    if here is None:
        raise HostProblem(
            f"there is no setting {params.dataset_pillar}", hint="settings.items shows them"
        )
    return here


def written(style: str, data: Any, options: dict[str, Any], encoding: str = "utf-8") -> bytes:
    """Give data as a file.

    Raises:
        HostProblem: there is no such format, or it cannot hold the data.
    """
    plain = bare(data)
    try:
        match style:
            case "yaml":
                text = as_text("yaml", plain, {"default_flow_style": False, **options})
            case "json":
                text = as_text("json", plain, {"indent": 2, "sort_keys": True, **options})
            case "configparser" | "ini":
                text = _as_ini(plain)
            case "python":
                return (pprint.pformat(plain) + "\n").encode(encoding)
            case "msgpack":
                return msgspec.msgpack.encode(plain)
            case "plist":
                import plistlib  # noqa: PLC0415  # rare

                return plistlib.dumps(plain)
            case _:
                raise HostProblem(f"nothing writes {style!r}", hint=", ".join(FORMATS))
    except (TypeError, ValueError) as error:
        raise HostProblem(f"the data cannot be written as {style}: {error}") from error
    return bytes_of(f"{text}\n" if not text.endswith("\n") else text)


def _as_ini(data: Any) -> str:
    import configparser  # noqa: PLC0415  # rare

    parser = configparser.RawConfigParser()
    parser.optionxform = str  # pyright: ignore[reportAttributeAccessIssue]  # documented use
    try:
        parser.read_dict(data)
    except configparser.Error as error:
        raise ValueError(str(error)) from error  # as of the other formats
    out = io.StringIO()
    parser.write(out)
    return out.getvalue()


def _read(style: str, data: bytes, path: str) -> Any:
    """Read what a file holds, to lay data over it."""
    try:
        match style:
            case "json":
                return json.loads(data or b"{}")
            case "msgpack":
                return msgspec.msgpack.decode(data)
            case "yaml":
                import yaml  # noqa: PLC0415  # only where it is asked for

                return yaml.safe_load(text_of(data)) or {}
            case _:
                raise HostProblem(f"nothing reads {style!r}", hint="merge_if_exists: yaml or json")
    except (ValueError, msgspec.DecodeError) as error:
        raise HostProblem(f"{path} is no {style}: {error}") from error


SERIALIZE: Final = Resource(
    name="file.serialize", params=Params, reach="path", check=check, apply=apply,
    retires=("encoding_errors",), lacks=("deserializer_opts", "tmp_dir", "tmp_ext"),
)  # fmt: skip
