"""Cancels, told to a job's owner in the operator's own signed words (bus.md 6.10)."""

import contextlib
from typing import Final

from zester_master.api.requests import Asked, read_request
from zester_master.context import Context
from zester_master.jobs import store
from zester_master.jobs.desk import Desk
from zester_master.jobs.reading import find, reading
from zester_proto.codec import decode
from zester_proto.errors import CodecError, ZesterError
from zester_proto.link import LinkError, Message
from zester_proto.messages.operators import JobAsk, Request
from zester_proto.messages.records import JobEvent
from zester_proto.messages.trust import Signed
from zester_proto.subjects import api, job_event

_DIRECT: Final = "$JS.API.DIRECT.GET.job-events"


class Cancels:
    """Writes cancels into `job-events`, from where the owner hears them at once.

    A master that takes the job over later finds them there.
    """

    def __init__(self, context: Context, desk: Desk) -> None:
        self._context = context
        self._desk = desk

    async def listen(self) -> None:
        """Subscribe; the link keeps it up."""
        await self._context.link.subscribe(job_event("*", "cancel"), self._told)

    async def cancel(self, asked: Asked, jid: str) -> str:
        """Have a job cancelled; give its state.

        Raises:
            Denied: there is no such job, or the store does not answer.
        """
        found = await find(self._context.link, jid)
        summary = await reading(store.summary(self._context.link, jid))
        if summary is not None:
            return summary.state
        event = JobEvent(
            jid=jid,
            what="cancel",
            time=self._context.wall(),
            master=self._context.name,
            operator=asked.operator,
            epoch=found.revision,
            request=asked.signed,
        )
        await reading(self._context.journal.tell_now(event))
        job = self._desk.live.get(jid)
        if job is not None:
            job.cancel()
        return "running"

    async def _told(self, message: Message) -> None:
        try:
            event = decode(message.data, JobEvent)
        except CodecError:
            return
        job = self._desk.live.get(event.jid)
        if job is not None and self._holds(event):
            job.cancel()

    async def was_cancelled(self, jid: str) -> bool:
        """Say whether an operator cancelled a job, whenever that was."""
        with contextlib.suppress(LinkError, CodecError):
            subject = job_event(jid, "cancel")
            answer = await self._context.link.request(f"{_DIRECT}.{subject}")
            if not answer.status:
                event = decode(answer.data, JobEvent)
                return event.jid == jid and self._holds(event)
        return False

    def _holds(self, event: JobEvent) -> bool:
        """Believe a cancel by the operator's signature alone: the stream may lie."""
        try:
            request = decode(decode(event.request, Signed).body, Request)
            subject = api(event.operator, "cancel")
            asked = read_request(subject, event.request, self._context.trust, request.issued)
            return asked.arguments(JobAsk).jid == event.jid
        except ZesterError as error:
            self._context.journal.audit("job", "false-cancel", jid=event.jid, error=error.message)
            return False
