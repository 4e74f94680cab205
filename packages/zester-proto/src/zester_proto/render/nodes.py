"""A YAML document as a tree of texts with their places; what a text means is decided later.

Every scalar keeps its source text (states.md 1): a parameter that takes text gets that text, so
that `1.10` stays `1.10`, and a mode is read from its digits.

Trees have no cycles, so Python's collector need not look at their many small parts. They can be
encoded (`zester_modules/states/parsed_texts.py` keeps some), and no two hosts exchange them.
"""

from typing import Literal

import msgspec

Dialect = Literal["zy", "sls"]
"""Ours (YAML 1.2 core, strict) or Salt's (YAML 1.1 words, integers with leading zeros decimal)."""


class Place(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Where something stands in its source; lines and columns count from 1."""

    file: str
    line: int
    column: int | None = None
    """None where the rendered line is not the source's line (states.md 3)."""
    secret: bool = False
    """What stands there was made with a secret."""

    def __str__(self) -> str:
        column = "" if self.column is None else f":{self.column}"
        return f"{self.file}:{self.line}{column}"


class Scalar(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=1):
    """One word or text; `plain` if it was written without quotes."""

    text: str
    plain: bool
    place: Place
    tag: str = ""
    """An explicit tag such as `!secret`; "" where there is none."""


class Sequence(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=2):
    """A list."""

    items: "tuple[Node, ...]"
    place: Place
    tag: str = ""


class Mapping(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=3):
    """Keys and values in their order, without duplicates."""

    pairs: "tuple[tuple[Scalar, Node], ...]"
    place: Place
    tag: str = ""


Node = Scalar | Sequence | Mapping


def is_secret(node: Node) -> bool:
    """Say whether anything in a tree was made with a secret."""
    if node.place.secret:
        return True
    match node:
        case Scalar():
            return False
        case Sequence():
            return any(is_secret(item) for item in node.items)
        case Mapping():
            return any(is_secret(part) for pair in node.pairs for part in pair)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong with a tree, as an operator reads it (states.md 3)."""

    message: str
    place: Place | None = None
    hint: str = ""
    rendered: str = ""
    """The rendered line with a caret below it, where the source's column cannot be known."""
    because: tuple[str, ...] = ()
    """The way there, such as `in macro NAME, FILE:LINE` or `included by FILE:LINE`."""
