"""Merges plain data as Salt's functions do: `slsutil.merge`, `slsutil.update`, `defaults.merge`.

Strategies of `merge_values`:

* `recurse` (also `smart`): maps key by key at every depth; lists replace, or with `merge_lists`
  what is new in the later one is put behind.
* `aggregate`: the first level alone; of two lists there, what is new is put behind.
* `list`: under a key that both have, a list of both values.
* `overwrite`: the later value of each key as a whole, maps too.
"""

import copy
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, Literal

from zester_proto.errors import ZesterError
from zester_proto.render.kinds import is_list, is_map

Strategy = Literal["smart", "recurse", "aggregate", "list", "overwrite", "none"]
STRATEGIES: Final[tuple[Strategy, ...]] = (
    "smart", "recurse", "aggregate", "list", "overwrite", "none",
)  # fmt: skip
_MAX_DEPTH: Final = 100


class BadMerge(ZesterError):
    """Raised when two values cannot be merged, or nobody knows the strategy."""


def merge_values(
    base: Any, over: Any, strategy: str = "smart", *, merge_lists: bool = False
) -> Any:
    """Return both values merged; neither is changed.

    Raises:
        BadMerge: one is no mapping, or the strategy is unknown.
    """
    if strategy not in STRATEGIES:
        raise BadMerge(
            f"{strategy!r} is no way to merge", hint=f"known are {', '.join(STRATEGIES)}"
        )
    if strategy == "aggregate":
        return _aggregate(base, over)
    made: Any = copy.deepcopy(base)
    if strategy == "list":
        _check(base, over)
        return {key: [value, over[key]] if key in over else value for key, value in made.items()}
    if strategy == "overwrite":
        _check(base, over)
        return _flat(made, over)
    return update(made, over, merge_lists=merge_lists)


def merge_many(values: list[Any], strategy: str = "smart", *, merge_lists: bool = False) -> Any:
    """Return all values merged, the last one on top."""
    made: Any = {}
    for value in values:
        made = merge_values(made, value, strategy, merge_lists=merge_lists)
    return made


def update(
    base: Any, over: Any, *, recursive: bool = True, merge_lists: bool = False
) -> MutableMapping[Any, Any]:
    """Merge `over` into `base`, which is changed and returned; null stands for an empty mapping.

    Raises:
        BadMerge: one is no mapping, or they are too deep.
    """
    _check(base, over)
    _update(base, over, recursive, merge_lists, 0)
    return base


def _update(
    base: MutableMapping[Any, Any],
    over: Mapping[Any, Any],
    recursive: bool,
    lists: bool,
    depth: int,
) -> None:
    if depth > _MAX_DEPTH:
        raise BadMerge(f"mappings of more than {_MAX_DEPTH} levels")
    for key, value in over.items():
        below = base.get(key)
        if recursive and isinstance(below, MutableMapping) and is_map(value):
            _update(below, value, recursive, lists, depth + 1)  # pyright: ignore[reportUnknownArgumentType] -- data is free-form
        elif recursive and lists and is_list(below) and is_list(value):
            base[key] = _joined(below, value)
        else:
            base[key] = value


def _joined(base: list[Any], over: list[Any]) -> list[Any]:
    made = copy.deepcopy(base)
    made.extend(value for value in over if value not in base)
    return made


def _aggregate(base: Any, over: Any) -> Any:
    if is_list(base) and is_list(over):
        return _joined(base, over)
    _check(base, over)
    return _flat(base, over)


def _flat(base: Any, over: Any) -> dict[Any, Any]:
    return {**base, **over}


def _check(base: Any, over: Any) -> None:
    for value in (base, over):
        if not is_map(value):
            raise BadMerge(f"only mappings can be merged, not {type(value).__name__}")
