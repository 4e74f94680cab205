"""Lays one settings tree over another and keeps the place of every leaf (settings.md 1).

* Maps are merged key by key, at every depth. A null and a map give the map.
* A list replaces a list, unless the later one is tagged `!append`, `!prepend` or `!unique`, or
  `lists="append"` is asked for (`pillar_merge_lists`).
* `!overwrite` and `!reset` replace what was there, whatever both are.
* A map, a list and a single value do not mix: an error with both places in `.zy`, a warning and
  the last one in `.sls`.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from zester_proto.messages.settings import Lists
from zester_proto.render.nodes import Dialect, Mapping, Node, Problem, Scalar, Sequence
from zester_proto.render.values import scalar

_Pairs = dict[Any, tuple[Scalar, Node]]
"""A mapping's pairs by what their keys mean."""

_LIST_TAGS: Final = frozenset({"!append", "!prepend", "!unique"})
_REPLACE_TAGS: Final = frozenset({"!overwrite", "!reset"})
_KINDS: Final = {Scalar: "a single value", Sequence: "a list", Mapping: "a mapping"}


class Merged(msgspec.Struct, frozen=True):
    """A merged tree, and what did not fit."""

    root: Node | None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def merge_all(trees: Iterable[tuple[Node | None, Dialect]], lists: Lists = "replace") -> Merged:
    """Lay trees over one another, the last one on top.

    Args:
        trees: each with the dialect of its file; None is an empty file.
        lists: what untagged lists do.
    """
    merging = Merging(lists)
    for tree, dialect in trees:
        if tree is not None:
            merging.lay(tree, dialect)
    return merging.merged


def merge(
    base: Node | None, over: Node | None, dialect: Dialect, lists: Lists = "replace"
) -> Merged:
    """Lay one tree over another; the dialect is that of the file of `over`."""
    return merge_all([(base, dialect), (over, dialect)], lists)


class Merging:
    """Lays one tree after the other over what is there, at the cost of that tree alone.

    Args:
        lists: what untagged lists do.
        words: whose words say what a key is, where that is not the dialect of the tree itself.

    Attributes:
        root: what is merged so far.
    """

    def __init__(self, lists: Lists = "replace", words: Dialect | None = None) -> None:
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._lists = lists
        self._words: Dialect | None = words
        self._strict = True
        self._dialect: Dialect = "zy"
        self._pairs: dict[int, tuple[Mapping, _Pairs]] = {}

    @property
    def merged(self) -> Merged:
        """What is merged so far, and what did not fit."""
        return Merged(self.root, tuple(self.problems), tuple(self.warnings))

    def lay(self, tree: Node, dialect: Dialect) -> None:
        """Lay a tree on top; in a `zy` tree kinds that do not mix are a problem."""
        self._strict = dialect == "zy"
        self._dialect = dialect if self._words is None else self._words
        root = self.root
        self.root = self._settle(tree) if root is None else self._merge(root, tree, ())

    def pairs(self, node: Mapping) -> _Pairs:
        """Give the keys of a mapping that is part of the root, by what they mean, with values."""
        known = self._pairs.get(id(node))
        return self._keyed(node) if known is None else known[1]

    def _keyed(self, node: Mapping) -> _Pairs:
        return {scalar(key, self._dialect): (key, value) for key, value in node.pairs}

    def _merge(self, base: Node, over: Node, path: tuple[str, ...]) -> Node:
        """Return `over` laid on `base`, at this path of keys."""
        if over.tag in _REPLACE_TAGS:
            return self._settle(over)
        if isinstance(base, Mapping) and isinstance(over, Mapping):
            return self._maps(base, over, path)
        if isinstance(base, Sequence) and isinstance(over, Sequence):
            return self._sequences(base, over)
        if isinstance(base, Mapping) and self._is_null(over):
            return base
        if not self._fits(base, over):
            self._conflict(base, over, path)
        return self._settle(over)

    def _settle(self, node: Node) -> Node:
        """Return a tree over nothing: tags that say how to merge are done with."""
        match node:
            case Scalar():
                self._check_tag(node)
                return msgspec.structs.replace(node, tag="") if node.tag in _MERGING else node
            case Sequence():
                items = tuple(self._settle(item) for item in node.items)
                if node.tag == "!unique":
                    items = self._without((), items)
                tag = "" if node.tag in _MERGING else node.tag
                return Sequence(items, node.place, tag)
            case Mapping():
                self._check_tag(node)
                pairs = tuple((key, self._settle(value)) for key, value in node.pairs)
                return Mapping(pairs, node.place, "" if node.tag in _MERGING else node.tag)

    def _maps(self, base: Mapping, over: Mapping, path: tuple[str, ...]) -> Mapping:
        self._check_tag(over)
        # The base is replaced by what is made here, so its index may go on as that one's.
        known = self._pairs.pop(id(base), None)
        pairs = self._keyed(base) if known is None else known[1]
        for key, value in over.pairs:
            same = scalar(key, self._dialect)
            below = pairs.get(same)
            if below is None:
                pairs[same] = (key, self._settle(value))
            else:
                pairs[same] = (key, self._merge(below[1], value, (*path, key.text)))
        made = Mapping(tuple(pairs.values()), over.place, base.tag)
        self._pairs[id(made)] = (made, pairs)
        return made

    def _sequences(self, base: Sequence, over: Sequence) -> Sequence:
        mine = tuple(self._settle(item) for item in over.items)
        match over.tag:
            case "!append":
                items = (*base.items, *mine)
            case "!prepend":
                items = (*mine, *base.items)
            case "!unique":
                items = (*base.items, *self._without(base.items, mine))
            case _ if self._lists == "append":
                known = {self._same(item) for item in base.items}
                items = (*base.items, *(item for item in mine if self._same(item) not in known))
            case _:
                items = mine
        return Sequence(items, over.place, "" if over.tag in _MERGING else over.tag)

    def _without(self, known: tuple[Node, ...], items: tuple[Node, ...]) -> tuple[Node, ...]:
        seen = {self._same(item) for item in known}
        new: list[Node] = []
        for item in items:
            same = self._same(item)
            if same not in seen:
                seen.add(same)
                new.append(item)
        return tuple(new)

    def _same(self, node: Node) -> object:
        """Return something that is equal for nodes that say the same."""
        match node:
            case Scalar():
                value = scalar(node, self._dialect)
                return (type(value).__name__, value, node.tag)
            case Sequence():
                return ("list", tuple(self._same(item) for item in node.items), node.tag)
            case Mapping():
                pairs = frozenset((self._same(key), self._same(item)) for key, item in node.pairs)
                return ("map", pairs, node.tag)

    def _is_null(self, node: Node) -> bool:
        return isinstance(node, Scalar) and not node.tag and scalar(node, self._dialect) is None

    def _fits(self, base: Node, over: Node) -> bool:
        return type(base) is type(over) or self._is_null(base) or self._is_null(over)

    def _check_tag(self, node: Node) -> None:
        if node.tag in _LIST_TAGS:
            hint = f"write it in front of a list: {node.tag} [...]"
            message = f"{node.tag} stands before {_KINDS[type(node)]}, and is for lists"
            self.problems.append(Problem(message=message, place=node.place, hint=hint))

    def _conflict(self, base: Node, over: Node, path: tuple[str, ...]) -> None:
        name = ":".join(path) or "the whole file"
        problem = Problem(
            message=f"{name} is {_KINDS[type(over)]} here and {_KINDS[type(base)]} in {base.place}",
            place=over.place,
            hint="make both the same kind, or put !overwrite before this one",
        )
        (self.problems if self._strict else self.warnings).append(problem)


_MERGING: Final = _LIST_TAGS | _REPLACE_TAGS
