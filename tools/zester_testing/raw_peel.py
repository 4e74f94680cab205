"""A peel made of raw messages: it says to real masters what a test wants, right or wrong."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, Self, cast

import msgspec

from zester_proto import PROTOCOL
from zester_proto.codec import decode, digest, encode, pack
from zester_proto.identity.joining import PeelIdentity
from zester_proto.identity.sealing import seal_return, seal_with, shared_key
from zester_proto.identity.signing import key_id
from zester_proto.ids import new_instance, token
from zester_proto.link import LinkOptions, Message, NatsLink, kv
from zester_proto.messages.basket import (
    BasketAsk,
    BasketEntry,
    BasketValue,
    BasketView,
    entry_aad,
    entry_key,
)
from zester_proto.messages.jobs import (
    RETURN_CHUNK,
    Ack,
    Cancel,
    Command,
    Drain,
    Job,
    Outcome,
    Return,
    ReturnMeta,
    ReturnPart,
    frame_return,
    return_aad,
)
from zester_proto.messages.presence import Facts, Heartbeat, Hello, Welcome, facts_aad
from zester_proto.messages.trust import Signed
from zester_proto.subjects import CMD_ALL, ack, cmd_peel, heartbeat, peel_asks, return_key
from zester_proto.subjects import kv as kv_subject
from zester_testing.site import Bus

PATIENCE = 30.0
Answer = Callable[["RawPeel", Job], Coroutine[Any, Any, None]]
_COMMAND = cast("type[Command]", Command)


async def obey(peel: "RawPeel", job: Job) -> None:
    """Do as a peel should: ack, and return `true`."""
    await peel.ack(job)
    await peel.give(job, value=True)


async def silence(_peel: "RawPeel", _job: Job) -> None:
    """Say nothing to a job."""


class RawPeel:
    """A peel with real credentials and no agent behind them.

    Attributes:
        identity: its keys.
        link: its connection.
        instance: which life of it this is.
        jobs: every job that it heard and that was for it.
        cancels: every cancel.
        drains: every drain.
        answer: what it does about a job.
    """

    def __init__(
        self, bus: Bus, peel_id: str, answer: Answer, identity: PeelIdentity | None = None
    ) -> None:
        self.identity: PeelIdentity = identity or bus.site.peel(peel_id)
        self.instance = new_instance()
        self.answer = answer
        self.jobs: list[Job] = []
        self.cancels: list[Cancel] = []
        self.drains: list[Drain] = []
        self.link = NatsLink(
            LinkOptions(urls=(bus.url,), creds=self.identity.credentials, ca=bus.site.ca)
        )
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    @contextlib.asynccontextmanager
    async def up(
        cls,
        bus: Bus,
        peel_id: str,
        answer: Answer = obey,
        *,
        identity: PeelIdentity | None = None,
        **facts: Any,
    ) -> AsyncGenerator[Self]:
        """Connect, bring facts, and give a sign of life; with an identity of the test's making."""
        peel = cls(bus, peel_id, answer, identity)
        async with peel.link:
            await peel.link.connect_once(PATIENCE)
            await peel.link.subscribe(CMD_ALL, peel._hear)
            await peel.link.subscribe(cmd_peel(peel_id), peel._hear)
            await peel.put_facts(id=peel_id, **facts)
            await peel.beat()
            await peel.link.flush()
            yield peel
            for task in list(peel._tasks):
                task.cancel()
            await asyncio.gather(*peel._tasks, return_exceptions=True)

    @property
    def id(self) -> str:
        """Its name."""
        return self.identity.id

    # -- what it hears -------------------------------------------------------------------------

    async def _hear(self, message: Message) -> None:
        body, _ = self.identity.trust.verify_master(*_read_signed(message.data))
        order = decode(body, _COMMAND)
        if isinstance(order, Job):
            self.jobs.append(order)
            task = asyncio.create_task(self.answer(self, order))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif isinstance(order, Cancel):
            self.cancels.append(order)
        else:
            self.drains.append(order)
        self._changed.set()

    async def until(self, holds: Callable[[], Any], what: str) -> Any:
        """Wait for something that a message brings about, and give its value."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not (value := holds()):
                    self._changed.clear()
                    await self._changed.wait()
                return value
        except TimeoutError:
            raise AssertionError(f"{self.id} heard not within {PATIENCE:g} s: {what}") from None

    async def job(self, number: int = 1) -> Job:
        """Wait for its n-th job."""
        await self.until(lambda: len(self.jobs) >= number, f"job {number}")
        return self.jobs[number - 1]

    # -- what it says --------------------------------------------------------------------------

    async def hello(self, *, clock: float | None = None) -> tuple[Welcome, str]:
        """Ask who it is; give the welcome and the name of the master that signed it."""
        question = Hello(
            nonce=b"n" * 16,
            instance=self.instance,
            version="0.1.0",
            clock=time.time() if clock is None else clock,
        )
        answer = await self.link.request(peel_asks(self.id, "hello"), encode(question))
        signed = decode(answer.data, Signed)
        body, master = self.identity.trust.verify_master(signed, "welcome")
        return decode(body, Welcome), master

    async def beat(self, *running: str, instance: str = "") -> None:
        """Give a sign of life."""
        beat = Heartbeat(instance=instance or self.instance, version="0.1.0", running=running)
        await self.link.publish(heartbeat(self.id), encode(beat))

    async def put_facts(self, **facts: Any) -> int:
        """Bring facts."""
        return await self.put_raw_facts(self.facts_message(facts))

    async def put_raw_facts(self, message: msgspec.Struct | bytes) -> int:
        """Bring what may be no facts."""
        data = message if isinstance(message, bytes) else encode(message)
        return await kv.put_until_acked(self.link, "facts", token(self.id), data)

    async def share(self, name: str, value: Any, /, *, key: str = "", **fields: Any) -> None:
        """Put a value into the basket, right or wrong; `key` is another's or another name's."""
        public = self.identity.trust.return_keys[0]
        aad = entry_aad(self.id, name, key_id(public), PROTOCOL)
        said: dict[str, Any] = {"name": name, "function": "test.value", **fields}
        plain = encode(BasketValue(value=pack(value), **said))
        sealed = seal_return(self.identity.box, public, aad, plain)
        entry = BasketEntry(return_key=key_id(public), sealed=sealed)
        await kv.put(self.link, "basket", key or entry_key(self.id, name), encode(entry))

    async def read_basket(self, target: str, name: str, *, after: str = "") -> BasketView:
        """Ask what peels share."""
        question = BasketAsk(nonce=b"n" * 16, target=target, name=name, after=after)
        answer = await self.link.request(peel_asks(self.id, "basket"), encode(question))
        signed = decode(answer.data, Signed)
        body, _ = self.identity.trust.verify_master(signed, "basket")
        return decode(body, BasketView)

    def facts_message(self, facts: dict[str, Any], peel_id: str = "") -> Facts:
        """Make a message of facts, sealed as that of a peel."""
        public = self.identity.trust.return_keys[0]
        subject = kv_subject("facts", token(peel_id or self.id))
        aad = facts_aad(subject, key_id(public), PROTOCOL)
        sealed = seal_return(self.identity.box, public, aad, pack(facts))
        return Facts(
            jwt=self.identity.credentials.jwt,
            instance=self.instance,
            return_key=key_id(public),
            sealed=sealed,
        )

    async def ack(self, job: Job, *, instance: str = "") -> None:
        """Say that it has a job."""
        said = Ack(instance=instance or self.instance, epoch=job.epoch)
        await self.link.publish(ack(job.jid, self.id), encode(said))

    def meta(self, **fields: Any) -> ReturnMeta:
        """Make what stands before a value."""
        said: dict[str, Any] = {"instance": self.instance, "started": 1.0, "seconds": 0.5, **fields}
        return ReturnMeta(**said)

    async def give(
        self,
        job: Job,
        value: Any = None,
        outcome: Outcome = Outcome.OK,
        *,
        chunk: int = RETURN_CHUNK,
        jid: str = "",
        **meta: Any,
    ) -> None:
        """Return a value, in chunks if it is large."""
        plain = frame_return(encode(self.meta(**meta)), pack(value))
        name = jid or job.jid
        parts = 0 if len(plain) <= chunk else -(-len(plain) // chunk)
        for number in range(1, parts + 1):
            piece = plain[(number - 1) * chunk : number * chunk]
            sealed = self.sealed(name, job.epoch, outcome, number, piece)
            await self.put_return(name, ReturnPart(part=number, sealed=sealed), number)
        head = Return(
            epoch=job.epoch,
            outcome=outcome,
            return_key=key_id(self.identity.trust.return_keys[0]),
            size=len(plain),
            digest=digest(plain),
            parts=parts,
            sealed=b"" if parts else self.sealed(name, job.epoch, outcome, 0, plain),
        )
        await self.put_return(name, head)

    def sealed(self, jid: str, epoch: int, outcome: str, part: int, plain: bytes) -> bytes:
        """Seal a part of a return for the masters."""
        subject = kv_subject("job-returns", return_key(jid, self.id, part))
        key = shared_key(self.identity.box, self.identity.trust.return_keys[0])
        return seal_with(key, return_aad(subject, epoch, outcome, PROTOCOL, part), plain)

    async def put_return(self, jid: str, message: msgspec.Struct | bytes, part: int = 0) -> None:
        """Put something where a return belongs."""
        data = message if isinstance(message, bytes) else encode(message)
        await kv.put(self.link, "job-returns", return_key(jid, self.id, part), data)


def _read_signed(data: bytes) -> tuple[Signed, Any]:
    signed = decode(data, Signed)
    return signed, signed.type
