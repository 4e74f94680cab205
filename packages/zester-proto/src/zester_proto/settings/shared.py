"""What compiles for several peels may have in common: files, merges of them, and their values.

A fleet's settings are mostly the same layers. Whoever compiles for many peels hands in a `Shared`
that keeps them; all of it is immutable, or not to be changed.
"""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from zester_proto.render.lines import LineMap
from zester_proto.render.nodes import Dialect, Mapping, Node
from zester_proto.render.values import plain
from zester_proto.render.yaml import Loaded
from zester_proto.settings.includes import Include


class AskedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file, and what its template knows beside the peel; equal ones render the same for it."""

    env: str
    path: str
    reference: str
    defaults: str = ""
    """Of its include, as text."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one file gave, before secrets are put in."""

    text: str
    root: Mapping | None
    """None for an empty file."""
    split: tuple[tuple[Include, ...], Mapping] | None
    """Its includes, and the root without them; None where there are none, or what is wrong with
    them has to be told."""
    files: tuple[tuple[str, str], ...]
    """Environment and path of all that was read for it."""
    rendered: bool
    """It is a template."""


class Shared(Protocol):
    """Keeps what compiles have in common, for one compile."""

    def part(self, asked: AskedFile, make: Callable[[], Part | None], /) -> Part | None:
        """Give what a file says, made before or now; None where it cannot be read."""
        ...

    def is_blind(self, asked: AskedFile, /) -> bool:
        """Say whether the file's template cannot look at settings: they need not be made for it."""
        ...

    def loaded(self, lines: LineMap, dialect: Dialect, load: Callable[[], Loaded], /) -> Loaded:
        """Give what a text says as YAML, read before or now.

        Args:
            lines: the text, with where it came from.
            dialect: whose words hold in it.
            load: reads it.
        """
        ...

    def laid(self, base: Node | None, over: Node, how: str, /) -> Node | None:
        """Give what was made of a tree laid on another (None: on nothing); None if it is not known.

        Args:
            base: what is below.
            over: what is laid on top.
            how: equal where the same trees make the same.
        """
        ...

    def keep(self, base: Node | None, over: Node, how: str, made: Node) -> None:
        """Keep what was made of it, for `laid`."""
        ...

    def value(self, node: Node, words: Dialect) -> Any:
        """Give a tree as plain data."""
        ...


class Alone:
    """Keeps nothing: one peel's own compile."""

    def part(self, _asked: AskedFile, make: Callable[[], Part | None], /) -> Part | None:
        """Read the file."""
        return make()

    def is_blind(self, _asked: AskedFile, /) -> bool:
        """Take no chance."""
        return False

    def loaded(self, _lines: LineMap, _dialect: Dialect, load: Callable[[], Loaded], /) -> Loaded:
        """Read it."""
        return load()

    def laid(self, _base: Node | None, _over: Node, _how: str, /) -> Node | None:
        """Know nothing."""
        return None

    def keep(self, base: Node | None, over: Node, how: str, made: Node) -> None:
        """Do nothing."""

    def value(self, node: Node, words: Dialect) -> Any:
        """Make it."""
        return plain(node, words)
