"""Which peels an expression means, out of the whole fleet, by bitmaps."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pyroaring import BitMap

from zester_master.fleet.leaves import Leaves
from zester_master.fleet.names import Names
from zester_proto.target import ranges
from zester_proto.target.ast import (
    And,
    Comparison,
    Fact,
    FactRegex,
    Globs,
    Group,
    IdRegex,
    Listed,
    Node,
    Not,
    Or,
    Part,
    Ranged,
    Subnet,
    walk,
)
from zester_proto.target.errors import SettingsUnavailable
from zester_proto.target.matcher import ROOT
from zester_proto.target.plan import comparison_plan, plan_of, presence_plan
from zester_proto.target.subnets import network
from zester_proto.target.writing import write

OPAQUE: Final = frozenset({"network"})
"""Facts that are maps with many or fast-moving values: indexed when first asked for."""


class Result:
    """The peels that an expression means, as they were when it was asked.

    Attributes:
        bitmap: their numbers in the index; nobody else's to change.
        count: how many they are.
    """

    __slots__ = ("_names", "bitmap", "count")

    def __init__(self, bitmap: BitMap, names: Names) -> None:
        self.bitmap = bitmap
        self.count = len(bitmap)
        self._names = names

    def ids(self) -> list[str]:
        """Give their ids, sorted; made anew at each call."""
        return self._names.ids(self.bitmap)


class FleetIndex:
    """The facts of all peels, ready to be asked; holds no task and no connection."""

    def __init__(self, *, opaque: frozenset[str] = OPAQUE) -> None:
        """Make it empty.

        Args:
            opaque: facts that are indexed only when first asked for, besides all lists.
        """
        self.changes = 0
        """Rises whenever something is said of a peel that was not known."""
        self._names = Names()
        self._leaves = Leaves(opaque)

    def __len__(self) -> int:
        return len(self._names.alive)

    def __contains__(self, peel_id: str) -> bool:
        return self._names.number(peel_id) is not None

    def put(self, peel_id: str, facts: Mapping[str, Any]) -> int:
        """Take the facts of a peel; only what changed is touched.

        Args:
            peel_id: the peel, new or known.
            facts: as they travel (`codec.unpack`); empty for a peel of which only the id is known.

        Returns:
            How many values were added and taken away.

        Raises:
            CodecError: a value cannot travel; the peel keeps what it had.
        """
        known = peel_id in self
        number = self._names.add(peel_id)
        try:
            changed = self._leaves.put(number, facts)
        except BaseException:
            if not known:
                self._names.remove(peel_id)
            raise
        self.changes += bool(changed or not known)
        return changed

    def remove(self, peel_id: str) -> bool:
        """Forget a peel; says whether it was there."""
        number = self._names.remove(peel_id)
        if number is None:
            return False
        self._leaves.remove(number)
        self.changes += 1
        return True

    def get(self, peel_id: str) -> dict[str, Any] | None:
        """Give the facts of a peel, None if it is not known."""
        number = self._names.number(peel_id)
        return None if number is None else self._leaves.facts(number)

    def ids(self) -> list[str]:
        """Give all ids, sorted."""
        return self._names.ids(self._names.alive)

    def prepare(self) -> None:
        """Make now what the first glob and `S@` would wait for, once a fleet is loaded."""
        self._names.sort()
        for version in (4, 6):
            self._leaves.addresses(version)

    def resolve(self, node: Node) -> Result:
        """Say which peels an expression means.

        Raises:
            SettingsUnavailable: it asks for settings (`I@`, `J@`).
        """
        _refuse_settings(node)
        answer = self._answer(node)
        return Result(answer.copy(), self._names)

    def explain(self, node: Node) -> tuple[Part, ...]:
        """Give each part of an expression with the number of peels that it means by itself.

        Raises:
            SettingsUnavailable: it asks for settings (`I@`, `J@`).
        """
        _refuse_settings(node)
        return tuple(
            Part(depth, write(part), len(self._answer(part))) for depth, part in walk(node)
        )

    def query(
        self, result: Result, keys: Iterable[str], *, delimiter: str = ":"
    ) -> list[tuple[str, dict[str, Any]]]:
        """Give facts of the peels of a result.

        Args:
            result: what `resolve` gave.
            keys: `os`, `cpu:count`, `disks:0:size`.
            delimiter: what stands between the words of a key.

        Returns:
            The ids in order, each with the values by key; keys that a peel lacks are left out.
        """
        columns = {key: self._leaves.column(key.split(delimiter), result.bitmap) for key in keys}
        rows: list[tuple[str, dict[str, Any]]] = []
        for peel_id in result.ids():
            number = self._names.number(peel_id)
            if number is not None:
                values = {k: column[number] for k, column in columns.items() if number in column}
                rows.append((peel_id, values))
        return rows

    def forget_answers(self) -> None:
        """Drop what is kept of earlier answers; only a benchmark wants that."""
        self._names.forget_answers()

    def _answer(self, node: Node) -> BitMap:
        """Give a bitmap that the caller must not change."""
        if isinstance(node, And):
            return self._all_of(node.parts)
        if isinstance(node, Or):
            return BitMap.union(*(self._answer(part) for part in node.parts))
        if isinstance(node, Not):
            return self._names.alive - self._answer(node.part)
        if isinstance(node, Group):
            return self._answer(node.node)
        if isinstance(node, Subnet):
            return self._leaves.subnet(network(node.network))
        if isinstance(node, Fact | FactRegex):
            return self._leaves.find(plan_of(node), ROOT)
        if isinstance(node, Comparison):
            return self._compared(node)
        return self._named(node)

    def _all_of(self, parts: tuple[Node, ...]) -> BitMap:
        # Taking away is cheaper than turning around: `A and not B` never makes `not B`.
        positive = [self._answer(part) for part in parts if not isinstance(part, Not)]
        answer = BitMap.intersection(*positive) if positive else self._names.alive
        negative = [self._answer(part.part) for part in parts if isinstance(part, Not)]
        return BitMap.difference(answer, *negative) if negative else answer

    def _compared(self, node: Comparison) -> BitMap:
        found = self._leaves.find(comparison_plan(node), ROOT)
        if node.operator != "!=":
            return found
        return self._leaves.find(presence_plan(node.path), ROOT) - found

    def _named(self, node: Globs | Listed | Ranged | IdRegex) -> BitMap:
        if isinstance(node, Globs):
            return BitMap.union(*(self._names.glob(pattern) for pattern in node.patterns))
        if isinstance(node, IdRegex):
            return self._names.regex(node.pattern)
        ids = node.ids if isinstance(node, Listed) else ranges.names(node.patterns)
        return self._names.listed(ids)


def _refuse_settings(node: Node) -> None:
    for _, part in walk(node):
        if isinstance(part, Fact | FactRegex | Comparison) and part.settings:
            raise SettingsUnavailable(write(part))
