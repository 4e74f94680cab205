"""What operators ask about the basket: `basket`."""

from typing import Final

from zester_master.api.answers import Item, Reply, listing
from zester_master.api.requests import Asked, Denied
from zester_master.basket.access import Access
from zester_master.basket.values import Opened, Values
from zester_master.context import Context
from zester_master.jobs.starting import nobody, resolve
from zester_proto.codec import pack_normal, unpack
from zester_proto.errors import ZesterError
from zester_proto.link import LinkError
from zester_proto.messages.basket import VALUE_LIMIT
from zester_proto.messages.operators import BasketLook
from zester_proto.target import parse

LISTED: Final = 100
"""Peels whose names are listed at once: each is a question to the store."""


class BasketVerbs:
    """The verb about the basket."""

    def __init__(self, context: Context, values: Values, access: Access) -> None:
        self._context = context
        self._values = values
        self._access = access

    async def basket(self, asked: Asked) -> Reply:
        """Give what peels share under a name, or which names they share."""
        ask = asked.arguments(BasketLook)
        ids = (await resolve(self._context, ask.target)).ids
        if not ids:
            raise nobody(self._context, ask.target)
        try:
            if ask.name:
                return listing(self._context, asked, await self._get(ask))
            return listing(self._context, asked, await self._list(ids))
        except LinkError as error:
            raise Denied("unavailable", f"the basket cannot be read: {error.message}") from error
        except ZesterError as error:
            raise Denied("usage", error.message, hint=error.hint) from error

    async def _get(self, ask: BasketLook) -> list[Item]:
        node = await self._context.settle(parse(ask.target, groups=self._context.groups))
        values = await self._values.of(ask.name)
        # what a peel may not share under this name is not shown as if it counted
        narrowed = self._access.from_sources(node, ask.name)
        return [
            Item(one, pack_normal(_value(opened)))
            for one in self._context.index.resolve(narrowed).ids()
            if (opened := values.get(one)) is not None and opened.value is not None
        ]

    async def _list(self, ids: list[str]) -> list[Item]:
        if len(ids) > LISTED:
            raise Denied(
                "usage",
                f"{len(ids)} peels are more than the {LISTED} whose names are listed at once",
                hint="name fewer, or ask for one name: zester basket get TARGET NAME",
            )
        items: list[Item] = []
        for one in ids:
            found = await self._values.of_peel(one)
            rows = [_row(name, opened) for name, opened in sorted(found.items())]
            items.append(Item(one, pack_normal({"values": rows})))
        return items


def _value(opened: Opened) -> dict[str, object]:
    assert opened.value is not None  # the caller has looked
    return {
        "value": unpack(opened.value.value, limit=VALUE_LIMIT),
        "at": opened.at,
        "function": opened.value.function,
    }


def _row(name: str, opened: Opened) -> dict[str, object]:
    value = opened.value
    if value is None:
        return {"name": name, "at": opened.at, "problem": "it is not what its peel may share"}
    return {
        "name": name,
        "function": value.function,
        "at": opened.at,
        "bytes": len(value.value),
        "allow": value.allow,
    }
