"""Peels by id: numbers, sorted order, and the answers to globs and regular expressions."""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Final

from pyroaring import BitMap

from zester_proto.target.globs import glob_test, is_exact, prefix
from zester_proto.target.regex import regex_test

_KEPT: Final = 256
_FEW: Final = 64
_AFTER_ALL: Final = "\U0010ffff"


class Names:
    """The ids of the fleet.

    A number is given once and never again, so that a list of peels that somebody froze means the
    same peels for ever; what a peel that left leaves behind is its name.

    Attributes:
        alive: the numbers of the peels that are there.
    """

    def __init__(self) -> None:
        self.alive: Final = BitMap()
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []
        # The ids in order, their numbers in the same order, and ids not yet put in.
        self._order: list[str] = []
        self._order_numbers = array("I")
        self._fresh: list[str] = []
        # Patterns that were asked lately and their answers, kept right as peels come and go.
        self._kept: dict[tuple[str, bool], tuple[Callable[[str], object], BitMap]] = {}

    def number(self, peel_id: str) -> int | None:
        """Give the number of a peel, None if it is not there."""
        return self._numbers.get(peel_id)

    def add(self, peel_id: str) -> int:
        """Give the number of a peel, a new one if it was not there."""
        number = self._numbers.get(peel_id)
        if number is not None:
            return number
        number = self._numbers[peel_id] = len(self._names)
        self._names.append(peel_id)
        self._fresh.append(peel_id)
        self.alive.add(number)
        for test, answer in self._kept.values():
            if test(peel_id):
                answer.add(number)
        return number

    def remove(self, peel_id: str) -> int | None:
        """Forget a peel and give the number that it had, None if it was not there."""
        if peel_id not in self._numbers:
            return None
        place = bisect_left(self.sort(), peel_id)
        number = self._numbers.pop(peel_id)
        self.alive.discard(number)
        for _, answer in self._kept.values():
            answer.discard(number)
        del self._order[place], self._order_numbers[place]
        return number

    def listed(self, peel_ids: Iterable[str]) -> BitMap:
        """Give the peels with these ids, as far as they are there."""
        numbers = self._numbers
        return BitMap([numbers[peel_id] for peel_id in peel_ids if peel_id in numbers])

    def glob(self, pattern: str) -> BitMap:
        """Give the peels whose id matches a glob; not to be changed."""
        if is_exact(pattern):
            return self.listed((pattern,))
        return self._answer(pattern, glob_test(pattern), is_regex=False)

    def regex(self, pattern: str) -> BitMap:
        """Give the peels whose id begins with a match; not to be changed."""
        return self._answer(pattern, regex_test(pattern), is_regex=True)

    def ids(self, peels: BitMap) -> list[str]:
        """Give the ids of peels, sorted."""
        order = self.sort()
        # a large part of the fleet is quicker picked from the order than sorted
        if len(peels) * 8 > len(order) and peels <= self.alive:
            pairs = zip(order, self._order_numbers, strict=True)
            return [peel_id for peel_id, number in pairs if number in peels]
        names = self._names
        return sorted([names[number] for number in peels])

    def forget_answers(self) -> None:
        """Drop the kept answers, so that a benchmark can see what the first one costs."""
        self._kept.clear()

    def _answer(self, pattern: str, test: Callable[[str], object], *, is_regex: bool) -> BitMap:
        kept = self._kept.pop((pattern, is_regex), None)
        if kept is None:
            start = "" if is_regex else prefix(pattern)
            first, end = self._range(start)
            numbers = self._order_numbers[first:end]
            # `web-*` needs no test: all between its two ends match
            if is_regex or pattern != f"{start}*":
                pairs = zip(self._order[first:end], numbers, strict=True)
                numbers = [number for peel_id, number in pairs if test(peel_id)]
            kept = (test, BitMap(numbers))
            if len(self._kept) >= _KEPT:
                del self._kept[next(iter(self._kept))]
        self._kept[pattern, is_regex] = kept
        return kept[1]

    def _range(self, start: str) -> tuple[int, int]:
        order = self.sort()
        if not start:
            return 0, len(order)
        return bisect_left(order, start), bisect_left(order, start + _AFTER_ALL)

    def sort(self) -> list[str]:
        """Put new ids in their places and give all in order; not to be changed."""
        if len(self._fresh) > _FEW:
            self._order = sorted(self._numbers)
            self._order_numbers = array("I", [self._numbers[name] for name in self._order])
        else:
            for peel_id in self._fresh:
                place = bisect_left(self._order, peel_id)
                self._order.insert(place, peel_id)
                self._order_numbers.insert(place, self._numbers[peel_id])
        self._fresh.clear()
        return self._order
