"""Filters on lists: sets, flattening, what is a list."""

import itertools
import sys
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Final

from jinja2.exceptions import TemplateRuntimeError
from jinja2.filters import FILTERS as BUILTIN

from zester_proto.render import kinds
from zester_proto.render.bounds import MAX_ITEMS
from zester_proto.render.filters.text import padded

_MAX_LEVELS: Final = 100


def sequence(value: Any) -> Any:
    """Return a list, tuple, set or mapping as it is, anything else as a list of one."""
    many = kinds.is_items(value) or kinds.is_set(value) or kinds.is_dict(value)
    return value if many else [value]


def is_list(value: Any) -> bool:
    """Say whether it is a list."""
    return isinstance(value, list)


def is_iter(value: Any) -> bool:
    """Say whether it can be walked; a text is taken as one thing."""
    return isinstance(value, Iterable) and not isinstance(value, str)


def unique(values: Any) -> Any:
    """Return each value once, in the order of the first; a set for what is hashable itself."""
    if isinstance(values, Hashable):
        return _set(values)
    return _unique(values)


def _unique(values: Iterable[Any]) -> list[Any]:
    try:
        return list(dict.fromkeys(values))
    except TypeError:
        made: list[Any] = []
        made.extend(value for value in values if value not in made)
        return made


def union(one: Any, other: Any) -> Any:
    """Return what is in either."""
    if _hashable(one, other):
        return _set(one) | _set(other)
    return _unique([*one, *other])


def intersect(one: Any, other: Any) -> Any:
    """Return what is in both."""
    if _hashable(one, other):
        return _set(one) & _set(other)
    return _unique([item for item in one if item in other])


def difference(one: Any, other: Any) -> Any:
    """Return what is in the first alone."""
    if _hashable(one, other):
        return _set(one) - _set(other)
    return _unique([item for item in one if item not in other])


def symmetric_difference(one: Any, other: Any) -> Any:
    """Return what is in one of the two alone."""
    if _hashable(one, other):
        return _set(one) ^ _set(other)
    return _unique([*(x for x in one if x not in other), *(x for x in other if x not in one)])


def _hashable(*values: Any) -> bool:
    return all(isinstance(value, Hashable) for value in values)


def _set(value: Any) -> set[Any]:
    return set(value)


def flatten(
    values: Iterable[Any], levels: int | None = None, preserve_nulls: bool = False
) -> list[Any]:
    """Return the values of lists within a list, down to so many levels; nulls are left out.

    Raises:
        TemplateRuntimeError: a list holds itself, or the like.
    """
    return _flatten(values, sys.maxsize if levels is None else levels, preserve_nulls, 0)


def _flatten(values: Iterable[Any], levels: int, nulls: bool, depth: int) -> list[Any]:
    if depth > _MAX_LEVELS:
        raise TemplateRuntimeError(f"a list of more than {_MAX_LEVELS} levels")
    made: list[Any] = []
    for value in values:
        if value is None and not nulls:
            continue
        if kinds.is_items(value) and depth < levels:
            made.extend(_flatten(value, levels, nulls, depth + 1))
        else:
            made.append(value)
    return made


def exactly_n_true(values: Iterable[Any], amount: int = 1) -> bool:
    """Say whether so many of the values are true."""
    return sum(bool(value) for value in values) == amount


def exactly_one_true(values: Iterable[Any]) -> bool:
    """Say whether one of the values is true, and no other."""
    return exactly_n_true(values, 1)


def sorted_ignorecase(values: Iterable[str]) -> list[str]:
    """Return texts in the order of their lower case."""
    return sorted(values, key=str.lower)


def compare_lists(old: Any, new: Any) -> dict[str, Any]:
    """Return `{old, new}` with what only one of two lists has."""
    pairs = {"new": [x for x in new if x not in old], "old": [x for x in old if x not in new]}
    return {name: items for name, items in pairs.items() if items}


def compare_dicts(old: Mapping[Any, Any], new: Mapping[Any, Any]) -> dict[Any, dict[str, Any]]:
    """Return `{old, new}` for each key whose value differs; "" stands for one that is not there."""
    keys = [*old, *(key for key in new if key not in old)]
    pairs = {key: {"old": old.get(key, ""), "new": new.get(key, "")} for key in keys}
    return {key: pair for key, pair in pairs.items() if key not in old or key not in new
            or old[key] != new[key]}  # fmt: skip


def _bounded(function: Callable[..., Iterable[Any]]) -> Callable[..., list[Any]]:
    def listed(*args: Any, **kwargs: Any) -> list[Any]:
        made: list[Any] = []
        size = 0
        for item in function(*args, **kwargs):
            size += len(item) if kinds.is_tuple(item) else 1
            if size > MAX_ITEMS:
                raise TemplateRuntimeError(f"combinations of more than {MAX_ITEMS} items")
            made.append(item)
        return made

    return listed


def _product(*lists: Iterable[Any], repeat: int = 1) -> Iterable[Any]:
    pools = [list(items) for items in lists]
    if repeat * len(pools) > _MAX_LEVELS:
        raise TemplateRuntimeError(f"a product of more than {_MAX_LEVELS} lists")
    return itertools.product(*pools, repeat=repeat)


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "sequence": sequence,
    "is_list": is_list,
    "is_iter": is_iter,
    "unique": unique,
    "union": union,
    "intersect": intersect,
    "difference": difference,
    "symmetric_difference": symmetric_difference,
    "flatten": flatten,
    "exactly_n_true": exactly_n_true,
    "exactly_one_true": exactly_one_true,
    "sorted_ignorecase": sorted_ignorecase,
    "compare_lists": compare_lists,
    "compare_dicts": compare_dicts,
    "combinations": _bounded(itertools.combinations),
    "combinations_with_replacement": _bounded(itertools.combinations_with_replacement),
    "compress": _bounded(itertools.compress),
    "permutations": _bounded(itertools.permutations),
    "product": _bounded(_product),
    "zip": _bounded(zip),
    "zip_longest": _bounded(itertools.zip_longest),
    **{name: padded(BUILTIN[name]) for name in ("batch", "slice")},
}
