"""Sends the events that jobs of this host tell; they wait on the disk while there is no bus."""

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Final

import msgspec

from zester_modules.events import ROOM, WAKE, waiting
from zester_proto.codec import decode, encode
from zester_proto.errors import CodecError, ZesterError
from zester_proto.files import make_private_folder
from zester_proto.identity.bundle import TrustStore
from zester_proto.identity.sealing import BoxKey
from zester_proto.link import Disconnected, LinkError, NatsLink, kv
from zester_proto.link.backoff import Backoff
from zester_proto.logs import Log, Throttle
from zester_proto.messages.events import LARGEST, STREAM, Told, seal, subject_of
from zester_proto.metrics import Counter
from zester_proto.secrets.masker import Masker

ATTEMPT: Final = 5.0
"""Seconds that the bus has to store one."""

PER_SECOND: Final = 10.0
"""What masters take of one peel in the long run; a burst may be `ROOM` (bus.md 7)."""


class NoReturnKey(ZesterError):
    """Raised when no bundle names a key of the masters to seal for."""


class EventPost:
    """Sends what lies in a folder, the oldest first, each at least once.

    Args:
        peel_id: whose events they are.
        folder: where jobs put them.
        box: the peel's own key.
        trust: names the masters' key.
        link: the bus.
        masker: takes secrets out of them: the agent may know more than the job that told them.
        sent: counts them.
        log: says what is wrong.
    """

    def __init__(
        self,
        peel_id: str,
        folder: Path,
        *,
        box: BoxKey,
        trust: TrustStore,
        link: NatsLink,
        masker: Masker,
        sent: Counter,
        log: Log,
    ) -> None:
        self.folder = folder
        self._peel_id = peel_id
        self._box = box
        self._trust = trust
        self._link = link
        self._masker = masker
        self._sent = sent
        self._log = log
        self._throttle = Throttle(60.0)
        self._allowed = float(ROOM)
        self._counted = 0.0

    async def serve(self) -> None:
        """Send what is there and what comes, until this is cancelled.

        Raises:
            OSError: the folder cannot be used.
        """
        make_private_folder(self.folder)
        fifo = self.folder / WAKE
        with contextlib.suppress(FileExistsError):
            os.mkfifo(fifo, 0o600)
        # held for writing, too, so that it has no end whenever a job closes its own
        descriptor = os.open(fifo, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        loop, came = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(descriptor, _drain, descriptor, came)
        try:
            while True:
                came.clear()
                for path in waiting(self.folder):
                    told = self._read(path)
                    if told is not None:
                        await self._pace()
                        await self._send(told)
                    _remove(path)
                await came.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)

    def _read(self, path: Path) -> Told | None:
        try:
            told = decode(path.read_bytes(), Told, limit=LARGEST)
        except (OSError, CodecError) as error:
            self._log.error("an event is damaged and let go of", event=path.name, error=str(error))
            return None
        return msgspec.structs.replace(told, data=self._masker.data(told.data))

    async def _pace(self) -> None:
        """Wait until one more may be sent."""
        now = asyncio.get_running_loop().time()
        passed = now - self._counted if self._counted else 0.0
        self._counted = now
        self._allowed = min(float(ROOM), self._allowed + passed * PER_SECOND) - 1
        if self._allowed < 0:
            await asyncio.sleep(-self._allowed / PER_SECOND)

    async def _send(self, told: Told) -> None:
        subject = subject_of(self._peel_id, told.tag)
        backoff = Backoff(base=0.25, cap=ATTEMPT)
        while True:
            await self._link.wait_connected()
            try:
                data = encode(seal(told, self._peel_id, self._box, self._public()))
                await kv.store(self._link, STREAM, subject, data, seconds=ATTEMPT)
            except (LinkError, NoReturnKey) as error:
                self._complain(told, error)
                if not isinstance(error, Disconnected):
                    await asyncio.sleep(backoff.next())
            else:
                self._sent.inc()
                return

    def _public(self) -> bytes:
        keys = self._trust.return_keys
        if not keys:
            raise NoReturnKey("no bundle of this site names a key of the masters")
        return keys[0]

    def _complain(self, told: Told, error: ZesterError) -> None:
        if (held := self._throttle.allow(type(error).__name__)) is not None:
            self._log.warn(
                "an event is not stored yet", tag=told.tag, error=error.message, hint=error.hint,
                held_back=held,
            )  # fmt: skip


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _drain(descriptor: int, came: asyncio.Event) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(descriptor, 4096):
            pass
    came.set()
