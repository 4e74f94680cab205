"""Salt's names for asking facts: `grains.get`, `grains.filter_by` and their like."""

# ruff: noqa: D417  # the context is handed to every function alike

import copy
from typing import Any

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.words import Value
from zester_proto.grains import grains_view
from zester_proto.render import asking
from zester_proto.render.filters.data import traverse


@function("grains.get", reads=True)
def get(context: Context, key: str, default: Value = "", delimiter: str = ":") -> Any:
    """Answer one fact, or the default where there is none.

    Args:
        key: its name; `cpu:count` looks into a map.
        default: what to answer else.
        delimiter: what stands between the steps of a path.
    """
    return copy.deepcopy(traverse(grains_view(context.facts), key, default, delimiter))


@function("grains.items", reads=True)
def items(context: Context) -> dict[str, Any]:
    """Answer all facts."""
    return copy.deepcopy(grains_view(context.facts))


@function("grains.item", reads=True)
def item(context: Context, *names: str) -> dict[str, Any]:
    """Answer some facts by their names.

    Args:
        names: those that are asked for; one that is not there is null.
    """
    return {name: copy.deepcopy(traverse(grains_view(context.facts), name, None)) for name in names}


@function("grains.ls", reads=True)
def ls(context: Context) -> list[str]:
    """Answer the names of all facts."""
    return sorted(grains_view(context.facts))


@function("grains.has_value", reads=True)
def has_value(context: Context, key: str) -> bool:
    """Answer whether a fact is there and not empty.

    Args:
        key: its name; `a:b` looks into a map.
    """
    return bool(traverse(grains_view(context.facts), key, False))


@function("grains.equals", reads=True)
def equals(context: Context, key: str, value: Value) -> bool:
    """Answer whether a fact has this value.

    Args:
        key: its name.
        value: compared as text.
    """
    return str(value) == str(traverse(grains_view(context.facts), key, ""))


@function("grains.filter_by", reads=True)
def filter_by(  # noqa: PLR0917  # the signature is Salt's
    context: Context,
    lookup_dict: dict[str, Value],
    grain: str = "os_family",
    merge: Value = None,
    default: str | None = "default",
    base: str | None = None,
) -> Any:
    """Answer the entry of a map whose key fits a fact.

    Args:
        lookup_dict: values by what the fact may be; keys may be globs.
        grain: the fact that is looked at.
        merge: a map that is laid over the answer.
        default: the key of what to answer where nothing fits.
        base: the key of a map that the answer is laid over.
    """
    return asking.filter_by(grains_view(context.facts), lookup_dict, grain, merge, default, base)
