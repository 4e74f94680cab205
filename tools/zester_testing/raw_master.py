"""A master made of raw signed messages: for tests of what a peel does with them, right or wrong."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any, NamedTuple, Self

import msgspec

from zester_master.site.masters import MasterIdentity
from zester_proto.codec import Raw, decode, digest, encode, pack, unpack
from zester_proto.identity.joining import PeelIdentity
from zester_proto.identity.sealing import open_return
from zester_proto.identity.signing import SigningKey, sign
from zester_proto.ids import new_jid, token
from zester_proto.link import LinkOptions, Message, NatsLink, kv, streams
from zester_proto.messages.events import Event, Told, unseal
from zester_proto.messages.jobs import (
    Ack,
    Cancel,
    Command,
    Drain,
    Job,
    Return,
    ReturnMeta,
    ReturnPart,
    ToAll,
    ToOne,
    return_aad,
    split_return,
)
from zester_proto.messages.presence import Facts, Heartbeat, Hello, Welcome, facts_aad
from zester_proto.messages.trust import SignedType
from zester_proto.subjects import (
    ACK_ALL,
    CMD_ALL,
    HEARTBEAT_ALL,
    HELLO_ALL,
    cmd_peel,
    parse_ack,
    parse_heartbeat,
    parse_peel_asks,
    return_key,
)
from zester_proto.subjects import kv as kv_subject
from zester_testing.site import Bus

PATIENCE = 30.0
"""Seconds after which a test gives up on something that should come at once."""


class Returned(NamedTuple):
    """A return, opened."""

    head: Return
    meta: ReturnMeta
    packed: bytes

    @property
    def outcome(self) -> str:
        """How the job ended."""
        return str(self.head.outcome)

    @property
    def error(self) -> str:
        """What went wrong."""
        return self.meta.error

    @property
    def value(self) -> Any:
        """The value, unpacked."""
        return unpack(self.packed, limit=len(self.packed))


class RawMaster:
    """A master that orders what a test says, and writes down what peels say.

    Attributes:
        link: its connection.
        acks: (jid, peel) of every ack, in order, with the ack.
        beats: every heartbeat with its peel, in order.
        hellos: every hello with its peel, in order.
        events: every event with its subject, in order.
        answers: whether hello is answered.
        ahead: seconds by which the site's time is ahead of this host's clock.
        bundle: the version that welcomes name.
        tree: the generation of trees that they name.
        settings: the generation of settings; 0 says that no peel has any.
    """

    def __init__(self, bus: Bus) -> None:
        self.identity: MasterIdentity = bus.site.master
        self.site = self.identity.commons.record.site
        self.acks: list[tuple[str, str, Ack]] = []
        self.beats: list[tuple[str, Heartbeat]] = []
        self.hellos: list[tuple[str, Hello]] = []
        self.events: list[tuple[str, Event]] = []
        self.answers = True
        self.ahead = 0.0
        self.bundle = self.identity.commons.trust.version
        self.drain: tuple[int, bool] = (0, False)
        self.tree = 0
        self.settings = 0
        self.link = NatsLink(
            LinkOptions(urls=(bus.url,), creds=self.identity.credentials, ca=bus.site.ca)
        )
        self._changed = asyncio.Event()

    @classmethod
    @contextlib.asynccontextmanager
    async def up(cls, bus: Bus) -> AsyncGenerator[Self]:
        """Connect, make the buckets, and answer hellos."""
        master = cls(bus)
        async with master.link:
            await master.link.connect_once(PATIENCE)
            await streams.ensure(master.link)
            await master.link.subscribe(HELLO_ALL, master._hello)
            await master.link.subscribe(ACK_ALL, master._ack)
            await master.link.subscribe(HEARTBEAT_ALL, master._beat)
            await master.link.subscribe("zester.event.>", master._event)
            for bucket in ("job-returns", "facts"):
                await master.link.subscribe(f"$KV.{bucket}.>", master._stored)
            await master.link.flush()
            yield master

    def now(self) -> float:
        """Give the site's time."""
        return time.time() + self.ahead

    # -- what peels say ------------------------------------------------------------------------

    async def _hello(self, message: Message) -> None:
        peel_id, _ = parse_peel_asks(message.subject)
        hello = decode(message.data, Hello)
        if self.answers:
            await self.link.publish(message.reply, self.welcome(peel_id, hello.nonce))
        self.hellos.append((peel_id, hello))
        self._changed.set()

    def welcome(self, peel_id: str, nonce: bytes) -> bytes:
        """Give a signed welcome."""
        number, on = self.drain
        return self.signed(
            "welcome",
            Welcome(
                site=self.site, id=peel_id, nonce=nonce, time=self.now(), bundle=self.bundle,
                drain=number, drained=on, tree=self.tree,
                settings=self.settings,
            ),
        )  # fmt: skip

    async def _ack(self, message: Message) -> None:
        sender = parse_ack(message.subject)
        self.acks.append((sender.jid, sender.peel_id, decode(message.data, Ack)))
        self._changed.set()

    async def _beat(self, message: Message) -> None:
        beat = decode(message.data, Heartbeat)
        self.beats.append((parse_heartbeat(message.subject), beat))
        self._changed.set()

    async def _event(self, message: Message) -> None:
        self.events.append((message.subject, decode(message.data, Event)))
        self._changed.set()

    def told(self, peel: PeelIdentity) -> list[Told]:
        """Give the events of a peel so far, opened."""
        key = self.identity.keys.returning
        return [
            unseal(event, peel.id, subject, key, peel.box.public)
            for subject, event in self.events
            if subject.startswith(f"zester.event.{token(peel.id)}.")
        ]

    async def _stored(self, _message: Message) -> None:
        self._changed.set()

    async def until(self, holds: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
        """Wait for something that a message brings about, and give its value."""
        try:
            async with asyncio.timeout(patience):
                while not (value := holds()):
                    self._changed.clear()
                    await self._changed.wait()
                return value
        except TimeoutError:
            raise AssertionError(f"not within {patience:.0f} s: {what}") from None

    async def here(self, peel_id: str, *, lives: int = 1) -> str:
        """Wait until a peel has asked for the time in its n-th life; give its instance."""

        def instances() -> list[str]:
            return list(dict.fromkeys(h.instance for who, h in self.hellos if who == peel_id))

        await self.until(lambda: len(instances()) >= lives, f"a hello of {peel_id}")
        return instances()[-1]

    async def acked(self, jid: str, count: int = 1) -> list[Ack]:
        """Wait for acks of a job."""

        def found() -> list[Ack]:
            return [ack for acked, _, ack in self.acks if acked == jid]

        await self.until(lambda: len(found()) >= count, f"{count} acks of {jid}")
        return found()

    # -- orders --------------------------------------------------------------------------------

    def signed(
        self, kind: SignedType, body: msgspec.Struct, key: SigningKey | None = None, site: str = ""
    ) -> bytes:
        """Sign a message as this master, or with another key or for another site."""
        job_key = key or self.identity.keys.job
        return encode(sign(job_key, kind, site or self.site, encode(body)))

    def job(self, peel_id: str | None, function: str, *args: Any, **changes: Any) -> Job:
        """Give an order that is right but for the changes; `kwargs=` holds the function's own.

        Args:
            peel_id: whom it is for; None is the whole fleet.
            function: what to run.
            args: by place.
            changes: of the order's fields.
        """
        now = self.now()
        fields: dict[str, Any] = {
            "site": self.site,
            "jid": new_jid(),
            "epoch": 1,
            "first_issued": now,
            "issued": now,
            "start_before": now + 60,
            "deadline": now + 60,
            "function": function,
            "args": Raw(pack(list(args))),
            "kwargs": Raw(pack(changes.pop("kwargs", {}))),
            "operator": "admin",
            "to": ToAll(count=1) if peel_id is None else ToOne(id=peel_id),
        }
        return Job(**fields | changes)

    async def send(self, order: Command, peel_id: str | None = None) -> None:
        """Sign and publish an order."""
        kind: SignedType = "job"
        if isinstance(order, Cancel):
            kind = "cancel"
        elif isinstance(order, Drain):
            kind, peel_id = "drain", order.id
        elif isinstance(order.to, ToOne):
            peel_id = order.to.id
        await self.publish(self.signed(kind, order), peel_id)

    async def publish(
        self, data: bytes, peel_id: str | None, headers: dict[str, str] | None = None
    ) -> None:
        """Publish bytes to a peel, or to all."""
        subject = CMD_ALL if peel_id is None else cmd_peel(peel_id)
        await self.link.publish(subject, data, headers=headers or {})
        await self.link.flush()

    async def order(self, peel_id: str, function: str, *args: Any, **changes: Any) -> str:
        """Send a job to a peel and give its jid."""
        job = self.job(peel_id, function, *args, **changes)
        await self.send(job)
        return job.jid

    async def cancel(self, jid: str, peel_id: str, epoch: int = 1) -> None:
        """Cancel a job on a peel."""
        order = Cancel(site=self.site, jid=jid, epoch=epoch, issued=self.now(), operator="admin")
        await self.send(order, peel_id)

    async def run(self, peel: PeelIdentity, function: str, *args: Any, **changes: Any) -> Returned:
        """Send a job to a peel and give what it returns."""
        jid = await self.order(peel.id, function, *args, **changes)
        return await self.returned(jid, peel)

    # -- what lies in buckets ------------------------------------------------------------------

    async def head(self, jid: str, peel_id: str) -> Return | None:
        """Give the head of a return, if it is stored."""
        entry = await kv.get(self.link, "job-returns", return_key(jid, peel_id), fresh=True)
        return decode(entry.value, Return, limit=1 << 20) if entry else None

    async def returned(self, jid: str, peel: PeelIdentity, patience: float = PATIENCE) -> Returned:
        """Wait for a return, and open it."""
        try:
            async with asyncio.timeout(patience):
                while (head := await self.head(jid, peel.id)) is None:
                    self._changed.clear()
                    # stored between the look and the wait: the next look finds it
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(1.0):
                            await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"no return of {jid} within {patience:.0f} s") from None
        plain = await self._plain(jid, peel, head)
        assert (len(plain), digest(plain)) == (head.size, head.digest)
        meta, packed = split_return(plain)
        return Returned(head, decode(meta, ReturnMeta), packed)

    async def _plain(self, jid: str, peel: PeelIdentity, head: Return) -> bytes:
        if not head.parts:
            return self._open(jid, peel, head, 0, head.sealed)
        plain = b""
        for number in range(1, head.parts + 1):
            entry = await kv.get(self.link, "job-returns", return_key(jid, peel.id, number))
            assert entry is not None
            part = decode(entry.value, ReturnPart, limit=1 << 20)
            assert part.part == number
            plain += self._open(jid, peel, head, number, part.sealed)
        return plain

    def _open(self, jid: str, peel: PeelIdentity, head: Return, part: int, sealed: bytes) -> bytes:
        subject = kv_subject("job-returns", return_key(jid, peel.id, part))
        aad = return_aad(subject, head.epoch, head.outcome, head.v, part)
        return open_return(self.identity.keys.returning, peel.box.public, aad, sealed)

    async def facts(self, peel: PeelIdentity) -> dict[str, Any] | None:
        """Give the facts that a peel has put, or nothing."""
        entry = await kv.get(self.link, "facts", token(peel.id), fresh=True)
        if entry is None:
            return None
        facts = decode(entry.value, Facts)
        aad = facts_aad(kv_subject("facts", token(peel.id)), facts.return_key, facts.v)
        key = self.identity.keys.returning
        return unpack(open_return(key, peel.box.public, aad, facts.sealed))

    async def wait_facts(
        self, peel: PeelIdentity, holds: Callable[[dict[str, Any]], bool] = bool
    ) -> dict[str, Any]:
        """Wait for facts of a peel that are as they should be."""
        async with asyncio.timeout(PATIENCE):
            while (facts := await self.facts(peel)) is None or not holds(facts):
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(1.0):
                        await self._changed.wait()
        return facts
