"""Answers operators: `zester.api.<operator>.<verb>`, one master of all for each (bus.md 3)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from zester_master.api.answers import Reply
from zester_master.api.requests import Asked, Denied, Replies, read_request
from zester_master.context import Context
from zester_proto.codec import Raw, pack
from zester_proto.link import LinkError, Message, Subscription
from zester_proto.logs import Log
from zester_proto.messages.operators import Answer, Problem
from zester_proto.subjects import API_ALL, MASTERS

Verb = Callable[[Asked], Awaitable[Reply]]

_NIL: Final = pack(None)
_log: Final = Log("zester.api")


class Service:
    """The queue group in which one master of all answers.

    Attributes:
        busy: requests that are being answered.
    """

    def __init__(self, context: Context, verbs: Mapping[str, Verb], *, limit: int) -> None:
        """Make it ready to listen.

        Args:
            context: this master.
            verbs: what does each verb.
            limit: requests at the same time.
        """
        self.busy = 0
        self._context = context
        self._verbs = verbs
        self._limit = limit
        self._replies = Replies()
        self._idle = asyncio.Event()
        self._idle.set()
        self._subscription: Subscription | None = None
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Answer until cancelled."""
        self._subscription = await self._context.link.subscribe(API_ALL, self._take, queue=MASTERS)
        try:
            async with asyncio.TaskGroup() as self._group:
                await asyncio.Event().wait()
        finally:
            self._group = None
            await self._context.link.unsubscribe(self._subscription)

    async def drain(self, seconds: float) -> None:
        """Take no more requests, and let those go on that are being answered."""
        if self._subscription is not None:
            await self._context.link.unsubscribe(self._subscription, drain=True)
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            _log.warn("requests are cut off", count=self.busy)

    async def _take(self, message: Message) -> None:
        if not message.reply or self._group is None:
            return
        if self.busy >= self._limit:
            busy = Problem(code="busy", text="this master has too many requests", hint="ask again")
            await self._send(message.reply, self._answer("", busy))
            return
        self.busy += 1
        self._idle.clear()
        self._group.create_task(self._serve(message))

    async def _serve(self, message: Message) -> None:
        try:
            await self._answer_one(message)
        except LinkError as error:
            _log.info("an answer was not sent", subject=message.subject, error=error.message)
        except Exception as error:  # noqa: BLE001  # one request must not end the others
            _log.failure("a request failed", error, subject=message.subject)
        finally:
            self.busy -= 1
            if not self.busy:
                self._idle.set()

    async def _answer_one(self, message: Message) -> None:
        context, verb = self._context, message.subject.rpartition(".")[2]
        try:
            asked = read_request(message.subject, message.data, context.trust, context.wall())
        except Denied as error:
            self._count(verb, error.code)
            if error.code != "stale":
                operator = message.subject.split(".")[2][:64]
                context.journal.audit("operator", "denied", operator=operator, error=error.message)
            await self._send(message.reply, self._answer(error.request, error.problem))
            return
        known, answer = self._replies.begin(asked)
        if known:
            # a second try of the operator's, or somebody's replay: the same words, nothing done
            if answer is not None:
                await self._send(message.reply, answer)
            return
        await self._do(asked, verb, message.reply)

    async def _do(self, asked: Asked, verb: str, reply: str) -> None:
        done = Reply()
        problem: Problem | None = None
        try:
            done = await self._verbs.get(verb, _unknown)(asked)
        except Denied as error:
            problem = error.problem
        except Exception as error:  # noqa: BLE001  # the operator is told, the log says more
            _log.failure("a request failed", error, verb=verb, operator=asked.operator)
            problem = Problem(
                code="internal",
                text=f"this master failed to {verb}: {type(error).__name__}",
                hint="its log says why",
            )
        answer = self._answer(asked.request.id, problem, done)
        # what failed may go well the next time
        lasting = problem is None or problem.code not in {"internal", "unavailable", "busy"}
        self._replies.end(asked, answer if lasting else None)
        self._count(verb, problem.code if problem else "")
        await self._send(reply, answer)
        if done.pages is not None:
            await done.pages()

    def _count(self, verb: str, problem: str) -> None:
        known = verb if verb in self._verbs else "other"
        self._context.meter.requests.inc(verb=known, problem=problem)

    def _answer(self, request: str, problem: Problem | None, done: Reply | None = None) -> bytes:
        context = self._context
        answer = Answer(
            request=request,
            time=context.wall(),
            master=context.name,
            problem=problem,
            value=Raw(done.value if done is not None else _NIL),
            pages=done is not None and done.pages is not None,
        )
        return context.signed("answer", answer)

    async def _send(self, reply: str, answer: bytes) -> None:
        await self._context.link.publish(reply, answer)


async def _unknown(asked: Asked) -> Reply:
    raise Denied("unknown", f"this master does not know how to {asked.request.verb}")
