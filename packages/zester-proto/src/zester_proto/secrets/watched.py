"""Settings that notice when a secret of theirs is read (settings.md 4).

A template sees maps that are dicts in all else. What reads a secret leaf is counted: a look at its
key, and whatever takes a map as a whole, to go through it, to copy or to write it. A list with a
secret in it is one leaf.
"""

import copy
from collections.abc import Callable, Collection, ItemsView, Iterator, ValuesView
from typing import Any, NoReturn, Self, cast

Path = tuple[Any, ...]


class Reads:
    """Counts how often a secret was read.

    Attributes:
        count: how often so far.
        told: called each time.
    """

    def __init__(self) -> None:
        self.count = 0
        self.told: Callable[[], None] = _nobody

    def note(self) -> None:
        """Count one more."""
        self.count += 1
        self.told()


def _nobody() -> None:
    return None


def watched(values: dict[Any, Any], secrets: Collection[Path], reads: Reads) -> dict[Any, Any]:
    """Give settings whose secrets are watched; maps without any stay as they are.

    Args:
        values: the settings.
        secrets: where the secret ones are.
        reads: counts.
    """
    below: dict[Any, list[Path]] = {}
    for path in secrets:
        if path and path[0] in values:
            below.setdefault(path[0], []).append(path[1:])
    if not below:
        return values
    made = dict(values)
    leaves: set[Any] = set()
    for key, paths in below.items():
        if isinstance(values[key], dict) and () not in paths:
            made[key] = watched(cast("dict[Any, Any]", values[key]), paths, reads)
        else:
            leaves.add(key)
    return SecretMap(made, frozenset(leaves), reads)


class SecretMap(dict[Any, Any]):
    """A map with secrets in it, or below it."""

    __slots__ = ("_leaves", "_reads")

    def __init__(self, values: dict[Any, Any], leaves: frozenset[Any], reads: Reads) -> None:
        super().__init__(values)
        self._leaves = leaves
        self._reads = reads

    def secret_paths(self) -> frozenset[Path]:
        """Say where the secrets are; this reads none."""
        found: set[Path] = {(key,) for key in self._leaves}
        for key, value in super().items():
            if isinstance(value, SecretMap):
                found |= {(key, *path) for path in value.secret_paths()}
        return frozenset(found)

    def _all(self) -> None:
        if self._leaves:
            self._reads.note()

    def _one(self, key: Any) -> None:
        if key in self._leaves:
            self._reads.note()

    def __getitem__(self, key: Any) -> Any:
        self._one(key)
        return super().__getitem__(key)

    def get(self, key: Any, default: Any = None) -> Any:
        """Give the value of a key."""
        self._one(key)
        return super().get(key, default)

    def pop(self, key: Any, *default: Any) -> Any:
        """Take a key out."""
        self._one(key)
        return super().pop(key, *default)

    def popitem(self) -> tuple[Any, Any]:
        """Take the last key out."""
        self._all()
        return super().popitem()

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """Give the value of a key, which is there from now on."""
        self._one(key)
        return super().setdefault(key, default)

    def __iter__(self) -> Iterator[Any]:
        # Python copies what has the iterator of a dict without asking it
        return super().__iter__()

    def items(self) -> ItemsView[Any, Any]:  # pyright: ignore[reportIncompatibleMethodOverride] -- dict's own view has no public type
        """Give all pairs."""
        self._all()
        return super().items()

    def values(self) -> ValuesView[Any]:  # pyright: ignore[reportIncompatibleMethodOverride] -- the same
        """Give all values."""
        self._all()
        return super().values()

    def copy(self) -> dict[Any, Any]:
        """Give a copy."""
        return dict(self)

    def __or__(self, other: Any) -> Any:
        return dict(self) | other

    def __ror__(self, other: Any) -> Any:
        return other | dict(self)

    def __eq__(self, other: object) -> bool:
        self._all()
        return super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # pyright: ignore[reportAssignmentType] -- as every dict

    def __repr__(self) -> str:
        self._all()
        return super().__repr__()

    def __copy__(self) -> Self:
        return self._like(super().copy())

    def __deepcopy__(self, memo: Any) -> Self:
        pairs = super().items()
        inner = {key: copy.deepcopy(value, memo) for key, value in pairs}
        return self._like(inner)

    def _like(self, values: dict[Any, Any]) -> Self:
        return type(self)(values, self._leaves, self._reads)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("settings with secrets in them are not pickled")
