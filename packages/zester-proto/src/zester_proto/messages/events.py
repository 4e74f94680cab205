"""What peels tell of themselves, in the stream `events` under `zester.event.<id>.send.<tag>`."""

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from zester_proto.codec import decode, encode
from zester_proto.errors import ZesterError
from zester_proto.messages.base import Message
from zester_proto.subjects import event as event_subject

if TYPE_CHECKING:
    from zester_proto.identity.sealing import BoxKey

STREAM: Final = "events"
LARGEST: Final = 32 * 1024
"""Bytes of an event's packed contents; the stream takes twice as much."""

_WORD: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_LONGEST: Final = 256


class BadTag(ZesterError):
    """Raised when a text cannot be the tag of an event."""


class Event(Message, frozen=True, kw_only=True, tag="event"):
    """A message of the stream; sealed as returns are, so that nobody else can make it."""

    id: str
    """A KSUID; the same event may come twice, and has one id."""
    return_key: str
    sealed: bytes
    """Plain text: `Told`."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What an event says."""

    id: str
    tag: str
    """Words joined by slashes; the same as in the subject."""
    time: float
    """By the peel's own clock."""
    jid: str = ""
    """The job that told it."""
    data: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])


def read_tag(text: str) -> str:
    """Give a tag with slashes between its words; dots are as good.

    Raises:
        BadTag: it holds something else than letters, digits, `_` and `-`.
    """
    words = text.strip("/").replace(".", "/").split("/")
    if len(text) > _LONGEST or not all(_WORD.fullmatch(word) for word in words):
        raise BadTag(
            f"{text[:80]!r} is no tag of an event",
            hint="words of letters, digits, _ and -, with slashes between them",
        )
    return "/".join(words)


def subject_of(peel_id: str, tag: str) -> str:
    """Give where an event goes."""
    return event_subject(peel_id, f"send.{tag.replace('/', '.')}")


def seal(told: Told, peel_id: str, box: "BoxKey", public: bytes) -> Event:
    """Seal an event for the masters, as its peel.

    Raises:
        SealError: `public` is no usable key.
    """
    from zester_proto.identity.sealing import seal_return  # noqa: PLC0415  # a job tells, and never seals
    from zester_proto.identity.signing import key_id  # noqa: PLC0415  # the same

    key = key_id(public)
    aad = _aad(subject_of(peel_id, told.tag), told.id, key)
    return Event(id=told.id, return_key=key, sealed=seal_return(box, public, aad, encode(told)))


def unseal(event: Event, peel_id: str, subject: str, key: "BoxKey", public: bytes) -> Told:
    """Open an event that came under a subject.

    Args:
        event: what came.
        peel_id: whose subject it is.
        subject: where it came.
        key: the masters' return key that the event names.
        public: the peel's own key.

    Raises:
        SealError: that peel did not seal it for this key and this subject.
        CodecError: what it sealed is no event.
        BadTag: its tag is another than the subject's.
    """
    from zester_proto.identity.sealing import open_return  # noqa: PLC0415  # as in seal

    plain = open_return(key, public, _aad(subject, event.id, event.return_key), event.sealed)
    told = decode(plain, Told)
    if told.id != event.id or subject_of(peel_id, told.tag) != subject:
        raise BadTag(f"an event under {subject} says another tag or id")
    return told


def _aad(subject: str, event_id: str, key: str) -> bytes:
    return f"{subject}\0{event_id}\0{key}".encode()
