"""The catalogues of the fleet: each fetched once from a peel that has it (bus.md 6.12)."""

import asyncio
from typing import Final

from zester_master.api.requests import Denied
from zester_master.context import Context
from zester_master.jobs import starting
from zester_master.jobs.asking import own_ask
from zester_master.jobs.bond import bound
from zester_master.jobs.desk import Desk
from zester_master.jobs.live import Task
from zester_master.jobs.returns import FalseReturn
from zester_proto.codec import digest as digest_of
from zester_proto.ids import new_jid
from zester_proto.kept import Kept
from zester_proto.link import LinkError
from zester_proto.messages.jobs import SUCCESSES, split_return
from zester_proto.messages.records import JobRecord
from zester_proto.target import parse

FUNCTION: Final = "sys.catalogue"
FACT: Final = "zester:modules"
SECONDS: Final = 30.0
KEPT: Final = 16
"""Catalogues in memory; a fleet in the middle of an upgrade has two or three."""

_TRIES: Final = 3


class Catalogues:
    """What functions there are, by the digest of the whole."""

    def __init__(self, context: Context, desk: Desk) -> None:
        self._context = context
        self._desk = desk
        self._kept = Kept[str, bytes](KEPT)
        self._fetching: dict[str, asyncio.Task[bytes]] = {}

    def digests(self) -> dict[str, int]:
        """Give every digest with the number of peels that have it."""
        return {digest: len(peels) for digest, peels in self._holders().items()}

    def _holders(self) -> dict[str, list[str]]:
        index = self._context.index
        found: dict[str, list[str]] = {}
        for peel_id, values in index.query(index.resolve(parse("*")), [FACT]):
            digest = values.get(FACT)
            if isinstance(digest, str) and digest.isalnum():
                found.setdefault(digest, []).append(peel_id)
        return found

    async def get(self, digest: str) -> bytes:
        """Give a catalogue, packed.

        Raises:
            Denied: no peel that is there has it, or none gave it.
        """
        known = self._kept.get(digest)
        if known is not None:
            return known
        task = self._fetching.get(digest)
        if task is None:
            task = self._fetching[digest] = asyncio.create_task(self._fetch(digest))
            task.add_done_callback(lambda _: self._fetching.pop(digest, None))
        return await asyncio.shield(task)

    async def _fetch(self, digest: str) -> bytes:
        presence = self._context.presence
        holders = self._holders().get(digest, ())
        there = [one for one in holders if presence.is_present(one)]
        for peel_id in there[:_TRIES]:
            value = await self._ask(peel_id)
            if value is not None and digest_of(value).hex() == digest:
                self._kept.put(digest, value)
                return value
        raise Denied("unknown", "no peel that is there gave this catalogue", hint="ask again later")

    async def _ask(self, peel_id: str) -> bytes | None:
        """Run `sys.catalogue` on a peel, as this master's own job; give the value."""
        context = self._context
        now = context.wall()
        record = JobRecord(
            jid=new_jid(context.wall),
            owner=context.instance,
            owners=(context.name,),
            operator="",
            request=b"",
            request_digest=b"",
            target=peel_id,
            function=FUNCTION,
            argument_names=(),
            created=now,
            first_issued=now,
            deadline=now + SECONDS,
            timeout=SECONDS,
            count=1,
            parts=1,
        )
        ask = own_ask(record.jid, peel_id, FUNCTION, SECONDS)
        record = bound(context.keys.settings, record, (peel_id,))
        found = await starting.create(context, record, (peel_id,))
        job = self._desk.own(Task(record, found.revision, (peel_id,), ask, ""))
        changed = asyncio.Event()
        job.watch(changed)
        try:
            while job.summary is None and not job.abandoned:
                await changed.wait()
                changed.clear()
            row = job.ledger.rows[0]
            if row is None or row.outcome not in SUCCESSES:
                return None
            pieces = [piece.data async for piece in job.values.read(0, peel_id)]
            return split_return(b"".join(pieces))[1]
        except (LinkError, FalseReturn, ValueError):
            return None
        finally:
            job.unwatch(changed)
