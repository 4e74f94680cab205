"""Takes the masters' orders and answers each: with an ack, a run, a refusal, or silence."""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from zester_modules.facts.collected import Collected
from zester_modules.function import AnyFunction
from zester_modules.registry import Registry
from zester_peel.clock import SiteClock
from zester_peel.jobs.execution import Ending, early
from zester_peel.jobs.inbox import Dropped, Received, receive
from zester_peel.jobs.letter import Letter
from zester_peel.jobs.memory import JobMemory
from zester_peel.jobs.outbox import Outbox
from zester_peel.jobs.rules import FORGOTTEN, Judgement, judge
from zester_peel.jobs.runner import Done, Runner
from zester_peel.jobs.shelf import Shelf
from zester_peel.meter import Meter
from zester_peel.trust import TrustWalk
from zester_proto.codec import encode
from zester_proto.errors import FileProblem
from zester_proto.link import LinkError, Message, NatsLink
from zester_proto.logs import Log, Throttle
from zester_proto.messages.jobs import Ack, Cancel, Drain, Job, Outcome, ReturnMeta
from zester_proto.secrets.references import may_name_secrets
from zester_proto.subjects import ack

EARLY_MESSAGES: Final = 200
EARLY_BYTES: Final = 2 * 1024 * 1024
"""Messages, and bytes of them, that are held until the welcome is there."""


class Desk:
    """Where orders come in and returns go out.

    Attributes:
        took_facts: called with the facts that a job found anew.
    """

    def __init__(
        self,
        peel_id: str,
        instance: str,
        *,
        link: NatsLink,
        trust: TrustWalk,
        clock: SiteClock,
        memory: JobMemory,
        outbox: Outbox,
        shelf: Shelf,
        registry: Registry,
        max_return: int,
        meter: Meter,
        log: Log,
    ) -> None:
        self.took_facts: Callable[[Collected], None] = lambda _: None
        self._peel_id = peel_id
        self._instance = instance
        self._link = link
        self._trust = trust
        self._clock = clock
        self._memory = memory
        self._outbox = outbox
        self._shelf = shelf
        self._registry = registry
        self._max_return = max_return
        self._meter = meter
        self._log = log
        self._throttle = Throttle(10.0)
        self._runner: Runner | None = None
        self._early: list[Message] = []
        self._group: asyncio.TaskGroup | None = None
        self._closed = False

    def use(self, runner: Runner) -> None:
        """Name who runs what is taken."""
        self._runner = runner

    def close(self) -> None:
        """Take no more jobs: this agent is about to end."""
        self._closed = True

    async def serve(self) -> None:
        """Own the work on orders that wait for the disk, until this is cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                await asyncio.get_running_loop().create_future()
        finally:
            self._group = None

    # -- in ------------------------------------------------------------------------------------

    async def take(self, message: Message) -> None:
        """Handle a message of the masters' subjects."""
        if self._clock.welcomed is None and self._hold(message):
            return
        try:
            if self._clock.welcomed is None:
                raise Dropped("no-welcome")  # noqa: TRY301  # as every reason
            received = await receive(message, self._trust, self._peel_id)
            await self._act(received)
        except Dropped as dropped:
            self._drop(dropped.reason, dropped.detail, message.subject)

    def _hold(self, message: Message) -> bool:
        """Hold a message while the welcome is on its way, if there is room."""
        held = sum(len(one.data) for one in self._early)
        if held + len(message.data) > EARLY_BYTES or len(self._early) >= EARLY_MESSAGES:
            return False
        self._early.append(message)
        return True

    async def welcomed(self) -> None:
        """Handle what came before the welcome."""
        held, self._early = self._early, []
        for message in held:
            await self.take(message)

    def disconnected(self) -> None:
        """Let go of what came over a connection that is gone."""
        self._early.clear()

    def _drop(self, reason: str, detail: str, subject: str) -> None:
        self._meter.dropped.inc(reason=reason)
        if (held := self._throttle.allow(reason)) is not None:
            self._log.warn(
                "dropped a message", reason=reason, detail=detail, subject=subject, held_back=held
            )

    async def _act(self, received: Received) -> None:
        command = received.command
        match command:
            case Job():
                await self._job(command)
            case Cancel():
                await self._cancel(command)
            case Drain():
                await self._drain(command)

    async def _job(self, job: Job) -> None:
        welcomed = self._clock.welcomed
        if welcomed is None:  # the connection broke meanwhile
            raise Dropped("no-welcome")
        judgement = judge(job, self._memory, now=self._clock.now(), welcomed=welcomed)
        match judgement.verdict:
            case "drop":
                raise Dropped(judgement.reason, f"job {job.jid}")
            case "known":
                self._meter.dropped.inc(reason="known")
                self._memory.raise_epoch(job.jid, job.epoch)
                await self._ack(job)
            case "refuse":
                await self._refuse(job, judgement)
            case "run":
                await self._begin(job)

    async def _begin(self, job: Job) -> None:
        job = msgspec.structs.replace(job, max_return=min(job.max_return, self._max_return))
        function = self._in_agent(job)
        if self._memory.was_stopped(job.jid):
            await self._answer(job, early("cancelled"))
            return
        assert self._runner is not None
        if self._closed or not self._runner.has_room(function):
            why = "is about to stop" if self._closed else "has as many jobs waiting as it takes"
            await self._refuse(
                job, Judgement("refuse", "busy", f"this peel {why}", "ask again: zester job rerun")
            )
            return
        if function is not None and function.reads:
            self._remember_lightly(job, function)
            await self._ack(job)
            self._submit(job, function)
            return
        try:
            self._memory.take(job, keep=True)
        except FileProblem as error:
            await self._answer(job, _unremembered(error))
            return
        assert self._group is not None
        self._group.create_task(self._begin_safely(job, function), name=f"take {job.jid}")

    def _remember_lightly(self, job: Job, function: AnyFunction) -> None:
        """Remember a job that may run twice without harm: no wait for the disk, none at all."""
        try:
            self._memory.take(job, keep=function.runs != "inline")
        except FileProblem:
            self._memory.take(job, keep=False)

    async def _begin_safely(self, job: Job, function: AnyFunction | None) -> None:
        try:
            await self._memory.sync()
        except FileProblem as error:
            self._finish(Done(job, _unremembered(error), 0, 0))
            return
        await self._ack(job)
        self._submit(job, function)

    def _submit(self, job: Job, function: AnyFunction | None) -> None:
        self._log.info(
            "job", jid=job.jid, function=job.function, operator=job.operator, epoch=job.epoch
        )
        assert self._runner is not None
        self._runner.submit(job, function)
        if self._memory.was_stopped(job.jid):  # while it waited for the disk
            self._runner.stop(job.jid, "cancelled")

    async def _refuse(self, job: Job, judgement: Judgement) -> None:
        self._log.info("refused a job", jid=job.jid, reason=judgement.reason, why=judgement.text)
        await self._answer(
            job, Ending(outcome=Outcome.REFUSED, error=judgement.text, hint=judgement.hint)
        )

    async def _answer(self, job: Job, ending: Ending) -> None:
        """Answer a job that does not run; that it came is remembered in memory alone."""
        self._memory.answered(job)
        await self._ack(job)
        self._finish(Done(job, ending, 0, 0))

    async def _ack(self, job: Job) -> None:
        body = encode(Ack(instance=self._instance, epoch=job.epoch))
        try:
            await self._link.publish(ack(job.jid, self._peel_id), body)
        except LinkError as error:
            self._log.debug("an ack was not sent", jid=job.jid, error=error.message)

    async def _cancel(self, cancel: Cancel) -> None:
        jid, now = cancel.jid, self._clock.now()
        if cancel.epoch < self._memory.epoch(jid):
            raise Dropped("old-epoch", f"cancel of {jid}")
        if now > cancel.issued + FORGOTTEN:
            raise Dropped("stale", f"cancel of {jid}")
        assert self._runner is not None
        if self._runner.stop(jid, "cancelled"):
            self._log.info("cancelling a job", jid=jid, operator=cancel.operator)
        elif not self._memory.knows(jid) or (
            self._memory.is_live(jid) and not self._outbox.holds(jid)
        ):
            # it came before its job, or while that waits for the disk
            self._memory.stop(jid, now)

    async def _drain(self, drain: Drain) -> None:
        if self._memory.set_drain(drain.number, on=drain.on):
            self._log.info("drained" if drain.on else "undrained", operator=drain.operator)

    # -- out -----------------------------------------------------------------------------------

    def finished(self, done: Done) -> None:
        """Take the end of a job from the runner."""
        self._finish(done)

    def _finish(self, done: Done) -> None:
        job, ending = done.job, done.ending
        self._meter.jobs.inc(outcome=ending.outcome)
        if done.started:
            self._meter.job_seconds.observe(done.seconds)
            self._log.info(
                "job ended", jid=job.jid, function=job.function, outcome=ending.outcome,
                error=ending.error, duration_ms=round(done.seconds * 1000),
            )  # fmt: skip
        if ending.facts is not None:
            self.took_facts(ending.facts)
        letter = self._letter(done)
        kept = done.started > 0 and not self._runs_inline(job)
        self._outbox.add(letter, keep=kept)

    def _runs_inline(self, job: Job) -> bool:
        function = self._in_agent(job)
        return function is not None and function.runs == "inline"

    def _in_agent(self, job: Job) -> AnyFunction | None:
        """Give a job's function, if this process may run it: secrets are opened in workers."""
        if may_name_secrets(job.args, job.kwargs, job.sealed):
            return None
        return self._registry.in_agent(job.function)

    def _letter(self, done: Done) -> Letter:
        job, ending = done.job, done.ending
        letter = Letter(
            jid=job.jid,
            epoch=max(job.epoch, self._memory.epoch(job.jid)),
            outcome=ending.outcome,
            meta=ReturnMeta(
                instance=self._instance,
                started=done.started,
                seconds=done.seconds,
                error=ending.error,
                hint=ending.hint,
                truncated=ending.truncated,
            ),
            value=ending.value,
        )
        if ending.file is None:
            return letter
        try:
            self._shelf.adopt(job.jid, ending.file)
        except FileProblem as error:
            meta = msgspec.structs.replace(letter.meta, error=error.message, hint=error.hint)
            return msgspec.structs.replace(letter, outcome=Outcome.FAILED, meta=meta)
        return msgspec.structs.replace(letter, file_size=ending.size)


def _unremembered(error: FileProblem) -> Ending:
    return Ending(
        outcome=Outcome.FAILED,
        error=f"this peel cannot remember the job, and so does not run it: {error.message}",
        hint=error.hint,
    )
