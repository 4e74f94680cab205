"""A subscription that is declared once and made again on every connection."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from zester_proto.link.errors import LinkError, PermissionDenied
from zester_proto.link.options import Message

if TYPE_CHECKING:
    from nats.aio.subscription import Subscription as NatsSubscription

    from zester_proto.link.session import Session

_IN_A_ROW: Final = 64
"""Messages after which others get a turn: a queue that never empties would keep the loop."""

_SUBJECT: Final = re.compile(r"[^\s.*>]+|\*")
Handler = Callable[[Message], Awaitable[None]]
Failed = Callable[[str, BaseException], None]


def check_subject(subject: str) -> str:
    """Give a subject to subscribe to back.

    Raises:
        LinkError: it is malformed; no server need be asked for that.
    """
    *tokens, last = subject.split(".")
    if all(map(_SUBJECT.fullmatch, tokens)) and (last == ">" or _SUBJECT.fullmatch(last)):
        return subject
    raise LinkError(f"cannot subscribe to {subject!r}: invalid subject")


class Subscription:
    """What is heard on a subject.

    Messages of one subscription are handled one after the other: a handler that takes long starts
    a task of its own.

    Attributes:
        subject: what is heard, wildcards allowed.
        queue: of those in a queue group each message goes to one; empty for none.
        denied: the server's refusal of it on the present connection, or None.
        session: the connection on which it was last made.
        ended: it is heard no more.
    """

    def __init__(
        self,
        subject: str,
        handler: Handler,
        *,
        queue: str,
        pending_bytes: int,
        failed: Failed,
        on_denied: Callable[[PermissionDenied], None] | None,
    ) -> None:
        self.subject = subject
        self.queue = queue
        self.denied: PermissionDenied | None = None
        self.ended = False
        self._handler = handler
        self._pending_bytes = pending_bytes
        self._failed = failed
        self._on_denied = on_denied
        self.session: Session | None = None
        self._made: NatsSubscription | None = None
        self._in_a_row = 0

    async def attach(self, session: "Session") -> None:
        """Make it on this connection.

        Raises:
            LinkError: the connection is gone, or the subject is malformed.
        """
        self.denied = None
        self.session = session
        made = await session.subscribe(self.subject, self.queue, self._take, self._pending_bytes)
        if self.ended:
            await session.unsubscribe(made, drain=False)
        else:
            self._made = made

    async def end(self, *, drain: bool = False) -> None:
        """Hear no more; with `drain`, after what has arrived was handled."""
        self.ended = True
        session, made = self.session, self._made
        self.session = self._made = None
        if session is not None and made is not None and session.alive:
            await session.unsubscribe(made, drain=drain)

    def deny(self, error: PermissionDenied) -> None:
        """Note the server's refusal."""
        self.denied = error
        if self._on_denied is not None:
            self._on_denied(error)

    async def _take(self, message: Message) -> None:
        self._in_a_row += 1
        if self._in_a_row >= _IN_A_ROW:
            self._in_a_row = 0
            await asyncio.sleep(0)
        try:
            await self._handler(message)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # something that the handler waited for was cancelled, not the handler: nats-py would
            # take it for the end of the subscription
            self._failed(self.subject, error)
        except Exception as error:  # noqa: BLE001  # whatever a handler raises, we hear on
            self._failed(self.subject, error)
