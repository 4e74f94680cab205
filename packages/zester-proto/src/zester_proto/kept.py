"""Keeps the newest of what was made, so that what is asked for again is not made again."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Kept(Generic[_Key, _Value]):
    """Values by their keys; of too many the one goes that was not asked for longest.

    Args:
        most: how many there may be.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._all: OrderedDict[_Key, _Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[_Key]:
        return iter(self._all)

    def get(self, key: _Key) -> _Value | None:
        """Give a value; None where it is not there (any more)."""
        found = self._all.get(key)
        if found is not None:
            self._all.move_to_end(key)
        return found

    def put(self, key: _Key, value: _Value) -> _Key | None:
        """Keep a value; give the key of the one that goes for it."""
        self._all[key] = value
        self._all.move_to_end(key)
        return self._all.popitem(last=False)[0] if len(self._all) > self._most else None

    def pop(self, key: _Key) -> _Value | None:
        """Give a value, and keep it no longer."""
        return self._all.pop(key, None)

    def keep_if(self, wanted: Callable[[_Value], bool]) -> None:
        """Keep only some."""
        for key in [key for key, value in self._all.items() if not wanted(value)]:
            del self._all[key]

    def clear(self) -> None:
        """Keep none."""
        self._all.clear()
