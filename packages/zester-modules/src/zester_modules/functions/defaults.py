"""Maps of defaults, put together as Salt's `defaults` module does."""

# ruff: noqa: D417  # the context is handed to every function alike

import copy
from typing import Any

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.words import Value
from zester_proto.render.merge_values import update as update_values


@function("defaults.merge", reads=True)
def merge(  # noqa: PLR0917  # the signature is Salt's
    context: Context,  # noqa: ARG001  # every function is handed it
    dest: Value,
    src: Value,
    merge_lists: bool = False,
    in_place: bool = True,
    convert_none: bool = True,
) -> Any:
    """Lay a map over another.

    Args:
        dest: the map below; changed unless `in_place` is false.
        src: the map above.
        merge_lists: put lists together; else they replace.
        in_place: change `dest` itself.
        convert_none: take null for an empty map.
    """
    base: Any = dest if in_place else copy.deepcopy(dest)
    if convert_none:
        base = {} if base is None else base
        src = {} if src is None else src
    return update_values(base, src, merge_lists=merge_lists)


@function("defaults.update", reads=True)
def update(  # noqa: PLR0917  # the signature is Salt's
    context: Context,
    dest: Value,
    defaults: Value,
    merge_lists: bool = True,
    in_place: bool = True,
    convert_none: bool = True,
) -> Any:
    """Lay a map of defaults below each member of a map.

    Args:
        dest: the map whose members are maps; changed unless `in_place` is false.
        defaults: what each member has unless it says otherwise.
        merge_lists: put lists together; else they replace.
        in_place: change `dest` itself.
        convert_none: take null for an empty map.
    """
    nodes: dict[str, Any] = (dest if in_place else copy.deepcopy(dest)) or {}
    for key, node in list(nodes.items()):
        below = copy.deepcopy(defaults)
        nodes[key] = merge.call(context, below, node, merge_lists, True, convert_none)
    return nodes


@function("defaults.deepcopy", reads=True)
def deepcopy(context: Context, source: Value) -> Any:  # noqa: ARG001  # every function is handed it
    """Answer a copy that shares nothing with its source.

    Args:
        source: what is copied.
    """
    return copy.deepcopy(source)
