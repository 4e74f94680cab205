"""What workers ask of their agent: files of the tree, newer settings, and the basket."""

import os
import socket
import struct
from pathlib import Path
from typing import Final

import msgspec

from zester_modules.host.machine import HostProblem
from zester_proto.codec import decode, encode
from zester_proto.errors import CodecError

LIMIT: Final = 128 * 1024
_LENGTH: Final = struct.Struct(">I")


class Want(msgspec.Struct, frozen=True, kw_only=True, tag="want", tag_field="t"):
    """A file of a revision."""

    root: str
    env: str
    path: str


class BasketWant(msgspec.Struct, frozen=True, kw_only=True, tag="basket-want", tag_field="t"):
    """What peels share under a name."""

    target: str
    name: str


class BasketGive(msgspec.Struct, frozen=True, kw_only=True, tag="basket-give", tag_field="t"):
    """A value of this host to be shared."""

    name: str
    function: str
    value: bytes
    """Packed."""
    allow: str = ""


class BasketPlan(msgspec.Struct, frozen=True, kw_only=True, tag="basket-plan", tag_field="t"):
    """What is declared, with the seconds between two looks, and what of it failed, with why."""

    intervals: dict[str, float]
    failed: dict[str, str]


class BasketDrop(msgspec.Struct, frozen=True, kw_only=True, tag="basket-drop", tag_field="t"):
    """Values that are shared no longer; no names are all of them."""

    names: tuple[str, ...] = ()


class SettingsWant(msgspec.Struct, frozen=True, kw_only=True, tag="settings-want", tag_field="t"):
    """The newest settings that masters sealed; the agent looks now."""


BasketQuestion = BasketWant | BasketGive | BasketPlan | BasketDrop
Question = Want | SettingsWant | BasketQuestion


class Got(msgspec.Struct, frozen=True, kw_only=True, tag="got", tag_field="t"):
    """Where it lies now; without a path there is none, or `error` says what went wrong."""

    path: str = ""
    now: float = 0.0
    """The site's time, by which what lies there has its age."""
    names: tuple[str, ...] = ()
    """Values of the basket that were dropped."""
    generation: int = 0
    """Of the settings that are here now; 0 is none."""
    error: str = ""
    hint: str = ""


def frame(message: Question | Got) -> bytes:
    """Give a message with its length before it."""
    body = encode(message)
    return _LENGTH.pack(len(body)) + body


def length_of(header: bytes) -> int:
    """Give the length that stands before a message.

    Raises:
        CodecError: it cannot be one of ours.
    """
    (length,) = _LENGTH.unpack(header)
    if length > LIMIT:
        raise CodecError(f"a message of {length} bytes between worker and agent")
    return length


def short_path(folder: int, name: str) -> str:
    """Give a way to a socket that fits into an address however deep its folder lies."""
    return f"/proc/self/fd/{folder}/{name}"


def ask_agent(agent: str, want: Want) -> Path | None:
    """Have the agent fetch a file; blocks until it is there. None: the tree has none.

    Args:
        agent: path of the agent's socket.
        want: which file.

    Raises:
        HostProblem: it cannot be had.
    """
    try:
        got = talk(agent, want)
    except (OSError, CodecError) as error:
        raise HostProblem(
            f"the agent does not fetch {want.path} of the tree: {error}",
            hint="is zester-peel running? its log says more",
        ) from error
    if got.error:
        raise HostProblem(got.error, hint=got.hint)
    return Path(got.path) if got.path else None


def talk(agent: str, question: Question) -> Got:
    """Ask an agent, and give its answer.

    Raises:
        OSError: it does not answer.
        CodecError: the answer makes no sense.
    """
    place = Path(agent)
    folder = os.open(place.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return _exchange(short_path(folder, place.name), question)
    finally:
        os.close(folder)


def _exchange(address: str, question: Question) -> Got:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as talk:
        talk.connect(address)
        talk.sendall(frame(question))
        length = length_of(_exactly(talk, _LENGTH.size))
        return decode(_exactly(talk, length), Got)


def _exactly(talk: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = talk.recv(count - len(data))
        if not more:
            raise ConnectionResetError("it has closed the connection")
        data += more
    return data
