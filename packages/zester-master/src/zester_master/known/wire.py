"""What a master and its renderers say to each other, over their pipes."""

from collections.abc import Mapping
from typing import Final, cast

import msgspec

from zester_proto.codec import decode, encode
from zester_proto.messages.settings import Lists

LIMIT: Final = 512 * 1024 * 1024
"""Bytes of one message: a whole tree."""

Baskets = dict[str, bytes]
"""Packed rows (peel, value, age) by `basket_key`."""


class Tree(msgspec.Struct, frozen=True, kw_only=True, tag="tree"):
    """The settings tree from now on."""

    root: bytes
    files: Mapping[str, Mapping[str, bytes]]
    groups: dict[str, str] = {}
    lists: Lists = "replace"


class Peel(msgspec.Struct, frozen=True, array_like=True):
    """Whose settings are asked for."""

    id: str
    stamp: float
    """Changes with its facts."""
    facts: bytes = b""
    """Packed; empty: as they were at that stamp."""
    baskets: Baskets = {}
    secrets: dict[str, str] = {}
    """Values of secrets, where they may be shown."""


class Match(msgspec.Struct, frozen=True, kw_only=True, tag="match"):
    """Whether a term `I@` or `J@` holds."""

    term: str


class Show(msgspec.Struct, frozen=True, kw_only=True, tag="show"):
    """All values, masked, and what is unknown."""

    reveal: bool = False
    """Secrets are not masked."""


class Get(msgspec.Struct, frozen=True, kw_only=True, tag="get"):
    """One value, masked."""

    key: str


class Trace(msgspec.Struct, frozen=True, kw_only=True, tag="trace"):
    """Which file and line gave a value."""

    key: str


class Check(msgspec.Struct, frozen=True, kw_only=True, tag="check"):
    """Whether there is an error; there is none where only the peel can tell."""


class Digests(msgspec.Struct, frozen=True, kw_only=True, tag="digests"):
    """A digest of each setting at the top, to compare with what the peel itself has."""


Question = Match | Show | Get | Trace | Digests | Check


class Batch(msgspec.Struct, frozen=True, kw_only=True, tag="batch"):
    """A question about some peels."""

    question: Question
    peels: tuple[Peel, ...]


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What there is to say of one peel."""

    id: str
    value: bytes = b""
    """Packed."""
    error: str = ""
    hint: str = ""
    wants: tuple[tuple[str, str], ...] = ()
    """Baskets (target and name) without which it cannot be said."""
    secrets: tuple[str, ...] = ()
    """Secrets without which it cannot be shown."""
    lost: bool = False
    """Its facts have to be sent."""
    volatile: bool = False
    """Made from a basket: it may be otherwise in a moment."""


class Answers(msgspec.Struct, frozen=True, kw_only=True, tag="answers"):
    """The answers to a batch, in its order."""

    answers: tuple[Answer, ...]


_TO: Final = cast("type[Tree | Batch]", Tree | Batch)


def framed(message: msgspec.Struct) -> bytes:
    """Give a message with its length before it."""
    body = encode(message)
    return len(body).to_bytes(4, "big") + body


def order_of(body: bytes) -> Tree | Batch:
    """Read what a master said.

    Raises:
        CodecError: it is neither.
    """
    return decode(body, _TO, limit=LIMIT)


def answers_of(body: bytes) -> Answers:
    """Read what a renderer said.

    Raises:
        CodecError: it is something else.
    """
    return decode(body, Answers, limit=LIMIT)


def basket_key(target: str, name: str) -> str:
    """Give under which key the rows of a basket travel."""
    return f"{target}\0{name}"
