"""The stream `job-events`: the life of every job in a handful of messages, and the audit."""

import asyncio
import getpass
import os
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from zester_proto.codec import encode
from zester_proto.link import LinkError, NatsLink, StoreRefused
from zester_proto.link.backoff import Backoff
from zester_proto.link.kv import store
from zester_proto.logs import Log, Throttle
from zester_proto.messages.records import Audit, JobEvent
from zester_proto.subjects import audit, job_event

STREAM: Final = "job-events"
QUEUE: Final = 10_000
"""Messages that wait for the stream; the oldest are dropped beyond."""

EVERY: Final = 10.0
"""Seconds between two audit messages of one kind about one peel."""


class Journal:
    """Writes to `job-events`, in order, and waits for the stream where it has to.

    Attributes:
        dropped: messages that no stream took.
    """

    def __init__(
        self, link: NatsLink, master: str, *, wall: Callable[[], float] = time.time
    ) -> None:
        self.dropped = 0
        self._link = link
        self._master = master
        self._wall = wall
        self._queue: deque[tuple[str, bytes]] = deque()
        self._wake = asyncio.Event()
        self._throttle = Throttle(EVERY)
        self._log = Log("zester.journal")

    def tell(self, event: JobEvent) -> None:
        """Write an event of a job, as soon as the stream takes it."""
        self._put(job_event(event.jid, event.what), encode(event))

    async def tell_now(self, event: JobEvent) -> None:
        """Write an event of a job and wait until it is stored.

        Raises:
            LinkError: it may or may not be stored.
        """
        await store(self._link, STREAM, job_event(event.jid, event.what), encode(event))

    def audit(self, area: str, what: str, peel: str = "", **data: str) -> None:
        """Write what matters to security; of many like messages one in ten seconds, and a count."""
        held = self._throttle.allow(f"{area}.{what}.{peel}")
        if held is None:
            return
        if held:
            data["held_back"] = str(held)
        self._log.warn(f"audit: {area} {what}", peel_id=peel, **data)
        entry = Audit(
            area=area, what=what, time=self._wall(), master=self._master, peel=peel, data=data
        )
        self._put(audit(area, what, peel), encode(entry))

    def _put(self, subject: str, data: bytes) -> None:
        while len(self._queue) >= QUEUE:
            self._queue.popleft()
            self.dropped += 1
        self._queue.append((subject, data))
        self._wake.set()

    async def run(self) -> None:
        """Write what waits, until cancelled."""
        while True:
            await self._wake.wait()
            await self.flush()
            self._wake.clear()

    async def flush(self) -> None:
        """Write all that waits."""
        backoff = Backoff(base=0.5, cap=15.0)
        while self._queue:
            subject, data = self._queue[0]
            try:
                await self._link.wait_connected()
                await store(self._link, STREAM, subject, data)
            except StoreRefused as error:
                if error.status != 503:
                    self.dropped += 1
                    self._log.error("an event is not stored", subject=subject, error=error.message)
                    self._pop(subject, data)
                    continue
                await asyncio.sleep(backoff.next())
            except LinkError:
                await asyncio.sleep(backoff.next())
            else:
                backoff.reset()
                self._pop(subject, data)

    def _pop(self, subject: str, data: bytes) -> None:
        # while we waited the queue may have overflowed
        if self._queue and self._queue[0] == (subject, data):
            self._queue.popleft()


def said_by(master: str) -> str:
    """Give who types a command on a master, for records and the audit."""
    return f"{os.environ.get('SUDO_USER') or getpass.getuser()} on {master}"
