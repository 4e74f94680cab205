"""Answers peels that ask what others share: `zester.peel.<id>.basket` (settings.md 6)."""

import asyncio
from typing import Final, NamedTuple

from zester_master.basket.access import Access
from zester_master.basket.values import Values
from zester_master.context import Context
from zester_master.fleet.guard import Guard
from zester_proto.codec import decode
from zester_proto.errors import BadId, CodecError, ZesterError
from zester_proto.link import LinkError, Message
from zester_proto.logs import Log
from zester_proto.messages.basket import VIEW_BYTES, BasketAsk, BasketRow, BasketView
from zester_proto.subjects import BASKET_ALL, MASTERS, parse_peel_asks
from zester_proto.target import asks_settings, parse

MAX_NONCE: Final = 64
MAX_TARGET: Final = 4096
_LIMIT: Final = 16 * 1024
_WAITING: Final = 4 * 1024 * 1024
_QUEUE: Final = 4096
_HANDS: Final = 8
_ROW: Final = 32
_log: Final = Log("zester.basket")


class _Question(NamedTuple):
    peel_id: str
    ask: BasketAsk
    reply: str


class BasketAnswers:
    """One master's answers; each question is answered by one master of all."""

    def __init__(self, context: Context, guard: Guard, values: Values, access: Access) -> None:
        self._context = context
        self._guard = guard
        self._values = values
        self._access = access
        self._questions: asyncio.Queue[_Question] = asyncio.Queue(_QUEUE)

    async def listen(self) -> None:
        """Subscribe; the link keeps it up."""
        link = self._context.ears
        await link.subscribe(BASKET_ALL, self._asked, queue=MASTERS, pending_bytes=_WAITING)

    async def run(self) -> None:
        """Answer until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(_HANDS):
                group.create_task(self._answer_all())

    async def _asked(self, message: Message) -> None:
        context = self._context
        try:
            peel_id, _ = parse_peel_asks(message.subject)
            if not self._guard.allows("basket-ask", peel_id):
                return
            ask = decode(message.data, BasketAsk, limit=_LIMIT)
        except (BadId, CodecError):
            context.meter.dropped.inc(reason="basket-ask")
            return
        if len(ask.nonce) > MAX_NONCE or len(ask.target) > MAX_TARGET or not message.reply:
            context.meter.dropped.inc(reason="basket-ask")
            return
        try:
            self._questions.put_nowait(_Question(peel_id, ask, message.reply))
        except asyncio.QueueFull:
            context.meter.dropped.inc(reason="basket-busy")

    async def _answer_all(self) -> None:
        while True:
            one = await self._questions.get()
            try:
                view = await self.view(one.peel_id, one.ask)
                data = self._context.signed("basket", view)
                await self._context.ears.publish(one.reply, data)
            except LinkError as error:
                _log.info("a peel's question is not answered", peel_id=one.peel_id,
                          error=error.message)  # fmt: skip
            except Exception as error:  # noqa: BLE001  # one question must not end the others
                _log.failure("a peel's question failed", error, peel_id=one.peel_id)

    async def view(self, peel_id: str, ask: BasketAsk) -> BasketView:
        """Give what a peel may see of what it asked for.

        Raises:
            LinkError: the basket cannot be read.
        """
        try:
            rows, more = await self._rows(peel_id, ask)
        except LinkError:
            raise
        except ZesterError as error:
            return self._view(peel_id, ask, problem=error)
        return self._view(peel_id, ask, tuple(rows), more=more)

    def _view(
        self,
        peel_id: str,
        ask: BasketAsk,
        rows: tuple[BasketRow, ...] = (),
        *,
        more: bool = False,
        problem: ZesterError | None = None,
    ) -> BasketView:
        return BasketView(
            site=self._context.site,
            id=peel_id,
            nonce=ask.nonce,
            target=ask.target,
            name=ask.name,
            time=self._context.wall(),
            rows=rows,
            more=more,
            problem=problem.message if problem else "",
            hint=problem.hint if problem else "",
        )

    async def _rows(self, peel_id: str, ask: BasketAsk) -> tuple[list[BasketRow], bool]:
        context, access = self._context, self._access
        await context.fleet_ready.wait()
        if context.is_revoked(peel_id):
            raise ZesterError(
                f"{peel_id} is revoked", hint="docs/identity.md: how a host comes back"
            )
        if not access.may_read(peel_id, ask.name):
            context.journal.audit("basket", "refused", peel_id, name=ask.name[:64])
            raise ZesterError(
                f"{peel_id} may not read {ask.name} of the basket",
                hint="basket_access in the masters' configuration says who may",
            )
        asked = parse(ask.target, groups=context.groups)
        if asks_settings(asked):
            raise ZesterError(
                f"{ask.target} asks for settings: by trying, a peel could find out those of others",
                hint="read a basket by ids, groups or facts, or have those hosts share what it is",
            )
        node = access.from_sources(asked, ask.name)
        values = await self._values.of(ask.name)
        rows: list[BasketRow] = []
        room = VIEW_BYTES
        for one in context.index.resolve(node).ids():
            opened = values.get(one) if one > ask.after else None
            if opened is None or opened.value is None or one in context.quarantined:
                continue
            if not access.may_have(peel_id, opened.value.allow):
                continue
            room -= len(opened.value.value) + len(one) + _ROW
            if room < 0:
                return rows, True
            rows.append(BasketRow(one, opened.at, opened.value.value))
        return rows, False
