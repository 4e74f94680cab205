"""A master's own sign of life in `master-heartbeat`, and its buckets (bus.md 6.9)."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

from zester_master import __version__
from zester_master.context import Context
from zester_master.site.keyring import key_name
from zester_proto.codec import decode, encode
from zester_proto.errors import CodecError
from zester_proto.health import Condition
from zester_proto.link import LinkError, NatsLink, kv, streams
from zester_proto.link.backoff import Backoff
from zester_proto.logs import Log
from zester_proto.messages.presence import MasterBeat

BUCKET: Final = "master-heartbeat"
PERIOD: Final = 4.0
"""Seconds between two signs; the bucket forgets after 15."""

AGAIN: Final = 600.0
"""Seconds between two looks at the buckets."""

_LATE: Final = 10.0
_log: Final = Log("zester.master")


async def beats(link: NatsLink) -> list[MasterBeat]:
    """Give the signs of life of all masters.

    Raises:
        LinkError: they cannot be read.
    """
    found: list[MasterBeat] = []
    for _, entry in sorted((await kv.get_many(link, BUCKET)).items()):
        with contextlib.suppress(CodecError):
            found.append(decode(entry.value, MasterBeat))
    return found


class Beat:
    """Tells other masters that this one lives."""

    def __init__(self, context: Context, *, active: Callable[[], int], address: str) -> None:
        self._context = context
        self._active = active
        self._address = address
        self._started = context.wall()

    async def run(self) -> None:
        """Give signs of life until cancelled."""
        late = self._context.clock() + _LATE
        while True:
            try:
                await self.give()
            except LinkError as error:
                _log.debug("no sign of life was stored", error=error.message)
                if self._context.clock() > late:
                    self._complain(error)
                await asyncio.sleep(PERIOD / 4)
                continue
            late = self._context.clock() + _LATE
            self._context.health.clear("heartbeat-late")
            await asyncio.sleep(PERIOD)

    def _complain(self, error: LinkError) -> None:
        self._context.health.set(
            Condition(
                "heartbeat-late",
                "error",
                f"this master's sign of life is not stored: {error.message}",
                "another master takes its jobs over; look at the nats-servers",
            )
        )

    async def give(self) -> None:
        """Store one sign of life.

        Raises:
            LinkError: it is not stored.
        """
        context = self._context
        beat = MasterBeat(
            name=context.name,
            instance=context.instance,
            version=__version__,
            started=self._started,
            time=context.wall(),
            active=self._active(),
            bundle=context.trust.version,
            address=self._address,
            tree=context.tree_root,
            tree_problems=context.tree_problems,
            settings=context.settings_root,
            settings_problems=context.settings_problems,
            settings_keys=tuple(map(key_name, (context.keys.settings, *context.keys.also))),
        )
        await kv.put(context.link, BUCKET, context.instance, encode(beat), seconds=2.0)

    async def end(self) -> None:
        """Take the sign away, so that others take the jobs over at once."""
        # a mark comes after a sign that is still under way, which a purge may overtake
        with contextlib.suppress(LinkError):
            await kv.delete(self._context.link, BUCKET, self._context.instance, seconds=2.0)


class Stores:
    """Keeps the buckets and streams as the table wants them.

    Attributes:
        ready: they were all there once.
    """

    def __init__(self, context: Context, replicas: int) -> None:
        self.ready = asyncio.Event()
        self._context = context
        self._replicas = replicas
        self._codes: set[str] = set()

    async def run(self) -> None:
        """Look at them, at first and again and again, until cancelled."""
        backoff = Backoff(base=0.2, cap=5.0)
        while True:
            await self._context.link.wait_connected()
            try:
                report = await streams.ensure(self._context.link, self._replicas)
            except LinkError as error:
                if backoff.tries > 2:
                    _log.warn("the buckets cannot be looked at", error=error.message)
                await asyncio.sleep(backoff.next())
                continue
            self._show(report)
            self.ready.set()
            if any(one.severity == "error" for one in report.conditions):
                # nothing works without them, and a server that begins refuses what it takes later
                await asyncio.sleep(backoff.next())
                continue
            backoff.reset()
            await asyncio.sleep(AGAIN)

    def _show(self, report: streams.Report) -> None:
        if report.created:
            _log.info("made buckets and streams", names=report.created)
        conditions = list(report.conditions)
        if report.drifts:
            what = ", ".join(f"{one.name} ({one.field})" for one in report.drifts[:5])
            conditions.append(
                Condition(
                    "buckets-drift",
                    "warning",
                    f"{len(report.drifts)} settings of buckets are not as they should be: {what}",
                    "look with `zester-master buckets`; --adjust changes them",
                )
            )
        health, codes = self._context.health, {one.code for one in conditions}
        for gone in self._codes - codes:
            health.clear(gone)
        for one in conditions:
            health.set(one)
        self._codes = codes
