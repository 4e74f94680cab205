"""`zester basket`: what peels share with each other, as the masters hold it; no job runs."""

import time
from typing import Any

from zester_cli.client import Client
from zester_cli.duration import shown_seconds
from zester_cli.errors import NobodyMatched
from zester_cli.invocation import Invocation, with_client
from zester_cli.output.listing import Column, field, write_list
from zester_cli.output.values import flat
from zester_cli.pages import as_map, read_map
from zester_proto.messages.operators import BasketLook


def _fetch(invocation: Invocation, target: str, name: str = "") -> dict[str, dict[str, Any]]:
    async def get(client: Client) -> dict[str, dict[str, Any]]:
        _, reader = await client.ask_list("basket", BasketLook(target=target, name=name))
        return {key: read_map(item.data) for key, item in sorted(reader.items.items())}

    return with_client(invocation, get)


def get(invocation: Invocation, target: str, name: str) -> int:
    """Show the value of each peel, and how old it is.

    Raises:
        NobodyMatched: none of them shares anything under that name.
    """
    found = _fetch(invocation, target, name)
    if not found:
        raise NobodyMatched(
            f"nobody in {target!r} shares {name!r}",
            hint="zester basket list shows what is shared, and under which names",
        )
    items = [{"peel": peel_id, **_aged(value)} for peel_id, value in found.items()]
    columns = (field("peel"), _age(), Column("VALUE", _value))
    write_list(invocation, columns, items, raw=_value, nothing="nothing is shared")
    return 0


def _value(item: dict[str, Any]) -> str:
    return flat(item.get("value"))


def listing(invocation: Invocation, target: str) -> int:
    """Show under which names peels share something."""
    items = [
        {"peel": peel_id, **_aged(as_map(row))}
        for peel_id, found in _fetch(invocation, target).items()
        for row in found.get("values") or ()
    ]
    columns = (
        field("peel"),
        field("name"),
        field("function"),
        _age(),
        field("bytes"),
        field("allow", "READABLE BY"),
        field("problem", "NOTE"),
    )
    write_list(
        invocation,
        columns,
        items,
        raw=lambda item: f"{item['peel']}\t{item['name']}",
        nothing=f"nobody in {target!r} shares anything",
        right="BYTES",
    )
    return 0


def _aged(value: dict[str, Any]) -> dict[str, Any]:
    at = value.get("at")
    age = max(0.0, time.time() - at) if isinstance(at, (int, float)) else None
    return {**value, "age": None if age is None else round(age, 1)}


def _age() -> Column:
    def show(item: dict[str, Any]) -> str:
        age = item.get("age")
        return "" if age is None else f"{shown_seconds(age)} ago"

    return Column("AGE", show)
