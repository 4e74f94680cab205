"""What peels returned: a bounded part in memory, all of it in the bucket (bus.md 6.6)."""

from collections import OrderedDict
from collections.abc import AsyncGenerator
from typing import Final, NamedTuple

from zester_master.context import Context
from zester_master.jobs.returns import (
    BUCKET,
    FalseReturn,
    Head,
    Sender,
    Sum,
    read_head,
    read_meta,
    read_part,
)
from zester_proto.link import NatsLink, kv
from zester_proto.messages.jobs import Return, ReturnMeta
from zester_proto.subjects import return_key
from zester_proto.together import together

ROOM: Final = 8 * 1024 * 1024
"""Bytes of the values of one job that wait in memory for who shows them."""


AHEAD: Final = 24
"""Values that are read at the same time; each is a message of 256 KiB at most."""


class Piece(NamedTuple):
    """A part of a return's plain text."""

    offset: int
    total: int
    data: bytes


class Values:
    """The values of one job.

    Attributes:
        readers: how many show them; without any nothing is kept.
    """

    def __init__(self, context: Context, jid: str, highest: int) -> None:
        self.readers = 0
        self._context = context
        self._jid = jid
        self._highest = highest
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._size = 0

    def keep(self, place: int, head: Head) -> None:
        """Keep a value for who is about to show it; large ones lie in the bucket alone."""
        if not self.readers or head.ret.parts:
            return
        self._kept[place] = head.plain
        self._size += len(head.plain)
        while self._size > ROOM:
            self._size -= len(self._kept.popitem(last=False)[1])

    def holds(self, place: int) -> bool:
        """Say whether a value is kept."""
        return place in self._kept

    def take(self, place: int) -> bytes | None:
        """Give a value that is kept; the only reader takes it away."""
        if self.readers > 1:
            return self._kept.get(place)
        value = self._kept.pop(place, None)
        self._size -= len(value or b"")
        return value

    async def prefetch(self, peels: dict[int, str]) -> None:
        """Take the small ones of some values into memory, in one round of questions.

        Args:
            peels: whose, by place; at most `AHEAD` of them.

        Raises:
            LinkError: they cannot be read.
        """
        heads = await together(self._head(peel_id) for peel_id in peels.values())
        for place, head in zip(peels, heads, strict=True):
            if isinstance(head, Head):
                self._kept[place] = head.plain
                self._size += len(head.plain)

    async def heads(self, peels: dict[int, str]) -> dict[int, Return]:
        """Give what some peels returned as far as their heads say it, by place.

        Raises:
            LinkError: they cannot be read.
        """
        heads = await together(self._head(peel_id) for peel_id in peels.values())
        return {
            place: head.ret if isinstance(head, Head) else head
            for place, head in zip(peels, heads, strict=True)
            if head is not None
        }

    async def _head(self, peel_id: str) -> Return | Head | None:
        key = self._context.boxes.get(peel_id)
        entry = await kv.get(self._context.link, BUCKET, return_key(self._jid, peel_id))
        if key is None or entry is None:
            return None
        try:
            return read_head(entry.value, Sender(self._jid, peel_id, key), self._highest)
        except FalseReturn:
            return None

    async def read(self, place: int, peel_id: str) -> AsyncGenerator[Piece]:
        """Give a value from the bucket, piece by piece.

        Raises:
            FalseReturn: it is not there, or not what its peel sealed.
            LinkError: it cannot be read.
        """
        key = self._context.boxes.get(peel_id)
        entry = await kv.get(self._context.link, BUCKET, return_key(self._jid, peel_id))
        if key is None or entry is None:
            raise FalseReturn(f"the return of {peel_id} is not kept any more (place {place})")
        sender = Sender(self._jid, peel_id, key)
        head = read_head(entry.value, sender, self._highest)
        if isinstance(head, Head):
            yield Piece(0, len(head.plain), head.plain)
            return
        offset = 0
        async for part in _parts(self._context.link, head, sender):
            yield Piece(offset, head.size, part)
            offset += len(part)


async def _parts(link: NatsLink, ret: Return, sender: Sender) -> AsyncGenerator[bytes]:
    """Give the opened parts of a return, one in memory at a time.

    Raises:
        FalseReturn: one is missing or false.
        LinkError: one cannot be read.
    """
    for number in range(1, ret.parts + 1):
        entry = await kv.get(link, BUCKET, return_key(sender.jid, sender.peel_id, number))
        if entry is None:
            raise FalseReturn(f"part {number} of the return of {sender.peel_id} is missing")
        yield read_part(entry.value, ret, sender, number)


async def verify_parts(link: NatsLink, ret: Return, sender: Sender) -> Head:
    """Open a large return from end to end without keeping it; give its head with what it says.

    Raises:
        FalseReturn: a part is missing or false, or they are not what the head says.
        LinkError: a part cannot be read.
    """
    total = Sum()
    meta: ReturnMeta | None = None
    async for part in _parts(link, ret, sender):
        meta = meta or read_meta(part, sender.peel_id)
        total.add(part)
    total.check(ret, sender.peel_id)
    if meta is None:
        raise FalseReturn(f"the return of {sender.peel_id} has no parts")
    return Head(ret, meta, b"")
