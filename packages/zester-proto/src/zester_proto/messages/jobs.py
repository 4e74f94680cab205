"""What masters tell peels, and what peels answer (bus.md 6)."""

from enum import StrEnum

import msgspec

from zester_proto.messages.base import Message

RETURN_CHUNK = 256 * 1024
"""Bytes of a return that travel in one message."""


class Outcome(StrEnum):
    """How a job ends on one peel (bus.md 6.7); the first three of the table are successes."""

    OK = "ok"
    CHANGED = "changed"
    WOULD_CHANGE = "would-change"
    FAILED = "failed"
    REFUSED = "refused"
    TIMED_OUT = "timed-out"
    CANCELLED = "cancelled"
    OFFLINE = "offline"
    LOST = "lost"


class Stage(StrEnum):
    """Where a peel stands before its outcome."""

    PENDING = "pending"
    SENT = "sent"
    RUNNING = "running"


SUCCESSES = frozenset({Outcome.OK, Outcome.CHANGED, Outcome.WOULD_CHANGE})
SILENT = frozenset({Outcome.OFFLINE, Outcome.LOST})


def exit_code(outcomes: frozenset[Outcome] | set[Outcome]) -> int:
    """Give the exit code of a job: 1 if anything failed, else 4 if anybody was silent, else 0."""
    if outcomes - SUCCESSES - SILENT:
        return 1
    return 4 if outcomes & SILENT else 0


class ToAll(msgspec.Struct, frozen=True, kw_only=True, tag="all"):
    """The whole fleet, and how many that is."""

    count: int


class ToOne(msgspec.Struct, frozen=True, kw_only=True, tag="one"):
    """One peel."""

    id: str


class Job(Message, frozen=True, kw_only=True, tag="job"):
    """An order to run a function. Times are site time in seconds."""

    site: str
    jid: str
    epoch: int
    """The revision of `jobs/<jid>` that its owner won; higher ones fence lower ones."""
    attempt: int = 1
    first_issued: float
    issued: float
    start_before: float
    """At most 120 s after `issued`; must not have passed when the job is received."""
    deadline: float
    function: str
    args: msgspec.Raw
    """A packed list."""
    kwargs: msgspec.Raw
    """A packed map."""
    sealed: bytes = b""
    """Further keywords, sealed for the one peel that this is for."""
    timeout: float = 0.0
    """Seconds that the function may take; 0 leaves it to the function and the deadline."""
    max_return: int = 64 * 1024 * 1024
    test: bool = False
    operator: str = ""
    environment: str = ""
    tree: bytes = b""
    needs: tuple[str, ...] = ()
    """Capabilities without which a peel must refuse."""
    to: ToAll | ToOne


class Cancel(Message, frozen=True, kw_only=True, tag="cancel"):
    """An order to end a job."""

    site: str
    jid: str
    epoch: int
    issued: float
    operator: str = ""


class Drain(Message, frozen=True, kw_only=True, tag="drain"):
    """An order to take no more jobs, or to take them again; numbers only rise."""

    site: str
    id: str
    number: int
    on: bool
    issued: float
    operator: str = ""


Command = Job | Cancel | Drain


class Ack(Message, frozen=True, kw_only=True, tag="ack"):
    """A peel has the job; sent before it runs."""

    instance: str
    epoch: int


class Return(Message, frozen=True, kw_only=True, tag="return"):
    """A return as it lies in `job-returns/<jid>.<id>`: the head, written last.

    Without parts `sealed` holds the whole plain text. With parts it is empty, and the plain text
    is that of the parts in order.
    """

    epoch: int
    outcome: Outcome
    return_key: str
    """Id of the masters' key for which it is sealed."""
    size: int
    """Bytes of the plain text."""
    digest: bytes
    """BLAKE2b-32 of the plain text."""
    parts: int = 0
    sealed: bytes = b""


class ReturnPart(Message, frozen=True, kw_only=True, tag="return-part"):
    """One chunk of a return; the parts are numbered from 1."""

    part: int
    sealed: bytes


class ReturnMeta(Message, frozen=True, kw_only=True, tag="return-meta"):
    """What stands before the value in a return's plain text.

    The plain text is four bytes with the length of this message (big-endian), this message, and
    the packed value.
    """

    instance: str
    started: float
    """Site time in seconds; 0 where it never ran."""
    seconds: float
    error: str = ""
    hint: str = ""
    truncated: bool = False


def return_aad(subject: str, epoch: int, outcome: str, protocol: int, part: int) -> bytes:
    """Give what the seal of a return is bound to (bus.md 6.6), with the part's number."""
    return f"{subject}\0{epoch}\0{outcome}\0{protocol}\0{part}".encode()


def frame_return(meta: bytes, value: bytes = b"") -> bytes:
    """Put an encoded `ReturnMeta` before the value, or give what goes before a value on disk."""
    return len(meta).to_bytes(4, "big") + meta + value


def split_return(plain: bytes) -> tuple[bytes, bytes]:
    """Give the encoded `ReturnMeta` and the packed value of a return's plain text.

    Raises:
        ValueError: it is cut short.
    """
    length = int.from_bytes(plain[:4], "big")
    if len(plain) < 4 + length:
        raise ValueError("a return is cut short")
    return plain[4 : 4 + length], plain[4 + length :]
