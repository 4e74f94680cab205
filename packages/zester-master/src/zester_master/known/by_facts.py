"""Keeps what was made for one peel, for all who have the same of the facts that were looked at."""

from collections.abc import Callable
from typing import Generic, TypeVar

from zester_proto.kept import Kept

Names = tuple[str, ...]
"""Facts that were looked at, sorted."""

Packed = tuple[bytes, ...]
"""What they were, in the order of their names."""

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class ByFacts(Generic[_Key, _Value]):
    """What was made, by what it is and by the facts that decided it.

    Args:
        most: how many there may be; those not asked for longest go.
    """

    def __init__(self, most: int) -> None:
        self._all: Kept[tuple[_Key, Names, Packed], _Value] = Kept(most)
        self._looked: dict[_Key, dict[Names, int]] = {}
        """Which facts were looked at, and in how many of all."""

    def get(self, key: _Key, packed: Callable[[Names], Packed]) -> tuple[_Value, Names] | None:
        """Give what was made for somebody with the same facts, and which those were.

        Args:
            key: what it is.
            packed: gives facts by their names.
        """
        for names in self._looked.get(key, ()):
            found = self._all.get((key, names, packed(names)))
            if found is not None:
                return found, names
        return None

    def put(self, key: _Key, names: Names, packed: Packed, value: _Value) -> None:
        """Keep what was made."""
        before = len(self._all)
        gone = self._all.put((key, names, packed), value)
        if gone is not None or len(self._all) > before:
            counts = self._looked.setdefault(key, {})
            counts[names] = counts.get(names, 0) + 1
        if gone is not None:
            self._uncount(gone[0], gone[1])

    def _uncount(self, key: _Key, names: Names) -> None:
        counts = self._looked[key]
        counts[names] -= 1
        if not counts[names]:
            del counts[names]
        if not counts:
            del self._looked[key]

    def keep_if(self, wanted: Callable[[_Value], bool]) -> None:
        """Keep only some."""
        self._all.keep_if(wanted)
        self._looked.clear()
        for key, names, _ in self._all:
            counts = self._looked.setdefault(key, {})
            counts[names] = counts.get(names, 0) + 1
