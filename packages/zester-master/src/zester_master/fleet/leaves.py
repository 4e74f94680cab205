"""The facts of a fleet, each distinct value once: a tree of paths, values, and who has them."""

from array import array
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from pyroaring import BitMap

from zester_master.fleet.addresses import Addresses
from zester_master.fleet.postings import Posting, union, without_peel
from zester_master.fleet.shade import Shade
from zester_proto import codec
from zester_proto.target.matcher import reaches
from zester_proto.target.plan import Plan
from zester_proto.target.subnets import Net
from zester_proto.target.values import MISSING, value_in

Key: TypeAlias = str | int | bytes
"""A value as a key: texts and integers are themselves, all else its canonical bytes."""


class Branch:
    """One path of maps.

    Attributes:
        parent: the path without its last key; None at the root.
        key: the last key.
        children: paths one key longer.
        leaves: the number of the leaf of each value that some peel has here.
        shade: the values from outside; made when first asked for.
        addresses: the values as addresses; made when first asked for.
    """

    __slots__ = ("addresses", "children", "key", "leaves", "parent", "shade")

    def __init__(self, parent: "Branch | None", key: str) -> None:
        self.parent = parent
        self.key = key
        self.children: Final[dict[str, Branch]] = {}
        self.leaves: Final[dict[Key, int]] = {}
        self.shade: Shade | None = None
        self.addresses: Addresses | None = None


class Leaves:
    """All values of all peels.

    A leaf is a value at a path; a peel's facts are the numbers of its leaves. Lists, empty maps
    and the maps in `opaque` are values as a whole here.
    """

    def __init__(self, opaque: frozenset[str]) -> None:
        """Make it empty.

        Args:
            opaque: facts at the top that are maps with too many or too fast-moving values.
        """
        self.root: Final = Branch(None, "")
        self._opaque = opaque
        self._branches: list[Branch] = []
        self._keys: list[Key] = []
        self._peels: list[Posting | None] = []
        self._free: list[int] = []
        self._facts: dict[int, array[int]] = {}

    def __len__(self) -> int:
        """Count the distinct values at distinct paths."""
        return len(self._peels) - len(self._free)

    @property
    def room(self) -> int:
        """How many values there is room for: the most that there ever were."""
        return len(self._peels)

    def put(self, peel: int, facts: Mapping[str, Any]) -> int:
        """Replace the facts of a peel, touching only what changed.

        Args:
            peel: its number.
            facts: as they travel: maps with texts as keys, lists, texts, numbers, booleans, null.

        Returns:
            How many leaves were added and taken away.

        Raises:
            CodecError: a value cannot travel; nothing was changed.
        """
        leaves: list[int] = []
        try:
            self._collect(self.root, facts, leaves)
        except BaseException:
            for leaf in leaves:
                self._drop_if_unused(leaf)
            _prune(self.root)
            raise
        before = self._facts.get(peel)
        if before is None:
            added, gone = leaves, []
        else:
            old, new = set(before), set(leaves)
            added, gone = list(new - old), list(old - new)
            for leaf in gone:
                self._take(peel, leaf)
        for leaf in added:
            self._give(peel, leaf)
        if before is None or added or gone:
            self._facts[peel] = array("I", leaves)
        return len(added) + len(gone)

    def remove(self, peel: int) -> None:
        """Forget the facts of a peel."""
        for leaf in self._facts.pop(peel, ()):
            self._take(peel, leaf)

    def facts(self, peel: int) -> dict[str, Any]:
        """Give the facts of a peel as they were put."""
        facts: dict[str, Any] = {}
        for leaf in self._facts.get(peel, ()):
            branch = self._branches[leaf]
            _place(facts, branch, self.root)[branch.key] = value_of(self._keys[leaf])
        return facts

    def find(self, plan: Plan, at: frozenset[int]) -> BitMap:
        """Give the peels for whose facts a walk ends well; the same truth as `reaches`."""
        found: list[Posting] = []
        self._find(self.root, plan, at, found)
        return union(found)

    def subnet(self, net: Net) -> BitMap:
        """Give the peels that have an address in a network."""
        addresses = self.addresses(net.version)
        return BitMap() if addresses is None else addresses.find(net)

    def addresses(self, version: int) -> Addresses | None:
        """Give the addresses of one version, made if they are not yet; None if there are none."""
        branch = self.root.children.get(f"ipv{version}")
        if branch is None:
            return None
        if branch.addresses is None:
            branch.addresses = Addresses(version)
            for key, leaf in branch.leaves.items():
                branch.addresses.add(self._posting(leaf), value_of(key))
        return branch.addresses

    def column(self, words: list[str], within: BitMap) -> dict[int, Any]:
        """Give the value that each of some peels has at a path; those without are left out."""
        found: dict[int, Any] = {}
        branch = self.root
        while words:
            for key, leaf in branch.leaves.items():
                value = value_in(value_of(key), words)
                if value is not MISSING:
                    found.update((peel, value) for peel in self._among(leaf, within))
            child = branch.children.get(words[0])
            if child is None:
                return found
            branch, words = child, words[1:]
        for below in _branches(branch):
            for key, leaf in below.leaves.items():
                value = value_of(key)
                for peel in self._among(leaf, within):
                    if below is branch:
                        found[peel] = value
                    else:
                        _place(found.setdefault(peel, {}), below, branch)[below.key] = value
        return found

    def _collect(self, branch: Branch, values: Mapping[str, Any], leaves: list[int]) -> None:
        # The hot loop of loading a fleet: forty values a peel.
        children = branch.children
        for name, value in values.items():
            child = children.get(name)
            if child is None:
                child = children[name] = Branch(branch, name)
            kind = type(value)  # pyright: ignore[reportUnknownVariableType]  # facts are free-form
            if kind is dict and value and not (branch is self.root and name in self._opaque):
                self._collect(child, value, leaves)
                continue
            key: Key = value if kind is str or kind is int else codec.pack_normal(value)
            leaf = child.leaves.get(key)
            if leaf is None:
                leaf = self._new_leaf(child, key)
            leaves.append(leaf)

    def _new_leaf(self, branch: Branch, key: Key) -> int:
        if self._free:
            leaf = self._free.pop()
            self._branches[leaf], self._keys[leaf] = branch, key
        else:
            leaf = len(self._peels)
            self._branches.append(branch)
            self._keys.append(key)
            self._peels.append(None)
        branch.leaves[key] = leaf
        return leaf

    def _give(self, peel: int, leaf: int) -> None:
        peels = self._peels[leaf]
        if peels is None:
            self._peels[leaf] = peel
        elif type(peels) is int:
            self._peels[leaf] = BitMap((peels, peel))
        else:
            peels.add(peel)  # pyright: ignore[reportAttributeAccessIssue,reportUnknownMemberType]
        branch = self._branches[leaf]
        if branch.shade is not None:
            branch.shade.add(peel, value_of(self._keys[leaf]))
        if branch.addresses is not None:
            branch.addresses.add(peel, value_of(self._keys[leaf]))

    def _take(self, peel: int, leaf: int) -> None:
        self._peels[leaf] = without_peel(self._peels[leaf], peel)
        branch = self._branches[leaf]
        if branch.shade is not None:
            branch.shade.discard(peel, value_of(self._keys[leaf]))
        if branch.addresses is not None:
            branch.addresses.discard(peel, value_of(self._keys[leaf]))
        self._drop_if_unused(leaf)

    def _drop_if_unused(self, leaf: int) -> None:
        if self._peels[leaf] is not None:
            return
        branch = self._branches[leaf]
        del branch.leaves[self._keys[leaf]]
        self._free.append(leaf)
        while branch.parent is not None and not branch.leaves and not branch.children:
            del branch.parent.children[branch.key]
            branch = branch.parent

    def _find(self, branch: Branch, plan: Plan, at: frozenset[int], found: list[Posting]) -> None:
        if branch.leaves:
            self._find_values(branch, plan, at, found)
        if not branch.children:
            return
        at = plan.closed(at)
        if plan.keys:
            tails = plan.asked(at)
            for key, child in branch.children.items():
                if any(tail.text(key.lower()) for tail in tails):
                    found += (self._posting(n) for b in _branches(child) for n in b.leaves.values())
        named, others = plan.below(at)
        if others:
            for key, child in branch.children.items():
                self._find(child, plan, named.get(key, others), found)
            return
        for key, more in named.items():
            child = branch.children.get(key)
            if child is not None:
                self._find(child, plan, more, found)

    def _find_values(
        self, branch: Branch, plan: Plan, at: frozenset[int], found: list[Posting]
    ) -> None:
        shade = branch.shade
        if shade is None:
            shade = branch.shade = Shade()
            for key, leaf in branch.leaves.items():
                shade.add(self._posting(leaf), value_of(key))
        loose = plan.without_positions(shade.longest)
        if not loose.skips:
            shade.find(plan, at, found)
            return
        # A position in a list: the shade says who may be meant, the values who is.
        maybe: list[Posting] = []
        shade.find(loose, at, maybe)
        candidates = union(maybe)
        for key, leaf in branch.leaves.items():
            peels = self._posting(leaf)
            is_maybe = peels in candidates if isinstance(peels, int) else peels & candidates
            if is_maybe and reaches(value_of(key), plan, at):
                found.append(peels)

    def _posting(self, leaf: int) -> Posting:
        peels = self._peels[leaf]
        assert peels is not None, "a leaf without peels is dropped"
        return peels

    def _among(self, leaf: int, within: BitMap) -> Iterable[int]:
        peels = self._posting(leaf)
        if isinstance(peels, int):
            return (peels,) if peels in within else ()
        return peels & within


def value_of(key: Key) -> Any:
    """Give the value that a key stands for."""
    return codec.unpack(key) if type(key) is bytes else key


def _place(facts: dict[str, Any], branch: Branch, top: Branch) -> dict[str, Any]:
    """Give the map of a peel's facts in which a branch's value stands."""
    path: list[str] = []
    while branch.parent is not None and branch.parent is not top:
        branch = branch.parent
        path.append(branch.key)
    for key in reversed(path):
        facts = facts.setdefault(key, {})
    return facts


def _prune(branch: Branch) -> bool:
    """Take away branches that lead nowhere; says whether this one is such a one."""
    for key in [key for key, child in branch.children.items() if _prune(child)]:
        del branch.children[key]
    return not branch.leaves and not branch.children


def _branches(branch: Branch) -> Iterable[Branch]:
    yield branch
    for child in branch.children.values():
        yield from _branches(child)
