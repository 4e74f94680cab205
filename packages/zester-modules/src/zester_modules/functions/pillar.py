"""Salt's names for asking settings: `pillar.get` and its like."""

# ruff: noqa: D417  # the context is handed to every function alike

import copy
from collections.abc import Mapping
from typing import Any, cast

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.words import Value
from zester_proto.render.asking import setting
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
    return setting(context.settings, key, default, merge, merge_nested_lists, delimiter)


@function("pillar.items", reads=True)
def items(context: Context) -> dict[str, Any]:
    """Answer all settings."""
    return copy.deepcopy(dict(context.settings))


@function("pillar.keys", reads=True)
def keys(context: Context, key: str = "", delimiter: str = ":") -> list[str]:
    """Answer the names below a setting.

    Args:
        key: the setting; without it, all names at the top.
        delimiter: what stands between the steps of a path.
    """
    found: Any = traverse(context.settings, key, None, delimiter) if key else context.settings
    return (
        [str(one) for one in cast("Mapping[str, Any]", found)] if isinstance(found, Mapping) else []
    )


@function("pillar.item", reads=True)
def item(context: Context, *names: str) -> dict[str, Any]:
    """Answer some settings by their names.

    Args:
        names: those that are asked for; one that is not there is an empty text.
    """
    return {name: copy.deepcopy(traverse(context.settings, name, "")) for name in names}
