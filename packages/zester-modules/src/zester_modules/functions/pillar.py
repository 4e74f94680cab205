"""Salt's names for asking settings: `pillar.get` and its like."""

# ruff: noqa: D417  # the context is handed to every function alike

import copy
from collections.abc import Mapping
from typing import Any, cast

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.functions import settings
from zester_modules.words import Value
from zester_proto.render import asking
from zester_proto.render.filters.data import traverse


@function("pillar.get", reads=True)
def get(  # noqa: PLR0917  # the signature is Salt's
    context: Context,
    key: str,
    default: Value = "",
    merge: bool = False,
    merge_nested_lists: bool | None = None,
    delimiter: str = ":",
    pillarenv: str | None = None,  # noqa: ARG001  # Salt has it, we have one set of settings
    saltenv: str | None = None,  # noqa: ARG001  # the same
) -> Any:
    """Answer one setting, or the default where there is none.

    Args:
        key: its name; `nginx:port` looks into a map.
        default: what to answer else.
        merge: lay the setting over the default where both are maps or lists.
        merge_nested_lists: put lists together in that case; else they replace.
        delimiter: what stands between the steps of a path.
        pillarenv: taken and not looked at.
        saltenv: the same.
    """
    return asking.setting(context.settings, key, default, merge, merge_nested_lists, delimiter)


@function("pillar.items", reads=True)
def items(context: Context) -> dict[str, Any]:
    """Answer all settings."""
    return copy.deepcopy(dict(context.settings))


@function("pillar.data", reads=True)
def data(context: Context) -> dict[str, Any]:
    """Answer all settings, as `pillar.items`."""
    return items.call(context)


@function("pillar.raw", reads=True)
def raw(context: Context, key: str | None = None) -> Any:
    """Answer all settings, or one of those at the top; an empty map where it is not there.

    Args:
        key: its name.
    """
    return copy.deepcopy(dict(context.settings) if key is None else context.settings.get(key, {}))


@function("pillar.keys", reads=True)
def keys(context: Context, key: str = "", delimiter: str = ":") -> list[str]:
    """Answer the names below a setting.

    Args:
        key: the setting; without it, all names at the top.
        delimiter: what stands between the steps of a path.
    """
    return settings.keys.call(context, key, delimiter)


@function("pillar.ls", reads=True)
def ls(context: Context) -> list[str]:
    """Answer the names at the top."""
    return settings.keys.call(context)


@function("pillar.obfuscate", reads=True)
def obfuscate(context: Context, *names: str) -> dict[str, Any]:
    """Answer settings with the kind of each value in its place.

    Args:
        names: those that are asked for; without any, all.
    """
    found = item.call(context, *names) if names else dict(context.settings)
    return {name: _kinds(value) for name, value in found.items()}


def _kinds(value: Any) -> Any:
    if isinstance(value, Mapping):
        known = cast("Mapping[Any, Any]", value)
        return {key: _kinds(one) for key, one in known.items()}
    if isinstance(value, list):
        return [_kinds(one) for one in cast("list[Any]", value)]
    return f"<{type(value).__name__}>"


@function("pillar.filter_by", reads=True)
def filter_by(  # noqa: PLR0917  # the signature is Salt's
    context: Context,
    lookup_dict: dict[str, Value],
    pillar: str,
    merge: Value = None,
    default: str | None = "default",
    base: str | None = None,
) -> Any:
    """Answer the entry of a map whose key fits a setting.

    Args:
        lookup_dict: values by what the setting may be; keys may be globs.
        pillar: the setting that is looked at.
        merge: a map that is laid over the answer.
        default: the key of what to answer where nothing fits.
        base: the key of a map that the answer is laid over.
    """
    return asking.filter_by(context.settings, lookup_dict, pillar, merge, default, base)


@function("pillar.item", reads=True)
def item(context: Context, *names: str) -> dict[str, Any]:
    """Answer some settings by their names.

    Args:
        names: those that are asked for; one that is not there is an empty text.
    """
    return {name: copy.deepcopy(traverse(context.settings, name, "")) for name in names}
