"""Which lines of the top files mean a peel: those that name ids are found by them."""

from collections.abc import Iterable, Mapping
from typing import Any

from zester_master.settings.tops import Line
from zester_proto.messages.settings import SettingsEntry
from zester_proto.target import Node, matches
from zester_proto.target.ast import Globs, Listed
from zester_proto.target.globs import is_exact


class Lines:
    """The lines of one tree's top files, in their order."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._by_id: dict[str, list[tuple[int, Line]]] = {}
        self._others: list[tuple[int, Line]] = []
        for numbered in enumerate(lines):
            ids = _ids(numbered[1].target)
            if ids is None:
                self._others.append(numbered)
            for one in dict.fromkeys(ids or ()):
                self._by_id.setdefault(one, []).append(numbered)

    def of(self, peel_id: str, facts: Mapping[str, Any]) -> tuple[SettingsEntry, ...]:
        """Give what they name for a peel."""
        found = [one for one in self._others if matches(one[1].target, peel_id, facts, {})]
        found += self._by_id.get(peel_id, ())
        found.sort(key=lambda one: one[0])
        asked = [line.entry for _, line in found]
        # of two lines that name one file the first counts
        return tuple({(one.env, one.reference): one for one in reversed(asked)}.values())[::-1]


def _ids(target: Node) -> tuple[str, ...] | None:
    """Give the ids that a target names; None if more decides."""
    if isinstance(target, Listed):
        return target.ids
    if isinstance(target, Globs) and all(map(is_exact, target.patterns)):
        return target.patterns
    return None
