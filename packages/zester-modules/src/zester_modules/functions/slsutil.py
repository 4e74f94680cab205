"""Data as templates need it: merged, written as text, read from files of the tree."""

# ruff: noqa: D417  # the context is handed to every function alike

import json
from typing import Any, cast

import yaml

from zester_modules.context import Context
from zester_modules.errors import BadArgument, Refused
from zester_modules.function import function
from zester_modules.words import Value
from zester_proto.render.merge_values import merge_many, merge_values
from zester_proto.render.merge_values import update as update_values
from zester_proto.units import did_you_mean


@function("slsutil.merge", reads=True)
def merge(  # noqa: PLR0917  # the signature is Salt's
    context: Context,  # noqa: ARG001  # every function is handed it
    obj_a: Value,
    obj_b: Value,
    strategy: str = "smart",
    renderer: str = "yaml",  # noqa: ARG001  # Salt has it for its own files
    merge_lists: bool = False,
) -> Any:
    """Answer two maps put together.

    Args:
        obj_a: the map below.
        obj_b: the map above.
        strategy: `smart`, `recurse`, `aggregate`, `list`, `overwrite` or `none`.
        renderer: taken and not looked at.
        merge_lists: put lists together; else they replace.
    """
    return merge_values(obj_a, obj_b, strategy, merge_lists=merge_lists)


@function("slsutil.merge_all", reads=True)
def merge_all(
    context: Context,  # noqa: ARG001  # every function is handed it
    lst: list[Value],
    strategy: str = "smart",
    renderer: str = "yaml",  # noqa: ARG001  # Salt has it for its own files
    merge_lists: bool = False,
) -> Any:
    """Answer several maps put together, the last one on top.

    Args:
        lst: the maps.
        strategy: as for `slsutil.merge`.
        renderer: taken and not looked at.
        merge_lists: put lists together; else they replace.
    """
    return merge_many(lst, strategy, merge_lists=merge_lists)


@function("slsutil.update", reads=True)
def update(
    context: Context,  # noqa: ARG001  # every function is handed it
    dest: Value,
    upd: Value,
    recursive_update: bool = True,
    merge_lists: bool = False,
) -> Any:
    """Lay a map over another, which is changed.

    Args:
        dest: the map below.
        upd: the map above.
        recursive_update: at every depth.
        merge_lists: put lists together; else they replace.
    """
    return update_values(dest, upd, recursive=recursive_update, merge_lists=merge_lists)


@function("slsutil.serialize", reads=True)
def serialize(
    context: Context,  # noqa: ARG001  # every function is handed it
    serializer: str,
    obj: Value,
    **options: Value,
) -> str:
    """Answer data as text.

    Args:
        serializer: `yaml` or `json`.
        obj: the data.
        options: handed to the writer, such as `indent` or `default_flow_style`.
    """
    if serializer in {"json", "yaml"}:
        return as_text(serializer, bare(obj), options)
    raise BadArgument(
        "slsutil.serialize", "serializer", f"{serializer!r} is none", expects="yaml or json",
        hint=did_you_mean(serializer, ["yaml", "json"]),
    )  # fmt: skip


@function("slsutil.renderer", reads=True)
def renderer(
    context: Context,
    path: str | None = None,
    string: str | None = None,
    default_renderer: str = "jinja|yaml",
    **names: Value,
) -> Any:
    """Render a file of the tree, or a text, and answer its data.

    Args:
        path: `salt://` or `zester://` and its path.
        string: the text in place of a file.
        default_renderer: `jinja|yaml`, `jinja` or `yaml`.
        names: what the template sees besides.
    """
    if context.tree is None:
        raise Refused("slsutil.renderer: there is no tree here", hint="call it in a template")
    if (path is None) == (string is None):
        raise BadArgument("slsutil.renderer", "path", "give a path or a string, not both")
    return context.tree.data(path or "", string, names, plain=default_renderer == "yaml")


def as_text(serializer: str, data: Any, options: dict[str, Any]) -> str:
    """Give plain data as YAML or JSON, without a line's end."""
    if serializer == "json":
        return json.dumps(data, **options)
    options = {"allow_unicode": True, "default_flow_style": None, **options}
    dump: Any = yaml.safe_dump
    text = str(dump(data, **options))
    return text.removesuffix("\n...\n").removesuffix("\n")


def bare(value: Any) -> Any:
    """Give plain dicts and lists in place of their like."""
    if isinstance(value, dict):
        return {key: bare(one) for key, one in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [bare(one) for one in cast("list[Any]", value)]
    return str(value) if isinstance(value, str) else value
