"""What a function answers: a value, an outcome, and what went wrong."""

from typing import Any, Final

import msgspec

from zester_modules.facts.collected import Collected
from zester_proto import codec
from zester_proto.errors import CodecError
from zester_proto.messages.jobs import Outcome
from zester_proto.secrets.masker import Masker

__all__ = ["Outcome", "Return", "Returned", "masked", "pack_return", "shorten", "unpack_return"]

EDGE: Final = 64 * 1024
"""Bytes of head and of tail that are left of a return that is too large (bus.md 6.6)."""

VALUE_LIMIT: Final = 4 * 1024**3
"""Bytes that a worker may hand to its agent; a bound against nonsense, not against size."""


class Return(msgspec.Struct, frozen=True):
    """A function's answer; one that answers a plain value means `Return(value)`.

    A function says `ok`, `changed`, `would-change`, `failed` or `refused`; the other outcomes are
    the agent's and the masters' to say.
    """

    value: Any = None
    outcome: str = Outcome.OK
    error: str = ""
    """One sentence: what went wrong."""
    hint: str = ""
    """What to do next."""
    debug: str = ""
    """The traceback, for those who ask."""
    facts: Collected | None = None
    """The host's facts, where the function found them anew; the agent takes them over."""


def masked(answer: Return, masker: Masker) -> Return:
    """Give an answer without what is secret."""
    return Return(
        masker.data(answer.value), answer.outcome, error=masker.text(answer.error),
        hint=masker.text(answer.hint), debug=masker.text(answer.debug), facts=answer.facts,
    )  # fmt: skip


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """A `Return` between a worker and its agent, which need not look into the value."""

    outcome: Outcome
    value: codec.Raw
    error: str = ""
    hint: str = ""
    debug: str = ""
    facts: Collected | None = None


def pack_return(answer: Return) -> bytes:
    """Give the bytes in which a worker hands its answer to the agent.

    Raises:
        CodecError: the value cannot travel; the text names the path to what cannot.
    """
    return codec.encode(
        Returned(
            outcome=Outcome(answer.outcome),
            value=codec.Raw(codec.pack(answer.value)),
            error=answer.error,
            hint=answer.hint,
            debug=answer.debug,
            facts=answer.facts,
        )
    )


def unpack_return(data: bytes) -> Returned:
    """Read what `pack_return` made.

    Raises:
        CodecError: it is something else.
    """
    return codec.decode(data, Returned, limit=VALUE_LIMIT)


def shorten(packed: bytes, limit: int) -> tuple[bytes, bool]:
    """Give a packed value, or its edges where it has more than `limit` bytes, and whether so.

    A text leaves the head and tail of itself, anything else those of its packed form, as bytes
    (bus.md 6.6).
    """
    if len(packed) <= limit:
        return packed, False
    value = _plain_text(packed)
    whole = packed if value is None else value.encode()
    edges: dict[str, Any] = {"head": whole[:EDGE], "tail": whole[-EDGE:]}
    if value is not None:
        edges = {name: edge.decode("utf-8", "ignore") for name, edge in edges.items()}
    size = {"length": len(whole), "digest": codec.digest(whole).hex(), "truncated": True}
    return codec.pack(edges | size), True


def _plain_text(packed: bytes) -> str | None:
    # 0xd9, 0xda and 0xdb begin a text of msgpack too long for the short form
    if packed[0] not in {0xD9, 0xDA, 0xDB}:
        return None
    try:
        return str(codec.unpack(packed, limit=len(packed)))
    except CodecError:
        return None
