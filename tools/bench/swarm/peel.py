"""One simulated peel: what a real one says on the bus, without an agent behind it."""

import re
import time
from collections.abc import Callable
from typing import Protocol

from bench.swarm.members import Member, facts_message, heartbeat_message
from bench.swarm.orders import Order, Orders, ack_bytes, how_long, return_message
from bench.swarm.wire import Frame, Wire, hello, publish
from zester_proto.permissions import Role, scoped_template
from zester_proto.subjects import heartbeat, kv

RETRY = 5.0
"""Seconds without an ack after which something is put again."""

ALREADY = 10077
"""err_code of a second put into a write-once bucket: it is there (bus.md 4)."""

_ERR_CODE = re.compile(rb'"err_code":\s*(\d+)')
_ORDERS = (b"1", b"2")
"""The numbers of the first subscriptions, on which orders come."""


class Books(Protocol):
    """Where a peel writes down what happened."""

    orders: Orders

    def received(self, jid: str, place: int, when: float) -> None:
        """Note that a peel has a job."""
        ...

    def sent(self, jid: str, place: int, when: float) -> None:
        """Note that a peel's return leaves for the first time."""
        ...

    def stored(self, jid: str, place: int, when: float) -> None:
        """Note that a return is known to be stored; no jid means the peel's facts."""
        ...

    def soon(self, work: Callable[[], None]) -> None:
        """Have something done when all that arrived has been read."""
        ...

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        """Have something done after a while."""
        ...

    def trouble(self, text: str) -> None:
        """Note something that should not be."""
        ...


class _Put:
    """Something to be stored, until it is."""

    __slots__ = ("data", "jid", "since", "subject")

    def __init__(self, subject: str, data: bytes, jid: str) -> None:
        self.subject = subject
        self.data = data
        self.jid = jid
        self.since = 0.0


class Peel:
    """One peel on its connection.

    Attributes:
        wire: the connection.
        place: which one of its process it is.
        ready: its facts are stored, and it listens.
    """

    __slots__ = ("_books", "_done", "_fleet_place", "_member", "_number", "_puts", "place",
                 "ready", "wire")  # fmt: skip

    def __init__(self, member: Member, wire: Wire, books: Books, place: int) -> None:
        self.wire = wire
        self.place = place
        self.ready = False
        self._member = member
        self._books = books
        self._puts: dict[bytes, _Put] = {}
        self._number = 0
        self._done = ""
        """The newest job: a second order for it is acknowledged, and nothing else."""

    @property
    def peel_id(self) -> str:
        """The peel's id."""
        return self._member.peel_id

    def arrived(self, frames: list[Frame]) -> None:
        """Deal with what the server sent."""
        for frame in frames:
            if frame.verb in (b"MSG", b"HMSG"):
                if frame.sid in _ORDERS:
                    self._ordered(frame)
                elif frame.text.startswith(b"_INBOX_"):
                    self._answered(frame)
            elif frame.verb == b"PING":
                self.wire.write(b"PONG\r\n")
            elif frame.verb == b"INFO" and not self._number:
                self._log_in(frame.text)
            elif frame.verb == b"-ERR":
                self._books.trouble(f"{self.peel_id}: {frame.text.decode(errors='replace')}")

    def _log_in(self, info: bytes) -> None:
        member = self._member
        subjects = scoped_template(Role.PEEL).subscribe
        subscriptions = b"".join(
            b"SUB %s %d\r\n" % (subject.replace("{{name()}}", member.token).encode(), number)
            for number, subject in enumerate(subjects, 1)
        )
        self.wire.write(hello(info, member.jwt, member.key, f"swarm/{member.peel_id}"))
        self.wire.write(subscriptions)
        self.put(kv("facts", member.token), facts_message(member, self.place), "")

    # -- jobs ----------------------------------------------------------------------------------

    def _ordered(self, frame: Frame) -> None:
        now = time.monotonic()
        if frame.head:  # a stored message or a status is no order
            return
        order = self._books.orders.read(frame.data)
        if order is None or order.alone not in ("", self.peel_id):
            return
        receipt = ack_bytes(self._member, order.job)
        if order.job.jid == self._done:
            self.wire.write(receipt)
            return
        self._done = order.job.jid
        self._books.received(order.job.jid, self.place, now)
        self._books.soon(lambda: self._work(order, receipt))

    def _work(self, order: Order, receipt: bytes) -> None:
        seconds = how_long(order)
        if not seconds:
            self._return(order, receipt)
            return
        self.wire.write(receipt)
        self._books.later(seconds, lambda: self._return(order))

    def _return(self, order: Order, before: bytes = b"") -> None:
        subject, data = return_message(self._member, order)
        self._books.sent(order.job.jid, self.place, time.monotonic())
        self.put(subject, data, order.job.jid, before)

    # -- what must be stored -------------------------------------------------------------------

    def put(self, subject: str, data: bytes, jid: str, before: bytes = b"") -> None:
        """Put a message until it is acknowledged; `before` goes out with it."""
        self._number += 1
        number = b"%d" % self._number
        self._puts[number] = _Put(subject, data, jid)
        self._send(number, before)

    def _send(self, number: bytes, before: bytes = b"") -> None:
        put = self._puts.get(number)
        if put is not None:
            put.since = time.monotonic()
            reply = f"_INBOX_{self._member.token}.{number.decode()}"
            self.wire.write(before + publish(put.subject, put.data, reply))

    def _answered(self, frame: Frame) -> None:
        number = frame.text.rpartition(b".")[2]
        put = self._puts.get(number)
        if put is None:
            return
        error = _ERR_CODE.search(frame.data)
        if frame.head or (error is not None and int(error[1]) != ALREADY):
            what = frame.head or frame.data
            self._books.trouble(f"{self.peel_id}: {put.subject}: {what.decode(errors='replace')}")
            self._books.later(1.0, lambda: self._send(number))
            return
        del self._puts[number]
        self.ready = True
        self._books.stored(put.jid, self.place, time.monotonic())

    def beat(self) -> None:
        """Send the heartbeat, and again what was not acknowledged."""
        member = self._member
        self.wire.write(publish(heartbeat(member.peel_id), heartbeat_message(member)))
        late = time.monotonic() - RETRY
        for number in [n for n, put in self._puts.items() if put.since < late]:
            self._books.trouble(f"{self.peel_id}: no ack, put again")
            self._send(number)
