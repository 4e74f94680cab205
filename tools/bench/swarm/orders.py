"""What a master orders: read once for all peels of a process, and answered by each."""

import random
import time
from pathlib import Path
from typing import Any, NamedTuple

from bench.swarm.members import Member
from bench.swarm.wire import publish
from zester_proto.codec import decode, digest, encode, pack, unpack
from zester_proto.errors import CodecError, ZesterError
from zester_proto.identity.bundle import TrustStore
from zester_proto.identity.sealing import seal_with
from zester_proto.messages.jobs import (
    Ack,
    Job,
    Outcome,
    Return,
    ReturnMeta,
    ToOne,
    frame_return,
    return_aad,
)
from zester_proto.messages.trust import Signed
from zester_proto.subjects import ack, kv, return_key

_KEPT = 64
_ANSWER = 1 << 20
"""Bytes of a run's answer."""


class Order(NamedTuple):
    """A job that is believed."""

    job: Job
    value: bytes
    """What each peel returns, packed."""
    longest: float
    """Seconds within which it is done, at a moment of each peel's own."""

    @property
    def alone(self) -> str:
        """The one peel that it is for, or nothing."""
        return self.job.to.id if isinstance(self.job.to, ToOne) else ""


class Orders:
    """Reads orders as a peel does; bytes that came before are known.

    Attributes:
        verified: how many signatures were checked.
        refused: why something was not believed, the newest last.
    """

    def __init__(self, trust: TrustStore) -> None:
        self.verified = 0
        self.refused: list[str] = []
        self._trust = trust
        self._known: dict[bytes, Order | None] = {}

    def read(self, data: bytes) -> Order | None:
        """Give the job in a message, or nothing if it is none or is not to be believed."""
        if data in self._known:
            return self._known[data]
        if len(self._known) >= _KEPT:
            self._known.clear()
        order = self._known[data] = self._read(data)
        return order

    def _read(self, data: bytes) -> Order | None:
        try:
            signed = decode(data, Signed)
            if signed.type != "job":
                return None
            self.verified += 1
            job = decode(self._trust.verify_master(signed, "job")[0], Job)
        except (CodecError, ZesterError) as error:
            self.refused = [*self.refused[-9:], error.message]
            return None
        if job.site != self._trust.site or job.start_before < time.time():
            self.refused = [*self.refused[-9:], f"job {job.jid} is stale or for another site"]
            return None
        return _order(job)


def _order(job: Job) -> Order:
    args: list[Any] = unpack(bytes(job.args))
    value: Any = True
    longest = 0.0
    if job.function == "test.echo" and args:
        value = args[0]
    elif job.function == "test.sleep" and args:
        longest = float(args[0])
    elif job.function == "state.apply" and len(args) == 2:
        # the answer of a real run, kept in a file by the bench of applies
        value, longest = unpack(Path(args[0]).read_bytes(), limit=_ANSWER), float(args[1])
    return Order(job, pack(value), longest)


def ack_bytes(member: Member, job: Job) -> bytes:
    """Give the bytes that acknowledge a job."""
    said = Ack(instance=member.instance, epoch=job.epoch)
    return publish(ack(job.jid, member.peel_id), encode(said))


def return_message(member: Member, order: Order) -> tuple[str, bytes]:
    """Give the subject and the message of a return."""
    job = order.job
    meta = ReturnMeta(instance=member.instance, started=time.time(), seconds=0.0)
    plain = frame_return(encode(meta), order.value)
    subject = kv("job-returns", return_key(job.jid, member.peel_id))
    aad = return_aad(subject, job.epoch, Outcome.OK, meta.v, 0)
    message = Return(
        epoch=job.epoch,
        outcome=Outcome.OK,
        return_key=member.return_key,
        size=len(plain),
        digest=digest(plain),
        sealed=seal_with(member.shared, aad, plain),
    )
    return subject, encode(message)


def how_long(order: Order) -> float:
    """Give the seconds that one peel takes: spread evenly over what the order allows."""
    return random.uniform(0, order.longest) if order.longest else 0.0
