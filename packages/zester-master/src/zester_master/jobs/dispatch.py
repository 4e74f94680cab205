"""Orders on their way to peels: signed once for all, or once for each (bus.md 6.3, 6.10)."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

import msgspec

from zester_master.context import Context
from zester_master.jobs.secrets import sealed_for, secrets_of
from zester_proto.messages.jobs import Cancel, Job, ToAll, ToOne
from zester_proto.messages.operators import RunAsk
from zester_proto.messages.records import JobRecord
from zester_proto.secrets.references import CAPABILITY
from zester_proto.subjects import CMD_ALL, cmd_peel

START_WITHIN: Final = 120.0
"""Seconds in which a peel must receive a job after it was signed."""

_SLICE: Final = 0.01
"""Seconds after which the loop gets a turn: a signature takes 30 us."""


class Dispatch:
    """Sends the orders of one job.

    Attributes:
        attempt: how often the job has been sent to anybody.
    """

    def __init__(self, context: Context, record: JobRecord, ask: RunAsk, epoch: int) -> None:
        self.attempt = record.takeovers
        self._context = context
        self._record = record
        self._ask = ask
        self._epoch = epoch
        self._secrets = secrets_of(ask)

    async def send(self, ids: Sequence[str], *, everybody: bool) -> None:
        """Send the job.

        Args:
            ids: to whom.
            everybody: these are all peels that there are: one message does.

        Raises:
            LinkError: not all of it was sent.
        """
        self.attempt += 1
        job = self._job(len(ids))
        if self._secrets:
            await self._context.secrets.want(self._secrets)
        elif everybody:
            await self._context.link.publish(CMD_ALL, self._context.signed("job", job))
            return
        until = time.monotonic() + _SLICE
        for peel_id in ids:
            mine = msgspec.structs.replace(job, to=ToOne(id=peel_id), sealed=self._sealed(peel_id))
            await self._context.link.publish(cmd_peel(peel_id), self._context.signed("job", mine))
            if time.monotonic() > until:
                await asyncio.sleep(0)
                until = time.monotonic() + _SLICE

    def _sealed(self, peel_id: str) -> bytes:
        if not self._secrets:
            return b""
        return sealed_for(self._context, peel_id, self._record.jid, self._secrets)

    async def cancel(self, ids: Sequence[str], *, everybody: bool) -> None:
        """Send the cancel.

        Raises:
            LinkError: not all of it was sent.
        """
        order = Cancel(
            site=self._context.site,
            jid=self._record.jid,
            epoch=self._epoch,
            issued=self._context.wall(),
            operator=self._record.operator,
        )
        # one signature serves all: a cancel names no peel
        data = self._context.signed("cancel", order)
        if everybody:
            await self._context.link.publish(CMD_ALL, data)
            return
        for peel_id in ids:
            await self._context.link.publish(cmd_peel(peel_id), data)

    def _job(self, count: int) -> Job:
        record, ask, now = self._record, self._ask, self._context.wall()
        return Job(
            site=self._context.site,
            jid=record.jid,
            epoch=self._epoch,
            attempt=self.attempt,
            first_issued=record.first_issued,
            issued=now,
            start_before=min(now + START_WITHIN, record.deadline),
            deadline=record.deadline,
            function=record.function,
            args=ask.args,
            kwargs=ask.kwargs,
            timeout=record.timeout if record.batch or record.canary else 0,
            test=record.test,
            operator=record.operator,
            tree=record.tree,
            needs=(CAPABILITY,) if self._secrets else (),
            to=ToAll(count=count),
        )
