"""What a compile of settings gives: values, where each came from, what is secret, what is wrong."""

from collections.abc import Iterator
from typing import Any

import msgspec

from zester_proto.render.nodes import Dialect, Mapping, Node, Problem

Path = tuple[Any, ...]
"""The way to a value: keys, and numbers in lists."""


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """What one file gave, as it was laid on those before it."""

    env: str
    reference: str
    path: str
    dialect: Dialect
    root: Node
    """Below the `key` of its include; in the words of `Compiled.words`."""


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """A file that only the peel itself can render."""

    env: str
    reference: str
    path: str
    problem: Problem
    """What it asks for, with its line."""
    names: tuple[str, ...] | None
    """The settings at the top that it gives; None: nobody can tell, so any."""


class Compiled(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one peel.

    Where there is an error there are no values.
    """

    values: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    root: Mapping | None = None
    """The same with places; a secret leaf has the tag `!secret` and its value as text."""
    words: Dialect = "sls"
    """Whose words the root is in."""
    layers: tuple[Layer, ...] = ()
    secrets: frozenset[Path] = frozenset()
    """Where secret values are."""
    errors: tuple[Problem, ...] = ()
    more_errors: int = 0
    warnings: tuple[Problem, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    """Environment and path of all that was read."""
    unknown: tuple[Unknown, ...] = ()
    called: frozenset[str] = frozenset()
    """Functions that looked at more than facts and settings: what they said may change."""

    def secret_texts(self) -> Iterator[str]:
        """Give the secret values, and those that were made of them."""
        for path in self.secrets:
            value: Any = self.values
            for step in path:
                value = value[step]
            yield str(value)
