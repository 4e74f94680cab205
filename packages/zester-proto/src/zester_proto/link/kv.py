"""Keys and values of JetStream's buckets by plain messages, so that peels need no JetStream.

A put is a message on `$KV.<bucket>.<key>` whose ack is read, a get is a question to `DIRECT.GET`;
both work across account imports (bus.md 1 and 4).

How often a put happens: `put` sends once. If it raises `StoreRefused` nothing was stored; if it
raises `LinkTimeout` or `Disconnected` the value may or may not be stored, but it will not be later
(the link keeps nothing back). `put_until_acked` sends again until it is acked: at least once in a
plain bucket, where a second time only raises the revision, and exactly once in a write-once
bucket, where a second time is `AlreadyThere`.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import msgspec

from zester_proto.link.backoff import Backoff
from zester_proto.link.errors import (
    BadReply,
    Disconnected,
    LinkError,
    LinkTimeout,
    NoResponders,
    StoreFull,
    StoreRefused,
    WrongRevision,
)
from zester_proto.link.jsapi import (
    Entry,
    ask,
    last_message,
    read_ack,
    read_direct,
)
from zester_proto.link.link import NatsLink
from zester_proto.link.options import NO_HEADERS, Message
from zester_proto.logs import Log, Throttle
from zester_proto.subjects import direct_get, kv

FIRST_ATTEMPT: Final = 2.0
LONGEST_ATTEMPT: Final = 10.0
"""Seconds that a put which is repeated waits for its ack, at first and at last: while a stream has
no leader (4 to 8 s after its loss, nats.md D) there is silence, and an early try finds the new one;
a server that is overrun gets more time with each."""

_EXPECTED: Final = "Nats-Expected-Last-Subject-Sequence"
_DELETED: Final = {"KV-Operation": "DEL"}
_BATCH: Final = 1000
_log: Final = Log("zester.link.kv")


async def store(
    link: NatsLink,
    stream: str,
    subject: str,
    data: bytes,
    *,
    headers: Mapping[str, str] = NO_HEADERS,
    seconds: float | None = None,
) -> int:
    """Store a message in a stream and give its sequence.

    Raises:
        StoreRefused: JetStream refuses; nothing was stored.
        LinkError: there is no ack; see the module's first lines.
    """
    answer = await link.request(subject, data, headers=headers, seconds=seconds)
    return read_ack(answer, stream, f"store {subject}")


async def put(
    link: NatsLink,
    bucket: str,
    key: str,
    value: bytes,
    *,
    headers: Mapping[str, str] = NO_HEADERS,
    ttl: float = 0,
    seconds: float | None = None,
) -> int:
    """Put a value under a key and give its revision.

    Args:
        link: the bus.
        bucket: name of the bucket.
        key: the key, as it travels.
        value: the bytes.
        headers: travel with the value.
        ttl: seconds until the key is gone, in buckets that allow it; at least 1.
        seconds: how long to wait for the ack.

    Raises:
        AlreadyThere: the bucket is write-once and the key was written.
        StoreFull: there is no room.
        StoreRefused: JetStream refuses for another reason.
        LinkError: there is no ack.
    """
    if ttl:
        headers = {**headers, "Nats-TTL": f"{ttl:g}s"}
    return await store(
        link, f"KV_{bucket}", kv(bucket, key), value, headers=headers, seconds=seconds
    )


async def update(
    link: NatsLink,
    bucket: str,
    key: str,
    value: bytes,
    revision: int,
    *,
    headers: Mapping[str, str] = NO_HEADERS,
    ttl: float = 0,
    seconds: float | None = None,
) -> int:
    """Put a value if the key is still at `revision` (0: was never written); give the new one.

    Raises:
        WrongRevision: somebody else was first; or this very update, if it is a second try.
        LinkError: as `put`.
    """
    expected = {**headers, _EXPECTED: str(revision)}
    return await put(link, bucket, key, value, headers=expected, ttl=ttl, seconds=seconds)


async def create(
    link: NatsLink,
    bucket: str,
    key: str,
    value: bytes,
    *,
    headers: Mapping[str, str] = NO_HEADERS,
    ttl: float = 0,
    seconds: float | None = None,
) -> int:
    """Put a value if the key has none, and give its revision; for masters, who may read.

    Raises:
        WrongRevision: the key has a value.
        LinkError: as `put`.
    """
    try:
        return await update(link, bucket, key, value, 0, headers=headers, ttl=ttl, seconds=seconds)
    except WrongRevision:
        before = await last_message(link, bucket, key, seconds)
        if before is None or before.operation == "put":
            raise
        # the mark of a deletion is in the way: what was never there and what is gone are the same
        return await update(
            link, bucket, key, value, before.revision, headers=headers, ttl=ttl, seconds=seconds
        )


async def delete(
    link: NatsLink,
    bucket: str,
    key: str,
    revision: int | None = None,
    *,
    seconds: float | None = None,
) -> int:
    """Mark a key as deleted, if wanted only while it is at `revision`; give the mark's revision.

    Raises:
        WrongRevision: it is at another revision.
        LinkError: as `put`.
    """
    headers = _DELETED if revision is None else {**_DELETED, _EXPECTED: str(revision)}
    return await put(link, bucket, key, b"", headers=headers, seconds=seconds)


class _Purged(msgspec.Struct, frozen=True):
    purged: int = 0


async def purge(
    link: NatsLink,
    bucket: str,
    keys: str = ">",
    *,
    keep: int = 0,
    seconds: float | None = None,
) -> int:
    """Remove keys (wildcards allowed) with all their history; give how many messages went.

    Args:
        link: the bus.
        bucket: name of the bucket.
        keys: which keys.
        keep: how many of the newest messages stay.
        seconds: how long to wait.

    Raises:
        LinkError: JetStream refuses, or does not answer.
    """
    body = {"filter": kv(bucket, keys), **({"keep": keep} if keep else {})}
    return (await ask(link, f"STREAM.PURGE.KV_{bucket}", body, _Purged, seconds)).purged


async def put_until_acked(
    link: NatsLink,
    bucket: str,
    key: str,
    value: bytes,
    *,
    headers: Mapping[str, str] = NO_HEADERS,
    ttl: float = 0,
    backoff: Backoff | None = None,
) -> int:
    """Put a value, again and again with full-jitter backoff, until it is acked; no bound of time.

    Raises:
        AlreadyThere: the key of a write-once bucket was written, perhaps by an earlier try whose
            ack was lost: compare the digests where that matters.
        StoreRefused: JetStream will never take it.
        TooLarge: the server will never take it.
        PermissionDenied: we may not write there.
    """
    waits = backoff or Backoff(base=0.5, cap=5.0)
    throttle = Throttle(60.0)
    attempt = FIRST_ATTEMPT
    while True:
        await link.wait_connected()
        try:
            return await put(link, bucket, key, value, headers=headers, ttl=ttl, seconds=attempt)
        except (LinkTimeout, NoResponders, Disconnected, StoreFull, BadReply) as error:
            problem: LinkError = error
        except StoreRefused as error:
            if error.status != 503 or error.err_code == 10077:
                raise
            problem = error  # no leader at this moment
        delay = waits.next()
        attempt = min(LONGEST_ATTEMPT, attempt * 1.5)
        if throttle.allow(problem.code) is not None and waits.tries > 2:
            _log.warn("a put is repeated", bucket=bucket, key=key, error=problem.message)
        await asyncio.sleep(delay)


async def get(
    link: NatsLink, bucket: str, key: str, *, fresh: bool = False, seconds: float | None = None
) -> Entry | None:
    """Read a key; None if it has no value.

    Args:
        link: the bus.
        bucket: name of the bucket.
        key: the key, as it travels.
        fresh: ask the leader, for who decides by the answer; masters only.
        seconds: how long to wait.

    Raises:
        BadReply: the answer is for something else, and is not used.
        LinkError: it cannot be read; never said of a key that is not there.
    """
    entry = await get_entry(link, bucket, key, fresh=fresh, seconds=seconds)
    return entry if entry is not None and entry.operation == "put" else None


async def get_entry(
    link: NatsLink, bucket: str, key: str, *, fresh: bool = False, seconds: float | None = None
) -> Entry | None:
    """Read a key, or the mark of its deletion; None if neither is there.

    Raises:
        LinkError: as `get`.
    """
    if fresh:
        return await last_message(link, bucket, key, seconds)
    answer = await link.request(direct_get(bucket, key), seconds=seconds)
    entry = read_direct(answer, bucket)
    if entry is not None and entry.key != key:
        raise BadReply(f"asked {bucket} for {key}, the answer is for another key")
    return entry


async def get_many(
    link: NatsLink,
    bucket: str,
    keys: str = ">",
    *,
    most: int = 0,
    seconds: float | None = None,
) -> dict[str, Entry]:
    """Read all values whose keys match (wildcards allowed), in few questions; for masters.

    Args:
        link: the bus.
        bucket: name of the bucket.
        keys: which keys.
        most: bytes of all values that are read together; 0 is no bound.
        seconds: how long to wait for each answer.

    Raises:
        BadReply: they have more bytes than that.
        LinkError: they cannot be read.
    """
    found: dict[str, Entry] = {}
    start, size = 1, 0
    while True:
        body = {"seq": start, "batch": _BATCH, "next_by_subj": kv(bucket, keys)}
        answers = await link.request_many(
            f"$JS.API.DIRECT.GET.KV_{bucket}",
            msgspec.json.encode(body),
            last=_is_last,
            seconds=seconds,
        )
        *entries, end = answers
        if end.status == "404":
            return found
        if end.status != "204":
            read_direct(end, bucket)  # raises what the server says
        for answer in entries:
            entry = read_direct(answer, bucket)
            if entry is None:
                continue
            start = entry.revision + 1
            size += len(entry.value)
            if most and size > most:
                raise BadReply(f"the values of {keys} in {bucket} have more than {most} bytes")
            found.pop(entry.key, None)
            if entry.operation == "put":
                found[entry.key] = entry
        if not entries or end.headers.get("Nats-Num-Pending", "0") == "0":
            return found


class _Subjects(msgspec.Struct, frozen=True):
    subjects: dict[str, int] | None = None


class _KeysPage(msgspec.Struct, frozen=True):
    state: _Subjects
    total: int = 0


async def keys(
    link: NatsLink, bucket: str, wanted: str = ">", *, seconds: float | None = None
) -> list[str]:
    """Give the keys that match (wildcards allowed), those that are marked as deleted too.

    Raises:
        LinkError: they cannot be read.
    """
    prefix = kv(bucket, "")
    found: dict[str, None] = {}
    while True:
        body = {"subjects_filter": kv(bucket, wanted), "offset": len(found)}
        page = await ask(link, f"STREAM.INFO.KV_{bucket}", body, _KeysPage, seconds)
        subjects = page.state.subjects or {}
        found |= dict.fromkeys(one.removeprefix(prefix) for one in subjects)
        if not subjects or len(found) >= page.total:
            return list(found)


def _is_last(answer: Message) -> bool:
    return answer.status != ""
