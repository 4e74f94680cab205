"""What the settings of a fleet's peels have in common: files, merges of them, their values.

A file is read once for all who cannot differ in it: a plain one for everybody, a template for
those who have the same of the facts that it looked at. Whether it may look at anything else is
found in its words.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from zester_master.known.by_facts import ByFacts
from zester_master.known.watched import WatchedFacts
from zester_proto.kept import Kept
from zester_proto.render.lines import LineMap
from zester_proto.render.nodes import Dialect, Node, Scalar
from zester_proto.render.values import plain
from zester_proto.render.yaml import Loaded
from zester_proto.settings.shared import AskedFile, Part

Files = Mapping[str, Mapping[str, bytes]]
"""Environment to path to content."""

PARTS: Final = 20_000
MERGES: Final = 256
VALUES: Final = 8192
"""What is kept of each; those not asked for longest go."""

_OF_ONE: Final = re.compile(rb"peel_id|opts|ifelse|basket|settings|pillar|salt|(?<!!)secret")
"""Words in a template by which it may look at more than facts."""

_TAKES_IN: Final = re.compile(rb"import|include|extends")
"""Words by which a template is made of others."""


class Layers:
    """What was made of one tree's files, and of the next one's where they are the same.

    Args:
        files: of the tree.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._parts = ByFacts[AskedFile, Part](PARTS)
        # Trees are known by what they are, so they are kept with what was made of them.
        self._merges = Kept[tuple[int, int, str], tuple[Node | None, Node, Node]](MERGES)
        self._values = Kept[tuple[int, Dialect], tuple[Node, Any]](VALUES)

    def follow(self, files: Files, changed: set[tuple[str, str]], *, moved: bool) -> None:
        """Go on with another tree.

        Args:
            files: of it.
            changed: files that are others now.
            moved: some came or went, which a template that takes in others may notice.
        """
        self._files = files

        def stays(part: Part) -> bool:
            sure = not (moved and part.rendered and any(map(self._takes_in, part.files)))
            return sure and changed.isdisjoint(part.files)

        self._parts.keep_if(stays)

    def of(self, facts: WatchedFacts) -> "PeelLayers":
        """Give them for the compile of one peel."""
        return PeelLayers(self, facts)

    def known(self, asked: AskedFile, facts: WatchedFacts) -> tuple[Part, tuple[str, ...]] | None:
        """Give what a file says to who has these facts, and which it looked at."""
        return self._parts.get(asked, facts.packed)

    def learn(self, asked: AskedFile, facts: WatchedFacts, part: Part) -> None:
        """Keep what a file says, if nothing but the facts that were looked at decided it."""
        if part.rendered and (facts.whole or any(map(self._is_of_one, part.files))):
            return
        names = tuple(sorted(facts.seen))
        self._parts.put(asked, names, facts.packed(names), part)

    def _is_of_one(self, file: tuple[str, str]) -> bool:
        return _OF_ONE.search(self._text(file)) is not None

    def _takes_in(self, file: tuple[str, str]) -> bool:
        return _TAKES_IN.search(self._text(file)) is not None

    def _text(self, file: tuple[str, str]) -> bytes:
        env, path = file
        return self._files.get(env, {}).get(path, b"")

    def is_blind(self, asked: AskedFile) -> bool:
        """Say whether a template cannot look at settings."""
        file = (asked.env, asked.path)
        return not (self._takes_in(file) or self._is_of_one(file))

    def laid(self, base: Node | None, over: Node, how: str) -> Node | None:
        """Give what was made of a tree laid on another."""
        found = self._merges.get((id(base), id(over), how))
        return found[2] if found is not None else None

    def keep(self, base: Node | None, over: Node, how: str, made: Node) -> None:
        """Keep what was made of it."""
        self._merges.put((id(base), id(over), how), (base, over, made))

    def value(self, node: Node, words: Dialect) -> Any:
        """Give a tree as plain data, the same for the same tree."""
        if isinstance(node, Scalar):
            return plain(node, words)
        found = self._values.get((id(node), words))
        if found is None:
            found = (node, plain(node, words))
            self._values.put((id(node), words), found)
        return found[1]


class PeelLayers:
    """The layers for the compile of one peel; they satisfy `Shared`."""

    def __init__(self, layers: Layers, facts: WatchedFacts) -> None:
        self._layers = layers
        self._facts = facts
        self.is_blind = layers.is_blind
        self.laid = layers.laid
        self.keep = layers.keep
        self.value = layers.value

    def loaded(self, _lines: LineMap, _dialect: Dialect, load: Callable[[], Loaded]) -> Loaded:
        """Read a text: the whole file is kept (`part`)."""
        return load()

    def part(self, asked: AskedFile, make: Callable[[], Part | None]) -> Part | None:
        """Give what a file says."""
        known = self._layers.known(asked, self._facts)
        if known is not None:
            part, names = known
            self._facts.seen.update(names)
            return part
        with self._facts.apart():
            part = make()
            if part is not None:
                self._layers.learn(asked, self._facts, part)
        return part
