"""A watch over a bucket or stream that survives gaps, cut connections and a server's restart.

For masters alone: it is a JetStream consumer, and those of 10,000 peels would bury the server
(libraries.md, KV watches). The consumer is ephemeral, in memory, without acks; whatever happens to
it is answered in one way: make a new one behind the last message that arrived. What leaves a stream
without a message (TTL, STREAM.PURGE) is not told.
"""

import asyncio
import secrets
import time
from collections import deque
from typing import Final, Literal, NamedTuple, Self

import msgspec

from zester_proto.link.backoff import Backoff
from zester_proto.link.errors import BadReply, LinkError, LinkTimeout
from zester_proto.link.jsapi import Entry, ask, operation_of
from zester_proto.link.link import NatsLink
from zester_proto.link.options import Message
from zester_proto.link.subscription import Subscription
from zester_proto.logs import Log, Throttle

Start = Literal["all", "new"] | int
"""`all`: what is there, then what comes. `new`: what comes. A revision: what is later than it."""

BATCH: Final = 1000
"""Entries that are handed over at once, at most."""

_HEARTBEAT: Final = 2.0
_MISSED: Final = 3
_FIRST_ASK: Final = 1.5
_LONGEST_ASK: Final = 10.0
"""Seconds for an answer of JetStream, at first and after failures."""

_NANO: Final = 1_000_000_000
_GONE_AFTER: Final = 60 * _NANO
"""The server forgets a consumer that nobody hears for so long."""


class Batch(NamedTuple):
    """What arrived.

    Attributes:
        entries: in the order of their revisions.
        caught_up: at its end nothing more was stored at that moment.
        restarted: the stream is another one, or has lost messages, since the last batch: forget
            what is known; from this batch on everything is told anew.
    """

    entries: list[Entry]
    caught_up: bool
    restarted: bool = False


class _State(msgspec.Struct, frozen=True):
    last_seq: int = 0


class _StreamInfo(msgspec.Struct, frozen=True):
    created: str
    state: _State


class _ConsumerInfo(msgspec.Struct, frozen=True):
    num_pending: int = 0


class _Place(NamedTuple):
    """Where a delivered message stands, from its reply subject."""

    stream: int
    consumer: int
    created: float
    pending: int


def read_place(reply: str) -> _Place:
    """Read `$JS.ACK[.<domain>.<account>].<stream>.<consumer>.<tries>.<seq>.<n>.<ns>.<pending>`.

    Raises:
        BadReply: it is no such subject.
    """
    tokens = reply.split(".")
    if len(tokens) >= 11:
        del tokens[2:4]
    if len(tokens) < 9 or tokens[:2] != ["$JS", "ACK"]:
        raise BadReply(f"{reply[:80]!r} is not the reply subject of a stream's message")
    try:
        numbers = [int(token) for token in tokens[5:9]]
    except ValueError as error:
        raise BadReply(f"{reply[:80]!r} is not that of a stream's message") from error
    return _Place(numbers[0], numbers[1], numbers[2] / _NANO, numbers[3])


class Watch:
    """An endless iterator over batches; use it with `async with`.

    What its server refuses is tried again for ever; bound it with a timeout where that is wrong.

    Attributes:
        revision: the last one that was handed over.
        restarts: how often the consumer had to be made anew.
        problem: why there is no consumer at this moment, or None.
    """

    def __init__(
        self,
        link: NatsLink,
        stream: str,
        filter_subject: str,
        *,
        prefix: str,
        start: Start,
        headers_only: bool,
        heartbeat: float,
    ) -> None:
        self.revision = 0
        self.restarts = -1
        self.problem: LinkError | None = None
        self._link = link
        self._stream = stream
        self._filter = filter_subject
        self._prefix = prefix
        self._start: Start = start
        self._headers_only = headers_only
        self._heartbeat = heartbeat
        self._log = Log("zester.link.watch", {"stream": stream})
        self._throttle = Throttle(60.0)
        self._backoff = Backoff(base=0.1, cap=5.0)
        self._wake = asyncio.Event()
        self._unhook = link.on_connected(self._connected)
        self._created = ""
        self._restarted = False
        self._reset()

    def _reset(self) -> None:
        """Forget the consumer."""
        self._name = ""
        self._subscription: Subscription | None = None
        self._epoch = 0
        self._broken = True
        self._queue: deque[Entry] = deque()
        self._flow: deque[str] = deque()
        self._number: int = 0
        self._pending = -1
        self._heard = time.monotonic()
        self._told_caught_up = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Batch:
        """Wait for the next batch; it is not empty, or tells that it caught up or restarted."""
        while True:
            if self._broken or self._epoch != self._link.epoch or not self._link.connected:
                await self._remake()
            batch = await self._take()
            if batch is not None:
                return batch
            await self._wait()

    async def close(self) -> None:
        """Remove the consumer."""
        self._unhook()
        await self._drop()

    async def _connected(self, epoch: int) -> None:
        if epoch != self._epoch:
            self._wake.set()

    # -- handing over ----------------------------------------------------------------------------

    async def _take(self) -> Batch | None:
        entries = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
        if not self._queue:
            while self._flow:  # the server goes on when what it sent was taken
                await self._answer_flow(self._flow.popleft())
        caught_up = not self._queue and self._pending == 0
        news = bool(entries) or self._restarted or (caught_up and not self._told_caught_up)
        if not news:
            return None
        if entries:
            self.revision = entries[-1].revision
        restarted, self._restarted = self._restarted, False
        self._told_caught_up = caught_up
        return Batch(entries, caught_up, restarted)

    async def _wait(self) -> None:
        """Wait for a message; silence beyond some heartbeats breaks the consumer."""
        end = self._heard + _MISSED * self._heartbeat
        try:
            async with asyncio.timeout(max(0.0, end - time.monotonic())):
                await self._wake.wait()
        except TimeoutError:
            if time.monotonic() >= self._heard + _MISSED * self._heartbeat:
                self._break("no heartbeat")
        self._wake.clear()

    def _break(self, reason: str) -> None:
        if not self._broken:
            self._log.debug("a watch is made anew", reason=reason, revision=self.revision)
        self._broken = True
        self._wake.set()

    # -- what arrives ----------------------------------------------------------------------------

    async def _answer_flow(self, reply: str) -> None:
        try:
            await self._link.publish(reply)
        except LinkError as error:
            self._break(error.message)

    def _arrived(self, message: Message) -> None:
        self._heard = time.monotonic()
        if message.status:
            self._control(message)
        elif not self._broken:
            self._stored(message)

    def _control(self, message: Message) -> None:
        headers = message.headers
        if message.reply:  # flow control: answered when all before it was taken
            self._flow.append(message.reply)
            self._wake.set()
            return
        if message.status != "100":
            self._break(f"{message.status} {headers.get('Description', '')}")
            return
        last = headers.get("Nats-Last-Consumer", "")
        if last.isdigit() and int(last) != self._number:
            self._break("a message is missing")
        stalled = headers.get("Nats-Consumer-Stalled")
        if stalled and not self._queue:
            self._flow.append(stalled)
            self._wake.set()

    def _stored(self, message: Message) -> None:
        try:
            place = read_place(message.reply)
        except BadReply as error:
            self._break(error.message)
            return
        if place.consumer != self._number + 1:
            self._break("a message is missing")
            return
        self._number = place.consumer
        self._pending = place.pending
        if message.subject.startswith(self._prefix):
            key = message.subject[len(self._prefix) :]
            operation = operation_of(message.headers)
            self._queue.append(
                Entry(key, message.data, place.stream, operation, place.created, message.headers)
            )
        self._wake.set()

    # -- the consumer ----------------------------------------------------------------------------

    async def _remake(self) -> None:
        """Make a consumer behind the last message that arrived, however long it takes."""
        while True:
            await self._drop()
            await self._link.wait_connected()
            try:
                await self._make()
            except LinkError as error:
                self.problem = error
                if (held := self._throttle.allow(error.code)) is not None:
                    self._log.warn("cannot watch", error=error.message, held_back=held)
                await asyncio.sleep(self._backoff.next())
            else:
                self.problem = None
                self.restarts += 1
                self._backoff.reset()
                return

    async def _make(self) -> None:
        epoch = self._link.epoch
        # a stream without a leader is silent for 4 to 8 s: a long wait would outlast it
        patience = min(_LONGEST_ASK, _FIRST_ASK * 1.5**self._backoff.tries)
        info = await ask(self._link, f"STREAM.INFO.{self._stream}", {}, _StreamInfo, patience)
        self._compare(info)
        self._name = f"w{secrets.token_hex(8)}"
        deliver = self._link.new_subject()

        async def arrived(message: Message) -> None:
            # a late message of an earlier consumer is not for this one
            if self._subscription is subscription:
                self._arrived(message)

        subscription = self._subscription = await self._link.subscribe(deliver, arrived)
        self._broken = False
        self._epoch = epoch
        self._heard = time.monotonic()
        what = f"CONSUMER.CREATE.{self._stream}.{self._name}.{self._filter}"
        body = {"stream_name": self._stream, "config": self._config(deliver)}
        made = await ask(self._link, what, body, _ConsumerInfo, patience)
        if self._pending < 0 and made.num_pending == 0:
            self._pending = 0  # nothing was there when it was made

    def _compare(self, info: _StreamInfo) -> None:
        """Find out where to begin, and whether the stream is still the one that was known."""
        last = info.state.last_seq
        if not self._created:
            self._created = info.created
            if self._start == "new":
                self._start = last
            if isinstance(self._start, int) and self._start <= last:
                self.revision = self._start
                return
            self._restarted = isinstance(self._start, int)  # it knew a later revision
            self._start = "all"
        elif info.created != self._created or last < self.revision:
            self._created = info.created
            self._start = "all"
            self._restarted = True
            self.revision = 0

    def _config(self, deliver: str) -> dict[str, object]:
        if self.revision == 0 and self._start == "all":
            begin: dict[str, object] = {"deliver_policy": "last_per_subject"}
        else:
            begin = {
                "deliver_policy": "by_start_sequence",
                "opt_start_seq": self.revision + 1,
            }
        return begin | {
            "name": self._name,
            "deliver_subject": deliver,
            "filter_subject": self._filter,
            "ack_policy": "none",
            "max_deliver": 1,
            "replay_policy": "instant",
            "flow_control": True,
            "idle_heartbeat": int(self._heartbeat * _NANO),
            "inactive_threshold": _GONE_AFTER,
            "headers_only": self._headers_only,
            "mem_storage": True,
            "num_replicas": 1,
        }

    async def _drop(self) -> None:
        subscription, name = self._subscription, self._name
        self._reset()
        if subscription is not None:
            await self._link.unsubscribe(subscription)
        if name and self._link.connected:
            try:
                # no answer is waited for: one that is gone already is as good
                await self._link.publish(
                    f"$JS.API.CONSUMER.DELETE.{self._stream}.{name}", reply=self._link.new_subject()
                )
            except LinkError:
                return


def watch(
    link: NatsLink,
    bucket: str,
    keys: str = ">",
    *,
    start: Start = "all",
    headers_only: bool = False,
    heartbeat: float = _HEARTBEAT,
) -> Watch:
    """Watch the keys of a bucket.

    Args:
        link: the bus.
        bucket: name of the bucket.
        keys: which keys; wildcards allowed.
        start: where to begin.
        headers_only: leave the values out.
        heartbeat: seconds between two signs of life; three missing ones make it begin anew.
    """
    return Watch(
        link,
        f"KV_{bucket}",
        f"$KV.{bucket}.{keys}",
        prefix=f"$KV.{bucket}.",
        start=start,
        headers_only=headers_only,
        heartbeat=heartbeat,
    )


def follow(
    link: NatsLink,
    stream: str,
    subject: str,
    *,
    start: Start = "all",
    heartbeat: float = _HEARTBEAT,
) -> Watch:
    """Watch a stream that is no bucket; an entry's key is its whole subject.

    With `start="all"` only the last message of each subject is told; revision 0 tells all.

    Args:
        link: the bus.
        stream: name of the stream.
        subject: which subjects; wildcards allowed.
        start: where to begin.
        heartbeat: seconds between two signs of life.
    """
    return Watch(
        link, stream, subject, prefix="", start=start, headers_only=False, heartbeat=heartbeat
    )


async def keys(
    link: NatsLink, bucket: str, matching: str = ">", *, seconds: float = 30.0
) -> list[str]:
    """Give the keys that have a value, sorted.

    Raises:
        LinkTimeout: they could not be read in time.
    """
    found: set[str] = set()
    try:
        async with (
            asyncio.timeout(seconds),
            watch(link, bucket, matching, headers_only=True) as all_,
        ):
            async for batch in all_:
                for entry in batch.entries:
                    (found.add if entry.operation == "put" else found.discard)(entry.key)
                if batch.caught_up:
                    break
    except TimeoutError:
        raise LinkTimeout(f"the keys of {bucket} cannot be read in {seconds:g} s") from None
    return sorted(found)
