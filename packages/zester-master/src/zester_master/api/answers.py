"""What a verb gives back: a value in the answer, pages after it, or both."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, NamedTuple

from zester_master.api.pages import Book
from zester_master.api.requests import Asked
from zester_master.context import Context
from zester_proto.codec import pack
from zester_proto.subjects import page

Pages = Callable[[], Awaitable[None]]


class Item(NamedTuple):
    """A row of a list."""

    key: str
    data: bytes = b""
    state: str = ""


class Reply(NamedTuple):
    """A yes.

    Attributes:
        value: stands in the answer itself, packed.
        pages: sends what follows; called when the answer is on its way.
    """

    value: bytes = pack(None)
    pages: Pages | None = None


NOTHING: Final = Reply()


def value(of: Any) -> Reply:
    """Give a yes that fits into the answer."""
    return Reply(pack(of))


def listing(context: Context, asked: Asked, items: Iterable[Item], of: Any = None) -> Reply:
    """Give a yes whose rows come in pages.

    Args:
        context: this master.
        asked: the request.
        items: the rows; made one after the other while pages leave.
        of: stands in the answer itself.
    """

    async def send() -> None:
        book = Book(
            lambda body: context.signed("page", body), asked.request.id, master=context.name
        )
        for item in items:
            book.add(item.key, item.data, outcome=item.state)
            if book.ready:
                await publish(book.cut({}))
        await publish(book.cut({}, final=True))

    async def publish(pages: list[bytes]) -> None:
        subject = page(asked.operator, asked.request.id)
        for data in pages:
            await context.link.publish(subject, data)

    return Reply(pack(of), send)
