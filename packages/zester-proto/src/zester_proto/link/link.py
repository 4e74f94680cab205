"""The NATS link: what is declared once holds over all the connections that follow each other."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import NamedTuple, Self

from zester_proto.errors import ZesterError
from zester_proto.link.errors import (
    Disconnected,
    LinkError,
    LinkTimeout,
    NoResponders,
    PermissionDenied,
    Unreachable,
)
from zester_proto.link.inbox import Take, resolve
from zester_proto.link.keeper import Keeper, Owner
from zester_proto.link.options import NO_HEADERS, LinkOptions, Message
from zester_proto.link.reasons import denied
from zester_proto.link.session import Session
from zester_proto.link.stats import LinkStats
from zester_proto.link.subscription import Handler, Subscription, check_subject
from zester_proto.logs import Log, Throttle

Connected = Callable[[int], Awaitable[None]]
Lost = Callable[[LinkError], Awaitable[None]]
ProblemChanged = Callable[[ZesterError | None], None]


class _Question(NamedTuple):
    subject: str
    take: Take


class NatsLink:
    """One process's way onto the bus.

    A daemon calls `start` and lives with what comes: the supervisor tries for ever. A command calls
    `connect_once`, which raises what is wrong.

    Publishing and asking without a connection raises `Disconnected` at once. Nothing is kept to be
    sent later, so what raised is never done behind the caller's back after a reconnect; but what
    was on its way when the connection broke may have arrived.

    Attributes:
        options: as given.
        epoch: number of the present connection, or of the last one; 0 before the first.
        stats: what was counted.
        latency: seconds of the last round trip that was measured: at each connect and flush.
    """

    def __init__(self, options: LinkOptions, *, rng: random.Random | None = None) -> None:
        self.options = options
        self.epoch = 0
        self.latency = 0.0
        self.stats = LinkStats()
        self._keeper = Keeper(
            options,
            Owner(self._came_up, self._went_down, self._server_said, self._problem_changed),
            rng or random.Random(),  # noqa: S311  # it spreads a fleet, it keeps no secret
        )
        self._log = Log("zester.link")
        self._throttle = Throttle()
        self._subscriptions: dict[Subscription, None] = {}
        self._asking: dict[str, dict[str, _Question]] = {}
        self._up = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._hooks: list[asyncio.Task[None]] = []
        self._on_connected: list[Connected] = []
        self._on_disconnected: list[Lost] = []
        self._on_problem: list[ProblemChanged] = []

    # -- life ------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def start(self) -> None:
        """Begin to connect, and never give up; `drain` or `close` ends it."""
        if self._task is None:
            self._task = asyncio.create_task(self._keeper.run(None), name="link")

    async def connect_once(self, seconds: float = 5.0) -> None:
        """Try each server once; from then on the connection is kept, as by `start`.

        Raises:
            ZesterError: why there is no connection: a `ConnectError`, an odd nonce, a missing or
                malformed credentials file.
        """
        assert self._task is None, "the link is kept already"
        session = await self._keeper.try_round(seconds)
        self._task = asyncio.create_task(self._keeper.run(session), name="link")

    async def wait_connected(self, seconds: float | None = None) -> int:
        """Wait for a connection and give its epoch.

        Raises:
            ZesterError: none came in time; the reason as far as it is known.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._up.wait()
        except TimeoutError:
            raise self.problem or Unreachable(
                f"not connected yet to a NATS server at {self._keeper.servers()}"
            ) from None
        return self.epoch

    async def drain(self, seconds: float = 20.0) -> None:
        """Stop hearing, let handlers finish, send what is queued, and close.

        Handlers that are not done in time are cancelled.
        """
        session = self._keeper.session
        if session is not None and session.alive:
            with contextlib.suppress(TimeoutError, LinkError):
                async with asyncio.timeout(seconds):
                    await session.drain()
        await self.close()

    async def close(self) -> None:
        """End the connection and every task of the link."""
        task, self._task = self._task, None
        await _cancel([task] if task else [])
        await self._end_hooks()
        self._up.clear()

    def wake(self) -> None:
        """Try again at once instead of waiting: something changed, as new credentials."""
        self._keeper.wake()

    async def reconnect(self) -> None:
        """End the present connection, so that the next one takes hold of what changed."""
        session = self._keeper.session
        self._keeper.wake()
        if session is not None:
            await session.close()

    # -- what it tells ---------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        session = self._keeper.session
        return session is not None and session.alive and self._up.is_set()

    @property
    def server(self) -> str:
        """Where the present connection leads, as `host:port`; empty without one."""
        session = self._keeper.session
        return str(session.server) if session is not None else ""

    @property
    def problem(self) -> ZesterError | None:
        """Why there is no connection; None while there is one, and before the first try."""
        return self._keeper.problem

    @property
    def max_payload(self) -> int:
        """Bytes of the largest message that may be sent."""
        session = self._keeper.session
        return session.max_payload if session is not None else self.options.max_payload

    def new_subject(self) -> str:
        """Give a subject of our own that nobody else can guess, to hear something on.

        Raises:
            Disconnected: there is no connection; the name of the inbox comes with it.
        """
        return self._live().inbox.new_subject()

    def on_connected(self, hook: Connected) -> Callable[[], None]:
        """Call `hook(epoch)` after every connect, when all subscriptions are heard.

        It runs beside the link's work and is cancelled when that connection ends. What is given
        back takes the hook away.
        """
        self._on_connected.append(hook)
        return lambda: self._on_connected.remove(hook)

    def on_disconnected(self, hook: Lost) -> None:
        """Call `hook(reason)` after the end of every connection."""
        self._on_disconnected.append(hook)

    def on_problem(self, hook: ProblemChanged) -> None:
        """Call `hook(problem)` when the reason for having no connection changes; None: it works."""
        self._on_problem.append(hook)

    # -- messages --------------------------------------------------------------------------------

    async def publish(
        self,
        subject: str,
        data: bytes = b"",
        *,
        reply: str = "",
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        """Send a message; that it arrives is not promised.

        Raises:
            Disconnected: there is no connection; nothing was sent.
            TooLarge: the server would not take it; nothing was sent.
            LinkError: the subject or a header is malformed.
        """
        await (await self._alive()).publish(subject, data, reply, headers)

    async def request(
        self,
        subject: str,
        data: bytes = b"",
        *,
        seconds: float | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Message:
        """Ask, and give the first answer.

        Raises:
            NoResponders: nobody hears the question.
            LinkTimeout: no answer in time; the question may have been acted upon.
            Disconnected: there is no connection, or it broke; the same holds.
            PermissionDenied: we may not ask there.
            TooLarge: the question is too large.
        """
        session = await self._alive()
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        limit = self.options.request_timeout if seconds is None else seconds
        try:
            with self._question(session, subject, resolve(future)) as reply:
                async with asyncio.timeout(limit):
                    await session.publish(subject, data, reply, headers)
                    answer = await future
        except TimeoutError:
            raise LinkTimeout(f"no answer on {subject} in {limit:g} s") from None
        finally:
            future.cancel()
        _check_heard(answer, subject)
        return answer

    async def request_many(
        self,
        subject: str,
        data: bytes,
        *,
        last: Callable[[Message], bool],
        seconds: float | None = None,
    ) -> list[Message]:
        """Ask, and give all answers up to and with the one that `last` says is the last.

        Args:
            subject: where to ask.
            data: the question.
            last: says of each answer whether it ends them.
            seconds: the longest silence.

        Raises:
            LinkError: as `request`.
        """
        session = await self._alive()
        answers: asyncio.Queue[Message | Exception] = asyncio.Queue()
        limit = self.options.request_timeout if seconds is None else seconds
        found: list[Message] = []
        try:
            with self._question(session, subject, answers.put_nowait) as reply:
                await session.publish(subject, data, reply, NO_HEADERS)
                while not found or not last(found[-1]):
                    found.append(await _next(answers, limit))
                    _check_heard(found[0], subject)
        except TimeoutError:
            raise LinkTimeout(f"no answer on {subject} in {limit:g} s") from None
        return found

    @contextlib.contextmanager
    def _question(self, session: Session, subject: str, take: Take) -> Generator[str]:
        """Give a reply subject whose answers, and the server's refusal to ask, go to `take`."""
        reply = session.inbox.open(take)
        lower = subject.lower()
        self._asking.setdefault(lower, {})[reply] = _Question(subject, take)
        try:
            yield reply
        finally:
            session.inbox.close(reply)
            same = self._asking[lower]
            del same[reply]
            if not same:
                del self._asking[lower]

    async def subscribe(
        self,
        subject: str,
        handler: Handler,
        *,
        queue: str = "",
        pending_bytes: int | None = None,
        on_denied: Callable[[PermissionDenied], None] | None = None,
    ) -> Subscription:
        """Hear a subject, on this connection and on every later one; `unsubscribe` ends it.

        Args:
            subject: what to hear; wildcards allowed.
            handler: gets each message; what it raises is logged and counted.
            queue: name of a queue group.
            pending_bytes: what may wait for the handler; beyond it messages are dropped, counted.
            on_denied: called when the server refuses the subject.

        Raises:
            LinkError: the subject is malformed.
        """
        subscription = Subscription(
            check_subject(subject),
            handler,
            queue=queue,
            pending_bytes=pending_bytes or self.options.pending_bytes,
            failed=self._handler_failed,
            on_denied=on_denied,
        )
        self._subscriptions[subscription] = None
        session = self._keeper.session
        if session is not None and self._up.is_set():
            with contextlib.suppress(Disconnected):  # then the next connection makes it
                await subscription.attach(session)
        return subscription

    async def unsubscribe(self, subscription: Subscription, *, drain: bool = False) -> None:
        """End a subscription; with `drain`, after what has arrived was handled."""
        self._subscriptions.pop(subscription, None)
        await subscription.end(drain=drain)

    async def flush(self, seconds: float = 5.0) -> None:
        """Wait until the server has seen all that was sent.

        Raises:
            Disconnected: there is no connection.
            LinkTimeout: the server does not answer.
        """
        began = time.perf_counter()
        await (await self._alive()).flush(seconds)
        self.latency = time.perf_counter() - began

    # -- what the keeper tells -------------------------------------------------------------------

    def _live(self) -> Session:
        session = self._keeper.session
        if session is None or not session.alive:
            raise Disconnected(
                "not connected to a NATS server",
                hint=self.problem.message if self.problem else "it connects by itself: try again",
            )
        return session

    async def _alive(self) -> Session:
        session = self._keeper.session
        if session is None or not session.alive:
            # a caller that tries again at once must not keep the loop from reconnecting
            await asyncio.sleep(0)
        return self._live()

    async def _came_up(self, session: Session) -> None:
        await session.listen()
        await self._attach_all(session)
        began = time.perf_counter()
        await session.flush(self.options.connect_timeout)
        self.latency = time.perf_counter() - began
        await self._attach_all(session)  # those that were declared meanwhile
        self.stats.follow(session.counts)
        self.stats.reconnects += self.epoch > 0
        self.epoch += 1
        self._up.set()
        self._hooks = [
            asyncio.create_task(self._run_hook(hook, self.epoch), name="link-hook")
            for hook in self._on_connected
        ]

    async def _attach_all(self, session: Session) -> None:
        while waiting := [one for one in self._subscriptions if one.session is not session]:
            for subscription in waiting:
                await subscription.attach(session)

    async def _run_hook(self, hook: Connected, epoch: int) -> None:
        try:
            await hook(epoch)
        except ZesterError as error:
            self._log.warn("a task after connecting failed", error=error.message)
        except Exception as error:  # noqa: BLE001  # the link outlives whatever a hook raises
            self._log.failure("a task after connecting failed", error)

    async def _went_down(self, reason: LinkError) -> None:
        self._up.clear()
        await self._end_hooks()
        for hook in list(self._on_disconnected):
            try:
                await hook(reason)
            except Exception as error:  # noqa: BLE001  # the same
                self._log.failure("a task after disconnecting failed", error)

    async def _end_hooks(self) -> None:
        hooks, self._hooks = self._hooks, []
        await _cancel(hooks)

    def _server_said(self, error: Exception) -> None:
        refused = denied(error)
        if refused is not None:
            self._refused(refused)
        elif "slow consumer" in str(error):
            self.stats.dropped += 1
            if (held := self._throttle.allow("slow")) is not None:
                self._log.warn(
                    "messages dropped: their handler is too slow",
                    subject=getattr(error, "subject", ""), held_back=held,
                )  # fmt: skip
        elif (held := self._throttle.allow("other")) is not None:
            self._log.debug("nats", error=str(error), held_back=held)

    def _refused(self, refused: PermissionDenied) -> None:
        self.stats.denied += 1
        subject = refused.subject
        if refused.publishing:
            for question in list(self._asking.get(subject, {}).values()):
                refused = PermissionDenied(question.subject, publishing=True)
                question.take(refused)
        else:
            for subscription in self._subscriptions:
                if subscription.subject.lower() == subject:
                    refused = PermissionDenied(subscription.subject, publishing=False)
                    subscription.deny(refused)
        if (held := self._throttle.allow(f"denied {subject[:80]}")) is not None:
            self._log.error(refused.message, hint=refused.hint, held_back=held)

    def _handler_failed(self, subject: str, error: BaseException) -> None:
        self.stats.handler_errors += 1
        if (held := self._throttle.allow("handler")) is not None:
            self._log.failure(
                "the handler of a message failed", error, subject=subject, held_back=held
            )

    def _problem_changed(self, problem: ZesterError | None) -> None:
        for hook in self._on_problem:
            hook(problem)


def _check_heard(answer: Message, subject: str) -> None:
    if not answer.data and answer.status == "503":
        raise NoResponders(f"nobody answers on {subject} at this moment")


async def _next(answers: "asyncio.Queue[Message | Exception]", seconds: float) -> Message:
    if answers.empty():
        async with asyncio.timeout(seconds):
            answer = await answers.get()
    else:
        answer = answers.get_nowait()
    if isinstance(answer, Exception):
        raise answer
    return answer


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    # a hook may itself close the link: nobody waits for its own end
    others = [task for task in tasks if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others)
