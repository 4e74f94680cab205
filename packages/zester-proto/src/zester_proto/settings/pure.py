"""Functions of templates that look at nothing but facts and settings: masters have these too."""

import copy
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from zester_proto.render.asking import filter_by, setting
from zester_proto.render.filters.data import traverse
from zester_proto.render.kinds import is_map
from zester_proto.render.merge_values import merge_many, merge_values, update


def pure_functions(
    facts: Mapping[str, Any], settings: Mapping[str, Any]
) -> dict[str, Callable[..., Any]]:
    """Give them by their names, for one peel."""
    get = partial(_setting, settings)
    names = partial(_names, settings)
    asked = partial(_asked, settings)
    return {
        "pillar.get": get,
        "settings.get": get,
        "pillar.item": asked,
        "pillar.items": lambda: copy.deepcopy(dict(settings)),
        "settings.items": lambda: copy.deepcopy(dict(settings)),
        "pillar.keys": names,
        "settings.keys": names,
        "grains.get": partial(_fact, facts),
        "grains.item": partial(_facts, facts),
        "grains.items": lambda: copy.deepcopy(dict(facts)),
        "grains.has_value": partial(_has_value, facts),
        "grains.equals": partial(_equals, facts),
        "grains.filter_by": partial(filter_by, facts),
        "defaults.merge": _merge_defaults,
        "defaults.deepcopy": copy.deepcopy,
        "slsutil.merge": _merge,
        "slsutil.merge_all": _merge_all,
        "slsutil.update": _update,
        **{f"log.{level}": _log for level in ("debug", "info", "warning", "error", "critical")},
    }


def _setting(  # noqa: PLR0917  # the signature is Salt's
    settings: Mapping[str, Any],
    key: str,
    default: Any = "",
    merge: bool = False,
    merge_nested_lists: bool | None = None,
    delimiter: str = ":",
    pillarenv: str | None = None,  # noqa: ARG001  # Salt has it, we have one set of settings
    saltenv: str | None = None,  # noqa: ARG001  # the same
) -> Any:
    return setting(settings, key, default, merge, merge_nested_lists, delimiter)


def _asked(settings: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: copy.deepcopy(traverse(settings, name, "")) for name in names}


def _names(settings: Mapping[str, Any], key: str = "", delimiter: str = ":") -> list[str]:
    found = traverse(settings, key, None, delimiter) if key else settings
    return [str(one) for one in found] if is_map(found) else []


def _fact(facts: Mapping[str, Any], key: str, default: Any = "", delimiter: str = ":") -> Any:
    return copy.deepcopy(traverse(facts, key, default, delimiter))


def _has_value(facts: Mapping[str, Any], key: str) -> bool:
    return bool(traverse(facts, key, False))


def _equals(facts: Mapping[str, Any], key: str, value: Any) -> bool:
    return str(value) == str(traverse(facts, key, ""))


def _facts(facts: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: copy.deepcopy(traverse(facts, name, None)) for name in names}


def _merge_defaults(
    dest: Any,
    src: Any,
    merge_lists: bool = False,
    in_place: bool = True,
    convert_none: bool = True,
) -> Any:
    base: Any = dest if in_place else copy.deepcopy(dest)
    if convert_none:
        base = {} if base is None else base
        src = {} if src is None else src
    return update(base, src, merge_lists=merge_lists)


def _merge(
    obj_a: Any,
    obj_b: Any,
    strategy: str = "smart",
    renderer: str = "yaml",  # noqa: ARG001  # Salt has it for its own files
    merge_lists: bool = False,
) -> Any:
    return merge_values(obj_a, obj_b, strategy, merge_lists=merge_lists)


def _merge_all(
    lst: list[Any],
    strategy: str = "smart",
    renderer: str = "yaml",  # noqa: ARG001  # the same
    merge_lists: bool = False,
) -> Any:
    return merge_many(lst, strategy, merge_lists=merge_lists)


def _update(dest: Any, upd: Any, recursive_update: bool = True, merge_lists: bool = False) -> Any:
    return update(dest, upd, recursive=recursive_update, merge_lists=merge_lists)


def _log(message: Any) -> bool:  # noqa: ARG001  # a master's log is not the peel's
    return True
