"""JetStream's own questions and answers, without nats.js: JSON on `$JS.API`, acks, headers."""

import base64
import binascii
import datetime as dt
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple, TypeVar

import msgspec

from zester_proto.link.errors import BadReply, StoreRefused, store_error
from zester_proto.link.link import NatsLink
from zester_proto.link.options import NO_HEADERS, Message

API: Final = "$JS.API"
NOT_FOUND: Final = frozenset({10014, 10037, 10059})
"""err_code of a missing consumer, message and stream."""

Operation = Literal["put", "delete"]
R = TypeVar("R")


class ApiError(msgspec.Struct, frozen=True):
    """JetStream's refusal."""

    code: int = 0
    err_code: int = 0
    description: str = ""


class _Refusal(msgspec.Struct, frozen=True):
    error: ApiError | None = None


class PubAck(msgspec.Struct, frozen=True):
    """JetStream's word on a message that was to be stored."""

    stream: str = ""
    seq: int = 0
    error: ApiError | None = None


class Entry(NamedTuple):
    """What is stored under a key."""

    key: str
    value: bytes
    revision: int
    operation: Operation = "put"
    created: float = 0.0
    """Unix time by the server's clock, seconds."""
    headers: Mapping[str, str] = NO_HEADERS


class StoredMessage(msgspec.Struct, frozen=True):
    """A message of a stream, as STREAM.MSG.GET gives it."""

    subject: str
    seq: int
    time: str = ""
    hdrs: str = ""
    data: str = ""


class _StoredReply(msgspec.Struct, frozen=True):
    message: StoredMessage


async def ask(
    link: NatsLink, what: str, body: Mapping[str, Any], kind: type[R], seconds: float | None = None
) -> R:
    """Ask `$JS.API.<what>`.

    Args:
        link: the bus.
        what: the end of the subject, as `STREAM.INFO.KV_jobs`.
        body: the question.
        kind: the type of the answer.
        seconds: how long to wait.

    Raises:
        StoreRefused: JetStream says no.
        BadReply: the answer makes no sense.
        LinkError: there is no answer.
    """
    data = msgspec.json.encode(body) if body else b""
    answer = await link.request(f"{API}.{what}", data, seconds=seconds)
    refused = read_json(answer.data, _Refusal, what).error
    if refused is not None:
        raise store_error(what, refused.code, refused.err_code, refused.description)
    return read_json(answer.data, kind, what)


def read_json(data: bytes, kind: type[R], what: str) -> R:
    """Read an answer of JetStream.

    Raises:
        BadReply: it is no JSON of that type.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise BadReply(f"JetStream's answer to {what} makes no sense: {error}") from error


def read_ack(answer: Message, stream: str, what: str) -> int:
    """Give the sequence under which a message was stored.

    Raises:
        StoreRefused: it was not.
        BadReply: the answer is no ack of that stream.
    """
    ack = read_json(answer.data, PubAck, what)
    if ack.error is not None:
        raise store_error(what, ack.error.code, ack.error.err_code, ack.error.description)
    if ack.stream != stream or ack.seq <= 0:
        raise BadReply(f"the answer to {what} is no ack of {stream}")
    return ack.seq


def operation_of(headers: Mapping[str, str]) -> Operation:
    """Say whether a stored message is a value, or a mark that there is none any more."""
    gone = headers.get("KV-Operation") in {"DEL", "PURGE"} or "Nats-Marker-Reason" in headers
    return "delete" if gone else "put"


def read_direct(answer: Message, bucket: str) -> Entry | None:
    """Read one answer of DIRECT.GET; None where nothing is stored.

    Raises:
        StoreRefused: the question was wrong, or the store cannot answer.
        BadReply: it is no stored message of that bucket.
    """
    headers = answer.headers
    if answer.status == "404":
        return None
    if answer.status:
        text = f"cannot read from {bucket}: {headers.get('Description', answer.status)}"
        raise StoreRefused(text, status=int(answer.status))
    prefix = f"$KV.{bucket}."
    subject = headers.get("Nats-Subject", "")
    if not subject.startswith(prefix) or headers.get("Nats-Stream") != f"KV_{bucket}":
        raise BadReply(f"an answer for the bucket {bucket} is not from it")
    try:
        revision = int(headers.get("Nats-Sequence", ""))
        created = read_time(headers.get("Nats-Time-Stamp", ""))
    except ValueError as error:
        raise BadReply(f"an answer for the bucket {bucket} has no revision or time") from error
    key = subject[len(prefix) :]
    return Entry(key, answer.data, revision, operation_of(headers), created, headers)


def read_time(text: str) -> float:
    """Give the Unix time of RFC 3339 text with up to nanoseconds.

    Raises:
        ValueError: it is none.
    """
    return dt.datetime.fromisoformat(text).timestamp()


async def last_message(
    link: NatsLink, bucket: str, key: str, seconds: float | None = None
) -> Entry | None:
    """Read a key from the stream's leader, where `DIRECT.GET` may ask a replica that lags.

    Raises:
        LinkError: it cannot be read; that is never said of a key that is not there.
    """
    subject = f"$KV.{bucket}.{key}"
    try:
        found = await ask(
            link, f"STREAM.MSG.GET.KV_{bucket}", {"last_by_subj": subject}, _StoredReply, seconds
        )
    except StoreRefused as error:
        if error.err_code == 10037:
            return None
        raise
    message = found.message
    if message.subject != subject:
        raise BadReply(f"asked for {subject}, the answer is for another key")
    try:
        value = base64.b64decode(message.data)
        headers = read_headers(base64.b64decode(message.hdrs))
        created = read_time(message.time)
    except (binascii.Error, ValueError) as error:
        raise BadReply(f"the stored message of {subject} makes no sense: {error}") from error
    return Entry(key, value, message.seq, operation_of(headers), created, headers)


def read_headers(block: bytes) -> Mapping[str, str]:
    """Read a block of NATS headers, its first line included."""
    lines = block.decode("utf-8", "replace").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}
