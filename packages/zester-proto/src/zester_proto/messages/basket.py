"""Values that peels share: sealed for the masters, and given to peels by them (settings.md 6)."""

import re
from typing import Final

import msgspec

from zester_proto.errors import ZesterError
from zester_proto.ids import dot_token, token
from zester_proto.messages.base import Message
from zester_proto.subjects import kv

BUCKET: Final = "basket"

VALUE_LIMIT: Final = 64 * 1024
"""Bytes of one packed value."""

ENTRY_LIMIT: Final = VALUE_LIMIT + 1024
"""Bytes of what lies under one key."""

NAMES: Final = 64
"""Values that one peel may share."""

VIEW_BYTES: Final = 256 * 1024
"""Bytes of the rows of one answer; what is beyond is asked for again."""

_NAME: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9_])?", re.ASCII)


class BadName(ZesterError):
    """Raised for a text that cannot name a value."""


class BasketEntry(Message, frozen=True, kw_only=True, tag="basket"):
    """What lies in `basket/<id>.<name>`."""

    return_key: str
    """Id of the masters' key that it is sealed for."""
    sealed: bytes
    """`seal_return` with `entry_aad`, of an encoded `BasketValue`."""


class BasketValue(msgspec.Struct, frozen=True, kw_only=True):
    """One value, as its peel says it."""

    name: str
    function: str
    """Which function of that host gave it; `fact` before a fact's name."""
    value: bytes
    """Packed."""
    allow: str = ""
    """A target: the peels that may read it; all where it is empty."""


class BasketAsk(Message, frozen=True, kw_only=True, tag="basket-ask"):
    """A peel asks what peels share under a name."""

    nonce: bytes
    target: str
    name: str
    after: str = ""
    """The last peel of the answer before, where there is more."""


class BasketRow(msgspec.Struct, frozen=True, array_like=True):
    """One peel's value."""

    peel: str
    at: float
    """Site time at which it was stored."""
    value: bytes
    """Packed."""


class BasketView(Message, frozen=True, kw_only=True, tag="basket-view"):
    """A master's answer, Signed as `basket`; with a problem there are no rows."""

    site: str
    id: str
    """Who asked."""
    nonce: bytes
    target: str
    name: str
    time: float
    rows: tuple[BasketRow, ...] = ()
    """By id; those after `after`."""
    more: bool = False
    problem: str = ""
    hint: str = ""


class BasketAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """All rows of an answer, as a peel keeps them for when no master answers."""

    target: str
    name: str
    time: float
    rows: tuple[BasketRow, ...] = ()


def is_name(text: str) -> bool:
    """Say whether values can be shared under a name."""
    return _NAME.fullmatch(text) is not None


def check_name(name: str) -> str:
    """Give a name under which values can be shared.

    Raises:
        BadName: it is none.
    """
    if not is_name(name):
        raise BadName(
            f"{name[:80]!r} cannot name a value of the basket",
            hint="use 1 to 64 of A-Z a-z 0-9 _ - . as in network.ip_addrs",
        )
    return name


def entry_key(peel_id: str, name: str) -> str:
    """Give the key of a value."""
    return f"{token(peel_id)}.{dot_token(name)}"


def entry_aad(peel_id: str, name: str, return_key: str, protocol: int) -> bytes:
    """Give what the seal of a value is bound to."""
    return f"{kv(BUCKET, entry_key(peel_id, name))}\0{return_key}\0{protocol}".encode()
