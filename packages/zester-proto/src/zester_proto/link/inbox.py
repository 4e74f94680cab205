"""Questions and their answers over one wildcard subscription of a connection."""

import asyncio
import secrets
from collections.abc import Callable

from zester_proto.link.options import Message

Take = Callable[[Message | Exception], None]


class Inbox:
    """Where the answers to one connection's questions arrive.

    Attributes:
        subject: the wildcard to subscribe to.
    """

    def __init__(self, prefix: str) -> None:
        self._root = prefix
        self._prefix = f"{prefix}.{secrets.token_hex(8)}."
        self._next = 0
        self._open: dict[str, Take] = {}
        self.subject = f"{self._prefix}*"

    def open(self, take: Take) -> str:
        """Give a reply subject; `take` gets every answer, or once the reason why none will come."""
        self._next += 1
        # who sees one of our reply subjects must not guess the next
        token = f"{self._next:x}{secrets.token_hex(4)}"
        self._open[token] = take
        return f"{self._prefix}{token}"

    def new_subject(self) -> str:
        """Give a subject beside this inbox, for a subscription of its own."""
        return f"{self._root}.s{secrets.token_hex(12)}"

    def close(self, reply: str) -> None:
        """Forget a reply subject: what still arrives there is dropped."""
        self._open.pop(reply[len(self._prefix) :], None)

    def arrived(self, message: Message) -> None:
        """Hand an answer to who asked."""
        take = self._open.get(message.subject[len(self._prefix) :])
        if take is not None:
            take(message)

    def fail(self, error: Exception) -> None:
        """Tell everybody who waits that no answer will come."""
        waiting, self._open = self._open, {}
        for take in waiting.values():
            take(error)


def resolve(future: "asyncio.Future[Message]") -> Take:
    """Give a taker that settles a future with the first answer."""

    def take(answer: Message | Exception) -> None:
        if future.done():
            return
        if isinstance(answer, Message):
            future.set_result(answer)
        else:
            future.set_exception(answer)

    return take
