"""Sends returns until the bus has stored them, each exactly once under its own key (bus.md 6.6)."""

import asyncio
import contextlib
import hashlib
from collections.abc import Callable
from typing import Final

import msgspec

from zester_peel.jobs.letter import Letter, said
from zester_peel.jobs.shelf import Shelf
from zester_proto import PROTOCOL
from zester_proto.codec import encode
from zester_proto.errors import FileProblem, ZesterError
from zester_proto.identity.bundle import TrustStore
from zester_proto.identity.sealing import BoxKey, seal_with, shared_key
from zester_proto.identity.signing import key_id
from zester_proto.link import AlreadyThere, Disconnected, LinkError, NatsLink, kv
from zester_proto.link.backoff import Backoff
from zester_proto.logs import Log, Throttle
from zester_proto.messages.jobs import (
    RETURN_CHUNK,
    Outcome,
    Return,
    ReturnPart,
    return_aad,
)
from zester_proto.subjects import kv as kv_subject
from zester_proto.subjects import return_key

BUCKET: Final = "job-returns"
ATTEMPT: Final = 5.0
"""Seconds that one put may take."""

LONGEST_WAIT: Final = 5.0
"""Seconds between two tries: a stream has its next leader after 4 to 8."""

SENDERS: Final = 4
IN_MEMORY: Final = 1024 * 1024
"""Bytes of returns that wait without being on the disk, too."""

RELUCTANT: Final = 30.0
"""Seconds after which a return that is still not stored is worth a condition."""


class NoReturnKey(ZesterError):
    """Raised when no bundle names a key of the masters to seal for."""


class KeyGone(ZesterError):
    """Raised when the masters no longer have the key for which parts of a return are sealed."""


class Outbox:
    """The returns that the bus has not stored yet.

    Args:
        peel_id: whose they are.
        instance: of this agent.
        box: the peel's own key.
        trust: names the masters' key.
        link: the bus.
        shelf: keeps on the disk what waits.
        stored: told of each return that the bus has, with its outcome.
        log: lines carry the jid.

    Attributes:
        replaced: how many returns were let go of for want of room.
    """

    def __init__(
        self,
        peel_id: str,
        instance: str,
        *,
        box: BoxKey,
        trust: TrustStore,
        link: NatsLink,
        shelf: Shelf,
        stored: Callable[[str, Outcome], None],
        log: Log,
    ) -> None:
        self.replaced = 0
        self._peel_id = peel_id
        self._instance = instance
        self._box = box
        self._trust = trust
        self._link = link
        self._shelf = shelf
        self._stored = stored
        self._log = log
        self._throttle = Throttle(60.0)
        self._letters: dict[str, Letter | None] = {}
        """None: it lies on the shelf."""
        self._in_memory = 0
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._sending: set[str] = set()
        self._since: dict[str, float] = {}
        self._keys: dict[bytes, bytes] = {}
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._letters)

    @property
    def spooled(self) -> int:
        """Bytes of returns on the disk."""
        return self._shelf.bytes

    @property
    def reluctant(self) -> int:
        """How many returns have waited for long."""
        now = asyncio.get_running_loop().time()
        return sum(now - since > RELUCTANT for since in self._since.values())

    def recover(self) -> None:
        """Take up the returns that lie on the disk since the process before this one."""
        for jid in self._shelf.open():
            self._enqueue(jid, None)

    def holds(self, jid: str) -> bool:
        """Say whether the return of a job waits here."""
        return jid in self._letters

    def add(self, letter: Letter, *, keep: bool) -> None:
        """Take a return; it never raises.

        Args:
            letter: the return.
            keep: put it on the disk before it is sent, so that a kill of this process does not
                lose it. What a read-only function said stays in memory while that is little.
        """
        self._since[letter.jid] = asyncio.get_running_loop().time()
        self._enqueue(letter.jid, letter)
        if keep or letter.file_size >= 0 or self._in_memory > IN_MEMORY:
            self._keep(letter.jid)

    def _enqueue(self, jid: str, letter: Letter | None) -> None:
        self._letters[jid] = letter
        self._in_memory += len(letter.value) if letter is not None else 0
        self._empty.clear()
        self._queue.put_nowait(jid)

    def _keep(self, jid: str) -> None:
        """Put a return on the disk; if that is full it stays in memory, as little as it can be."""
        letter = self._letters.get(jid)
        if letter is None:
            return
        try:
            self._shelf.put(letter)
        except FileProblem as error:
            self._log.error("cannot keep a return", jid=jid, error=error.message)
            return
        self._in_memory -= len(letter.value)
        self._letters[jid] = None
        stubs = self._shelf.make_room(self._instance)
        self.replaced += len(stubs)
        for stub in stubs:
            self._log.error("a return was let go of: spool full", jid=stub.jid)

    def keep_all(self) -> None:
        """Put on the disk what is still in memory alone: this agent ends."""
        for jid in list(self._letters):
            self._keep(jid)

    async def serve(self) -> None:
        """Send what waits until this is cancelled."""
        for jid in self._letters:  # what a failed round before this one had in hand
            self._queue.put_nowait(jid)
        async with asyncio.TaskGroup() as group:
            for number in range(SENDERS):
                group.create_task(self._send_all(), name=f"outbox {number}")

    async def wait_empty(self, seconds: float) -> bool:
        """Wait until all is stored; false if that takes longer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        return not self._letters

    async def _send_all(self) -> None:
        while True:
            jid = await self._queue.get()
            if jid not in self._letters or jid in self._sending:
                continue
            self._sending.add(jid)
            try:
                await self._send(jid)
            finally:
                self._sending.discard(jid)

    async def _send(self, jid: str) -> None:
        backoff = Backoff(base=0.25, cap=LONGEST_WAIT)
        while True:
            await self._link.wait_connected()
            # looked up only now: meanwhile it may have been let go of for want of room
            letter = self._letter(jid)
            if letter is None:
                return
            try:
                await self._put_all(letter)
            except (FileProblem, KeyGone) as error:
                if self._letter(jid) == letter:
                    self._damaged(letter, error)
            except (LinkError, NoReturnKey) as error:
                self._keep(jid)
                self._complain(jid, error)
                # a lost connection is waited for above, and is no reason to hold back
                if not isinstance(error, Disconnected):
                    await asyncio.sleep(backoff.next())
            else:
                self._over(letter)
                return

    def _letter(self, jid: str) -> Letter | None:
        letter = self._letters.get(jid) or self._shelf.get(jid)
        if letter is None and jid in self._letters:
            self._forget(jid)
            self._log.error("a return has gone from the disk", jid=jid)
        return letter

    def _over(self, letter: Letter) -> None:
        self._forget(letter.jid)
        if letter.file_size >= 0 or self._shelf.holds(letter.jid):
            # pathlib keeps every name that it ever saw in a table: none where there is no file
            self._shelf.drop(letter.jid)
        self._stored(letter.jid, letter.outcome)

    def _forget(self, jid: str) -> None:
        letter = self._letters.pop(jid, None)
        self._in_memory -= len(letter.value) if letter is not None else 0
        self._since.pop(jid, None)
        if not self._letters:
            self._empty.set()

    def _damaged(self, letter: Letter, error: ZesterError) -> None:
        """Let a word on its loss take the place of a return that cannot be sent any more."""
        self._log.error("a return is damaged", jid=letter.jid, error=error.message)
        stub = said(
            letter.jid,
            letter.epoch,
            Outcome.FAILED,
            instance=self._instance,
            error=f"the return ({letter.outcome}) was lost on the peel: {error.message}",
            started=letter.meta.started,
            seconds=letter.meta.seconds,
        )
        self._letters[letter.jid] = stub
        self._in_memory += len(stub.value)

    def _complain(self, jid: str, error: ZesterError) -> None:
        if (held := self._throttle.allow(type(error).__name__)) is not None:
            self._log.warn(
                "a return is not stored yet", jid=jid, error=error.message, hint=error.hint,
                held_back=held,
            )  # fmt: skip

    # -- on the wire ---------------------------------------------------------------------------

    async def _put_all(self, letter: Letter) -> None:
        size = letter.size
        public = self._public(letter.key if size > RETURN_CHUNK else "")
        key = self._shared(public)
        parts = -(-size // RETURN_CHUNK) if size > RETURN_CHUNK else 0
        if parts and not letter.key:
            # parts are written once: should the masters' key change meanwhile, they keep theirs
            letter = self._pin(letter, key_id(public))
        digest = hashlib.blake2b(digest_size=32)
        whole = b""
        file = self._shelf.value_file(letter.jid) if letter.file_size >= 0 else None
        for number, chunk in enumerate(letter.chunks(file), 1):
            digest.update(chunk)
            if not parts:
                whole = seal_with(key, self._aad(letter, 0), chunk)
                continue
            sealed = seal_with(key, self._aad(letter, number), chunk)
            part = ReturnPart(part=number, sealed=sealed)
            await self._put(return_key(letter.jid, self._peel_id, number), encode(part))
        head = Return(
            epoch=letter.epoch,
            outcome=letter.outcome,
            return_key=key_id(public),
            size=size,
            digest=digest.digest(),
            parts=parts,
            sealed=whole,
        )
        await self._put(return_key(letter.jid, self._peel_id), encode(head))

    async def _put(self, key: str, data: bytes) -> None:
        with contextlib.suppress(AlreadyThere):  # by an earlier try whose ack was lost
            await kv.put(self._link, BUCKET, key, data, seconds=ATTEMPT)

    def _pin(self, letter: Letter, key: str) -> Letter:
        pinned = msgspec.structs.replace(letter, key=key)
        with contextlib.suppress(FileProblem):
            self._shelf.put(pinned)
            self._letters[letter.jid] = None
        return pinned

    def _aad(self, letter: Letter, part: int) -> bytes:
        subject = kv_subject(BUCKET, return_key(letter.jid, self._peel_id, part))
        return return_aad(subject, letter.epoch, letter.outcome, PROTOCOL, part)

    def _public(self, wanted: str) -> bytes:
        """Give the masters' key to seal for: the newest, or the one that parts were sealed for."""
        keys = self._trust.return_keys
        if not keys:
            raise NoReturnKey("no bundle of this site names a key of the masters")
        if not wanted:
            return keys[0]
        for public in keys:
            if key_id(public) == wanted:
                return public
        raise KeyGone("the masters let go of their key while it was being sent in parts")

    def _shared(self, public: bytes) -> bytes:
        key = self._keys.get(public)
        if key is None:
            key = self._keys[public] = shared_key(self._box, public)
        return key
