"""What an expression means: a tree of frozen nodes, equal if they say the same."""

from collections.abc import Iterator
from typing import Literal, TypeAlias

import msgspec

Operator: TypeAlias = Literal[">=", "<=", "!=", ">", "<"]


class Globs(msgspec.Struct, frozen=True):
    """`web-*,db-?`: the id matches one of the patterns."""

    patterns: tuple[str, ...]


class Listed(msgspec.Struct, frozen=True):
    """`L@a,b`: the id is one of these."""

    ids: tuple[str, ...]


class Ranged(msgspec.Struct, frozen=True):
    """`R@web-[01-20],db-[a-c]`: the id is one of those that the ranges spell."""

    patterns: tuple[str, ...]


class IdRegex(msgspec.Struct, frozen=True):
    r"""`E@web-\d+`: the id begins with what the regular expression matches."""

    pattern: str


class Fact(msgspec.Struct, frozen=True):
    """`G@os:Debian` and `I@env:prod`: a value at a path matches a glob.

    Attributes:
        words: all between the delimiters. Each way of cutting them into a path and a value
            counts, so that values may hold the delimiter; the last word may be a key too.
        settings: whether settings are asked (`I@`) and not facts (`G@`).
        delimiter: the sign between the words.
    """

    words: tuple[str, ...]
    settings: bool = False
    delimiter: str = ":"


class FactRegex(msgspec.Struct, frozen=True):
    r"""`P@os:(Debian|Ubuntu)` and `J@version:2\.`: as `Fact`, with a regular expression."""

    words: tuple[str, ...]
    settings: bool = False
    delimiter: str = ":"


class Comparison(msgspec.Struct, frozen=True):
    """`G@cpu:count:>=8`: a value at exactly this path compares so with `value`."""

    path: tuple[str, ...]
    operator: Operator
    value: str
    settings: bool = False
    delimiter: str = ":"


class Subnet(msgspec.Struct, frozen=True):
    """`S@10.0.0.0/8`: one of the addresses in the facts `ipv4` and `ipv6` lies in it."""

    network: str


class Group(msgspec.Struct, frozen=True):
    """`N@web`: a named group, which counts as if in parentheses."""

    name: str
    node: "Node"


class And(msgspec.Struct, frozen=True):
    """All of two or more parts hold."""

    parts: "tuple[Node, ...]"


class Or(msgspec.Struct, frozen=True):
    """One of two or more parts holds."""

    parts: "tuple[Node, ...]"


class Not(msgspec.Struct, frozen=True):
    """The part does not hold."""

    part: "Node"


Term: TypeAlias = Globs | Listed | Ranged | IdRegex | Fact | FactRegex | Comparison | Subnet | Group
Node: TypeAlias = Term | And | Or | Not


class Part(msgspec.Struct, frozen=True):
    """One line of an explanation: a part of the expression and how many peels it matches.

    Attributes:
        depth: how deep it lies in the expression; the whole is 0.
        text: the part, written as the language writes it.
        count: how many peels it matches by itself.
    """

    depth: int
    text: str
    count: int


def walk(node: Node, depth: int = 0) -> Iterator[tuple[int, Node]]:
    """Give the node and all below it with their depths, in reading order."""
    yield depth, node
    for part in _parts(node):
        yield from walk(part, depth + 1)


def asks_settings(node: Node) -> bool:
    """Say whether a part of it asks for settings (`I@`, `J@`)."""
    return any(
        isinstance(part, Fact | FactRegex | Comparison) and part.settings for _, part in walk(node)
    )


def _parts(node: Node) -> tuple[Node, ...]:
    if isinstance(node, And | Or):
        return node.parts
    if isinstance(node, Not):
        return (node.part,)
    return (node.node,) if isinstance(node, Group) else ()
