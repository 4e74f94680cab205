"""What the agent and its nursery say to each other, over a socket that only these two hold."""

from pathlib import Path
from typing import Final, cast

import msgspec

from zester_modules.facts.collected import Collected
from zester_modules.states.trees import Trees
from zester_proto.codec import Raw, decode, encode
from zester_proto.errors import CodecError
from zester_proto.messages.jobs import Outcome

FRAME_LIMIT: Final = 8 * 1024 * 1024
"""Bytes of one message: a job's arguments and this peel's settings, BUNDLE_LIMIT at most."""

PRINTED: Final = 4096
"""Bytes of a worker's own output that are passed on to the log."""

STATUS_FILE: Final = "status"
VALUE_FILE: Final = "value"
STATUS_LIMIT: Final = 4 * 1024 * 1024


class Order(msgspec.Struct, frozen=True, kw_only=True, tag="order"):
    """Run a function in a worker."""

    n: int
    function: str
    args: Raw
    kwargs: Raw
    jid: str
    peel_id: str
    folder: str
    """Of this job alone; status and value are written there."""
    locks: str
    """Folder of the locks that functions share."""
    facts: str
    """File with the packed facts."""
    facts_dir: str
    version: str
    test: bool
    seconds: float
    """Until the worker must have ended."""
    own_timeout: bool = False
    """Nobody has set the function's time, so that its own declaration holds."""
    max_return: int
    memory: int
    """Bytes of address space; 0 is no limit."""
    sealed: bytes = b""
    """Values of secrets that the arguments name, as they came; only the worker opens them."""
    auth: str = ""
    """Folder with the key for that."""
    trees: Trees


class Signal(msgspec.Struct, frozen=True, kw_only=True, tag="signal"):
    """Send a signal to the group of a worker."""

    n: int
    number: int


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag="ready"):
    """The nursery takes orders."""


class Started(msgspec.Struct, frozen=True, kw_only=True, tag="started"):
    """A worker runs; its number is also that of its group."""

    n: int
    pid: int


class Exited(msgspec.Struct, frozen=True, kw_only=True, tag="exited"):
    """A worker is gone."""

    n: int
    code: int
    """As of subprocess: below 0 it is the number of the signal that killed it."""
    printed: bytes = b""
    """The beginning of what it wrote to stdout and stderr."""
    lost: int = 0
    """Bytes that it wrote beyond that."""
    error: str = ""
    """Why it could not be started."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker says at its end; the value lies in a file beside it."""

    outcome: Outcome
    size: int
    """Bytes of the value's file; -1 where there is no value."""
    truncated: bool = False
    error: str = ""
    hint: str = ""
    debug: str = ""
    facts: Collected | None = None


ToNursery = Order | Signal
FromNursery = Ready | Started | Exited

_TO: Final = cast("type[ToNursery]", ToNursery)
_FROM: Final = cast("type[FromNursery]", FromNursery)


def frame(message: msgspec.Struct) -> bytes:
    """Give a message with its length before it."""
    body = encode(message)
    return len(body).to_bytes(4, "big") + body


def frame_length(header: bytes) -> int:
    """Give the length that stands before a message.

    Raises:
        CodecError: it cannot be one of ours.
    """
    length = int.from_bytes(header, "big")
    if length > FRAME_LIMIT:
        raise CodecError(f"a message of {length} bytes between agent and nursery")
    return length


def order_of(body: bytes) -> ToNursery:
    """Read what the agent said.

    Raises:
        CodecError: it is none of its messages.
    """
    return decode(body, _TO, limit=FRAME_LIMIT)


def report_of(body: bytes) -> FromNursery:
    """Read what the nursery said.

    Raises:
        CodecError: it is none of its messages.
    """
    return decode(body, _FROM, limit=FRAME_LIMIT)


def read_status(folder: Path) -> Status | None:
    """Give what a worker said at its end; nothing if it did not come so far."""
    try:
        data = (folder / STATUS_FILE).read_bytes()
        return decode(data, Status, limit=STATUS_LIMIT)
    except (OSError, CodecError):
        return None
