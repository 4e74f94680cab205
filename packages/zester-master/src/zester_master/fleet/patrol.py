"""Looks at what peels store where nobody reads along, and clears away what is too much (bus.md 7).

Reading every key as it comes would cost a master more than the jobs do. So it looks at how fast the
streams grow, which costs nothing, and at the names of what is new when they grow faster than jobs
explain, or once a minute.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

import msgspec

from zester_master.context import Context
from zester_master.fleet.guard import Guard
from zester_proto.errors import BadId
from zester_proto.ids import from_token, is_jid
from zester_proto.link import LinkError
from zester_proto.link.jsapi import ask
from zester_proto.link.watch import Watch
from zester_proto.logs import Log

PERIOD: Final = 2.0
"""Seconds between two looks at the streams."""

EVERY: Final = 60.0
"""Seconds after which new names are looked at, however few they are."""

SUDDEN: Final = 500
"""Messages between two looks, beyond those that jobs explain, that are looked at at once."""

SUDDEN_BYTES: Final = 32 * 1024 * 1024
MAX_PARTS: Final = 260
"""Parts of a return: 64 MiB in 256 KiB each, and some."""

_MOST: Final = 50_000
_MADE_UP: Final = 100
_log: Final = Log("zester.patrol")

Asks = Callable[[str, str], Awaitable[bool]]
"""Says whether a job, by its jid, asks a peel, by its token."""


class _Beat(NamedTuple):
    """A stream that peels write to."""

    stream: str
    prefix: str
    kind: str
    place: int
    """Of the peel's token among the words after the prefix."""


_BEATS: Final = (
    _Beat("KV_job-returns", "$KV.job-returns.", "return", 1),
    _Beat("KV_basket", "$KV.basket.", "basket", 0),
    _Beat("KV_update-status", "$KV.update-status.", "update-status", 0),
    _Beat("events", "zester.event.", "event", 0),
)


class _State(msgspec.Struct, frozen=True):
    bytes: int = 0
    last_seq: int = 0


class _StreamInfo(msgspec.Struct, frozen=True):
    state: _State


class _Mark(NamedTuple):
    """How far a stream has been looked at, and when."""

    seq: int
    bytes: int
    at: float
    explained: float


class Patrol:
    """Goes the rounds of one master."""

    def __init__(self, context: Context, guard: Guard, asks: Asks) -> None:
        self._context = context
        self._guard = guard
        self._asks = asks
        self._marks: dict[str, _Mark] = {}

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            for beat in _BEATS:
                try:
                    await self.look(beat)
                except LinkError as error:
                    _log.debug("cannot look at a stream", stream=beat.stream, error=error.message)
            await asyncio.sleep(PERIOD)

    async def look(self, beat: _Beat) -> None:
        """Look at one stream.

        Raises:
            LinkError: it cannot be read, or cleared.
        """
        info = await ask(self._context.link, f"STREAM.INFO.{beat.stream}", {}, _StreamInfo)
        mark, state, now = self._marks.get(beat.stream), info.state, self._context.clock()
        explained = self._context.meter.returns.value() if beat.kind == "return" else 0
        fresh = _Mark(state.last_seq, state.bytes, now, explained)
        if mark is None or state.last_seq < mark.seq:
            self._marks[beat.stream] = fresh
            return
        news = state.last_seq - mark.seq
        sudden = news - (explained - mark.explained) > SUDDEN
        sudden = sudden or state.bytes - mark.bytes > SUDDEN_BYTES
        if news and (sudden or self._context.quarantined or now - mark.at > EVERY):
            self._marks[beat.stream] = fresh
            await self._read(beat, mark.seq, state.last_seq)

    async def _read(self, beat: _Beat, after: int, last: int) -> None:
        """Read the names of what came, and clear away what is too much."""
        keys: dict[str, list[str]] = {}
        watch = Watch(
            self._context.link,
            beat.stream,
            f"{beat.prefix}>",
            prefix=beat.prefix,
            start=max(after, last - _MOST),
            headers_only=True,
            heartbeat=PERIOD,
        )
        async with watch:
            async for batch in watch:
                for entry in batch.entries:
                    words = entry.key.split(".")
                    if len(words) > beat.place and entry.operation == "put":
                        keys.setdefault(words[beat.place], []).append(entry.key)
                if watch.revision >= last or batch.caught_up:
                    break
                await asyncio.sleep(0)
        for one, theirs in keys.items():
            await self._judge(beat, one, theirs)

    async def _judge(self, beat: _Beat, peel_token: str, keys: list[str]) -> None:
        try:
            peel_id = from_token(peel_token)
        except BadId:
            return
        if peel_id in self._context.quarantined:
            self._context.meter.dropped.inc(len(keys), reason="quarantined")
            await self._guard.purge(peel_id)
            return
        if beat.kind == "return":
            keys = await self._unasked(peel_token, keys)
            await self._guard.purge_returns(peel_id, {key.partition(".")[0] for key in keys})
        if keys and not self._guard.allows(beat.kind, peel_id, len(keys)):
            self._context.journal.audit(beat.kind, "flood", peel_id, count=str(len(keys)))
            await self._guard.purge(peel_id, beat.stream)

    async def _unasked(self, peel_token: str, keys: list[str]) -> list[str]:
        """Give the returns for which no job asked this peel."""
        found: list[str] = []
        jobs: dict[str, bool] = {}
        for key in keys:
            jid, _, rest = key.partition(".")
            if jid not in jobs:
                # who made up so many is not worth another question to the store
                trusted = is_jid(jid) and len(found) < _MADE_UP
                jobs[jid] = trusted and await self._asks(jid, peel_token)
            if not jobs[jid] or not _is_part(rest.partition(".")[2]):
                found.append(key)
        return found


def _is_part(number: str) -> bool:
    return not number or (len(number) <= 3 and number.isdigit() and int(number) < MAX_PARTS)
