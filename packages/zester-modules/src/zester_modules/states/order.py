"""The running order: definition order, moved by `order:` and requisites, as Salt moves it.

Of all states whose requisites have been placed, the one comes next that has the smallest place:
its own, or that of a direct dependent, whichever is smaller. So a required state is pulled forward
to its first dependent, and the dependent is not pushed back. Before a target of `prereq` comes its
trial run, which needs what the target needs; it is a place in the graph and no state.
"""

import heapq
from typing import Final

import msgspec

from zester_modules.states.chunks import Chunk
from zester_modules.states.resolve import Resolved
from zester_proto.render.nodes import Place, Problem, Scalar
from zester_proto.render.values import scalar
from zester_proto.tree.problems import Problems
from zester_proto.units import few

_FAR: Final = 1_000_000
_MAX_NAMES: Final = 10
_MAX_EDGES: Final = 100
_MAX_CIRCLES: Final = 200
_MAX_ORDER: Final = 10**12
_HEAVY: Final = {
    kind: weight
    for weight, kind in enumerate(
        ("onfail", "onfail_any", "onfail_all", "require", "require_any", "onchanges",
         "onchanges_any", "watch", "watch_any", "prereq")
    )
}  # fmt: skip
"""Behind a heavier dependent, lighter ones do not pull their requirement forward (Salt's rule)."""


class Edge(msgspec.Struct, frozen=True):
    """One has to be placed before the other."""

    kind: str
    place: Place
    text: str
    owner: int
    """The state that asks for it."""


class Ordered(msgspec.Struct, frozen=True, kw_only=True):
    """The states' indices in running order, and each one's place without requisites."""

    running: tuple[int, ...]
    places: tuple[int, ...]


def order(
    chunks: list[Chunk], requisites: list[list[Resolved]], problems: Problems
) -> Ordered | None:
    """Give the running order; None where requisites go in a circle, which is noted."""
    graph = _Graph(chunks, problems)
    for index, found in enumerate(requisites):
        for one in found:
            if one.wanted.kind in _HEAVY:
                graph.require(index, one)
    placed = graph.sorted()
    if placed is None:
        for problem in graph.circles():
            problems.add(problem)
        return None
    size = len(chunks)
    defined = sorted(range(size), key=lambda index: (*graph.key(index), index))
    places = [0] * size
    for place, index in enumerate(defined, 1):
        places[index] = place
    return Ordered(running=tuple(one for one in placed if one < size), places=tuple(places))


class _Graph:
    """States by index, and behind them the trial runs of `prereq`s' targets."""

    def __init__(self, chunks: list[Chunk], problems: Problems) -> None:
        self._chunks = chunks
        self._written = _written(chunks, problems)
        self._cap = _cap(self._written)
        self._after: list[dict[int, dict[str, Edge]]] = [{} for _ in chunks]
        self._before: list[dict[int, dict[str, Edge]]] = [{} for _ in chunks]
        self._trials: dict[int, int] = {}
        self._state_of = list(range(len(chunks)))

    def require(self, index: int, one: Resolved) -> None:
        """Place a state behind what it requires, or before the target of its `prereq`."""
        kind, place, text = one.wanted.kind, one.wanted.place, str(one.wanted)
        edge = Edge(kind, place, text, index)
        for other in one.states:
            if kind == "prereq":
                self._prereq(index, other, edge)
                continue
            if index in self._trials:
                self._add(other, self._trials[index], edge)
            self._add(other, index, edge)

    def _prereq(self, index: int, target: int, edge: Edge) -> None:
        if target not in self._trials:
            trial = self._trials[target] = len(self._after)
            self._after.append({})
            self._before.append({})
            self._state_of.append(target)
            for first, edges in list(self._before[target].items()):
                for known in edges.values():
                    if known.kind != "prereq":
                        self._add(first, trial, known)
        self._add(self._trials[target], index, edge)
        self._add(index, target, edge, "require")
        if index in self._trials:
            self._add(self._trials[target], self._trials[index], edge)

    def _add(self, first: int, second: int, edge: Edge, kind: str = "") -> None:
        self._after[first].setdefault(second, {}).setdefault(kind or edge.kind, edge)
        self._before[second].setdefault(first, {}).setdefault(kind or edge.kind, edge)

    def key(self, node: int) -> tuple[float, str]:
        """Give a state's own place, and what decides between equal ones."""
        chunk = self._chunks[self._state_of[node]]
        own = self._raw(node) + chunk.name_order / 10_000
        if own < 0:
            own += self._cap + _FAR
        by_name = f"{chunk.block.state}{chunk.name}{chunk.function}"
        return own, f"{chunk.index:09}" if chunk.source.dialect == "zy" else by_name

    def _raw(self, node: int) -> float:
        written = self._written[self._state_of[node]]
        if written == "last":
            return self._cap + _FAR
        if written == "first":
            return 0
        return written if isinstance(written, int | float) else self._cap

    def _first_dependent(self, node: int) -> float:
        heaviest, first = -1, float("inf")
        for other, edges in self._after[node].items():
            for kind in edges:
                if _HEAVY[kind] >= heaviest:
                    heaviest = _HEAVY[kind]
                    first = min(first, self._raw(other))
        return first

    def sorted(self) -> list[int] | None:
        """Give all nodes in order; None where some wait for each other."""
        waiting = [len(before) for before in self._before]
        heap: list[tuple[float, float, str, int]] = []

        def push(node: int) -> None:
            own, tie = self.key(node)
            heapq.heappush(heap, (min(own, self._first_dependent(node)), own, tie, node))

        for node, count in enumerate(waiting):
            if not count:
                push(node)
        placed: list[int] = []
        while heap:
            node = heapq.heappop(heap)[3]
            placed.append(node)
            for other in self._after[node]:
                waiting[other] -= 1
                if not waiting[other]:
                    push(other)
        return placed if len(placed) == len(self._after) else None

    def circles(self) -> list[Problem]:
        """Name each circle with every edge's file and line."""
        found: list[Problem] = []
        for circle in find_circles([list(after) for after in self._after]):
            steps = zip(circle, [*circle[1:], circle[0]], strict=True)
            edges = [next(iter(self._after[one][next_].values())) for one, next_ in steps]
            lines = [
                f"{edge.place}: `{edge.kind}` of {self._name(edge.owner)}: {edge.text}"
                for edge in reversed(edges[-_MAX_EDGES:])
            ]
            some = list(dict.fromkeys(self._name(node) for node in reversed(circle)))
            problem = Problem(
                message=f"requisites go in a circle: {few(some, _MAX_NAMES)}",
                place=edges[-1].place,
                because=tuple(dict.fromkeys(lines)),
                hint="take one of these lines out",
            )
            found.append(problem)
        return found

    def _name(self, node: int) -> str:
        chunk = self._chunks[self._state_of[node]]
        return f"{chunk.full} {chunk.id!r}"


def _written(chunks: list[Chunk], problems: Problems) -> list[int | float | str | None]:
    """Give what stands as `order:`, or else the place by definition."""
    found: list[int | float | str | None] = []
    for chunk in chunks:
        arg = chunk.args.get("order")
        if arg is None:
            found.append(chunk.block.written)
            continue
        meant = scalar(arg.value, chunk.source.dialect) if isinstance(arg.value, Scalar) else None
        in_range = isinstance(meant, int | float) and abs(meant) < _MAX_ORDER
        good = in_range or meant in {"first", "last"}
        if not good:
            text = f"`order` of {chunk.id!r} is neither a number nor first or last"
            if chunk.source.dialect == "zy":
                problems.error(text, arg.place)
            else:
                problems.warn(text, arg.place, "as in Salt the state comes last")
        found.append(meant if good else "")
    return found


def _cap(written: list[int | float | str | None]) -> int:
    """Give Salt's place for states without one: somewhat behind the greatest."""
    cap = 1
    for one in written:
        if isinstance(one, int) and one > cap - 1 and one > 0:
            cap = one + 100
    return cap


def find_circles(after: list[list[int]]) -> list[list[int]]:
    """Give one circle of each knot of nodes that wait for each other.

    Args:
        after: for each node those that come after it.
    """
    circles: list[list[int]] = []
    done = [False] * len(after)
    for start in range(len(after)):
        if done[start] or len(circles) >= _MAX_CIRCLES:
            continue
        path: list[int] = []
        on_path: dict[int, int] = {}
        stack: list[tuple[int, int]] = [(start, 0)]
        while stack:
            node, at = stack.pop()
            if not at:
                done[node] = True
                on_path[node] = len(path)
                path.append(node)
            if at < len(after[node]):
                stack.append((node, at + 1))
                child = after[node][at]
                if child in on_path and len(circles) < _MAX_CIRCLES:
                    circles.append(path[on_path[child] :])
                if not done[child]:
                    stack.append((child, 0))
            else:
                del on_path[path.pop()]
    return _apart(circles)


def _apart(circles: list[list[int]]) -> list[list[int]]:
    """Keep one circle of each knot: the shortest of those that share a node."""
    kept: list[list[int]] = []
    for circle in sorted(circles, key=len):
        if not any(set(circle) & set(other) for other in kept):
            kept.append(circle)
    return kept
