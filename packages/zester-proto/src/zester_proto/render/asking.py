"""Functions that ask facts and settings, as Salt's `pillar.get` and `grains.filter_by` do."""

import copy
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from zester_proto.render.filters.data import traverse
from zester_proto.render.kinds import is_list, is_map
from zester_proto.render.merge_values import BadMerge, update
from zester_proto.tree.reference import is_glob


def setting(  # noqa: PLR0917  # the signature is Salt's
    settings: Mapping[str, Any],
    key: str,
    default: Any = "",
    merge: bool = False,
    merge_nested_lists: bool | None = None,
    delimiter: str = ":",
) -> Any:
    """Give one setting, or the default where there is none.

    Args:
        settings: all of them.
        key: its name; `nginx:port` looks into a map.
        default: what to give else.
        merge: lay the setting over the default where both are maps or lists.
        merge_nested_lists: put lists together in that case; else they replace.
        delimiter: what stands between the steps of a path.
    """
    if not merge:
        return copy.deepcopy(traverse(settings, key, default, delimiter))
    found: Any = copy.deepcopy(traverse(settings, key, None, delimiter))
    below: Any = copy.deepcopy(default)
    if is_map(found) and is_map(below):
        return update(dict(below), found, merge_lists=bool(merge_nested_lists))
    if is_list(found) and is_list(below):
        return below + [one for one in found if one not in below]
    return below if found is None else found


def filter_by(  # noqa: PLR0917  # the signature is Salt's
    facts: Mapping[str, Any],
    lookup_dict: Mapping[str, Any],
    grain: str = "os_family",
    merge: Any = None,
    default: str | None = "default",
    base: str | None = None,
) -> Any:
    """Give the entry of a map whose key fits a fact.

    Args:
        facts: all of them.
        lookup_dict: values by what the fact may be; keys may be globs.
        grain: the fact that is looked at.
        merge: a map that is laid over the answer.
        default: the key of what to give where nothing fits.
        base: the key of a map that the answer is laid over.

    Raises:
        BadMerge: what is to be merged is no map.
    """
    found = copy.deepcopy(_fitting(lookup_dict, traverse(facts, grain, []), default))
    if base and base in lookup_dict:
        below = copy.deepcopy(lookup_dict[base])
        if found is None:
            found = below
        elif is_map(below):
            found = update(dict(below), _map(found, "the entry that fits"))
    if merge:
        over = copy.deepcopy(_map(merge, "merge"))
        found = over if found is None else update(_map(found, "the entry that fits"), over)
    return found


def _fitting(lookup: Mapping[str, Any], value: Any, default: str | None) -> Any:
    for one in value if is_list(value) else [value]:
        for key, entry in lookup.items():
            pattern = str(key)
            # most keys are plain words, and a regular expression of each would be made first
            if str(one) == pattern or (is_glob(pattern) and fnmatchcase(str(one), pattern)):
                return entry
    return lookup.get(default) if default is not None else None


def _map(value: Any, what: str) -> dict[str, Any]:
    if is_map(value):
        return dict(value)
    raise BadMerge(f"grains.filter_by: {what} is no map", hint="merge and base take maps")
