"""A table of a machine by name, such as its users, under what states have changed of it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

import msgspec

from zester_modules.host.machine import Unknowable
from zester_modules.host.predicted.history import History, Thing

V = TypeVar("V")


class Row(msgspec.Struct, Generic[V], frozen=True):
    """What became of one name."""

    value: V | None
    """None: it is gone."""
    stamp: int
    because: tuple[str, ...] = ()
    """Not empty: who may have changed it."""


class Table(Mapping[str, V]):
    """The table as it would be; asking for what may have come unseen raises Unknowable.

    Args:
        real: gives the real one; asked once.
        history: who acts.
        thing: what its rows are.
    """

    def __init__(self, real: Callable[[], Mapping[str, V]], history: History, thing: Thing) -> None:
        self._make = real
        self._made: Mapping[str, V] | None = None
        self._history = history
        self._thing: Thing = thing
        self._rows: dict[str, Row[V]] = {}
        self._touched: set[str] | None = None

    @property
    def _real(self) -> Mapping[str, V]:
        if self._made is None:
            self._made = self._make()
        return self._made

    def __getitem__(self, key: str) -> V:
        row = self._rows.get(key)
        if row is None and key in self._real:
            return self._real[key]
        if row is not None and row.because:
            raise Unknowable(row.because)
        if row is None or row.value is None:
            self._history.missing(row.stamp if row else 0, self._thing)
            raise KeyError(key)
        return row.value

    def __iter__(self) -> Iterator[str]:
        # who goes through all of them does without those of which nothing is known
        gone = {key for key, row in self._rows.items() if row.value is None}
        yield from (key for key in self._real if key not in gone)
        yield from (key for key in self._rows if key not in gone and key not in self._real)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def set(self, key: str, value: V | None) -> None:
        """Change one; None takes it away."""
        if self._touched is not None:
            self._touched.add(key)
        self._rows[key] = Row(value, self._history.change())

    def hide(self, key: str) -> None:
        """Take it that the actor does something to one, and nobody knows what."""
        if self._touched is not None:
            self._touched.add(key)
        self._rows[key] = Row(None, self._history.change(), (self._history.actor,))

    def forget(self) -> None:
        """Ask the real machine anew."""
        self._made = None

    def begin_doubt(self) -> None:
        """Remember from now on what is touched."""
        self._touched = set()

    def end_doubt(self, because: tuple[str, ...]) -> None:
        """Make a mystery of all that was touched since."""
        touched, self._touched = self._touched or set[str](), None
        for key in touched:
            self._rows[key] = Row(None, self._rows[key].stamp, because)
