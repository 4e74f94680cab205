"""Looks in options, facts and settings at once, as Salt's `config.get`."""

# ruff: noqa: D417  # the context is handed to every function alike

import copy
from collections.abc import Mapping
from typing import Any, Final, cast

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.words import Value
from zester_proto.grains import salts_alone
from zester_proto.render.filters.data import traverse
from zester_proto.render.merge_values import merge_values

_NOTHING: Final = object()


@function("config.get", reads=True)
def get(  # noqa: PLR0917  # the signature is Salt's
    context: Context,
    key: str,
    default: Value = "",
    delimiter: str = ":",
    merge: str | None = None,
    omit_opts: bool = False,
    omit_pillar: bool = False,
    omit_master: bool = False,
    omit_grains: bool = False,
) -> Any:
    """Answer the first that is there of options, facts, settings and settings' `master`.

    Args:
        key: its name; `a:b` looks into maps.
        default: what to answer where none has it.
        delimiter: what stands between the steps of a path.
        merge: put maps of all of them together (`recurse`, `overwrite`); options are strongest.
        omit_opts: do not look in options.
        omit_pillar: do not look in settings.
        omit_master: do not look in settings' `master`.
        omit_grains: do not look in facts.
    """
    places: list[Any] = [
        *([] if omit_opts else [context.options]),
        *([] if omit_grains else [salts_alone(context.facts)]),
        *([] if omit_pillar else [context.settings]),
        *([] if omit_master else [context.settings.get("master", {})]),
    ]
    found: list[Any] = [traverse(place, key, _NOTHING, delimiter) for place in places]
    there = [copy.deepcopy(one) for one in found if one is not _NOTHING]
    if merge is None:
        return there[0] if there else default
    made: Any = copy.deepcopy(dict(cast("Mapping[str, Any]", default))) if isinstance(
        default, Mapping
    ) else {}  # fmt: skip
    for one in reversed(there):
        if isinstance(one, Mapping):
            made = merge_values(made, one, merge)
    return made


@function("config.option", reads=True)
def option(  # noqa: PLR0917  # the signature is Salt's
    context: Context,
    value: str,
    default: Value = "",
    omit_opts: bool = False,
    omit_master: bool = False,
    omit_pillar: bool = False,
) -> Any:
    """Answer an option, or else a setting of that name.

    Args:
        value: its name.
        default: what to answer where there is none.
        omit_opts: do not look in options.
        omit_master: do not look in settings' `master`.
        omit_pillar: do not look in settings.
    """
    places: list[Mapping[str, Any]] = [
        *([] if omit_opts else [context.options]),
        *([] if omit_master else [context.settings.get("master", {})]),
        *([] if omit_pillar else [context.settings]),
    ]
    return next((copy.deepcopy(place[value]) for place in places if value in place), default)
