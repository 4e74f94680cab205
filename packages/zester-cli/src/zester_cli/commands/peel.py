"""`zester peel`: who is there."""

import time
from typing import Any

from zester_cli import cache
from zester_cli.client import Client, answer_value
from zester_cli.duration import shown_seconds
from zester_cli.errors import NobodyMatched
from zester_cli.invocation import Invocation, with_client
from zester_cli.output import forms
from zester_cli.output.listing import Column, field, moment, moment_of, write_list
from zester_cli.output.values import value_lines
from zester_cli.pages import Item, as_map, read_map
from zester_cli.suggest import closest, did_you_mean
from zester_proto.messages.operators import DrainAsk, FactsAsk, PeelAsk, TargetAsk

_CLOCK_OFF = 30.0
"""Seconds above which a peel's clock is called wrong (bus.md 5)."""


def listing(invocation: Invocation, target: str) -> int:
    """Show the peels that a target names.

    Raises:
        NobodyMatched: it names none.
    """

    async def get(client: Client) -> dict[str, Item]:
        _, reader = await client.ask_list("peels", TargetAsk(target=target))
        cache.keep_peels(cache.folder(client.config), reader.items, whole=target == "*")
        return reader.items

    found = with_client(invocation, get)
    if not found and target != "*":
        raise NobodyMatched(f"nobody matches {target!r}", hint="zester peel list shows all")
    items = [{"id": key, **_fields(item)} for key, item in sorted(found.items())]
    columns = (
        field("id", "PEEL"),
        field("state", is_state=True),
        moment_of("since"),
        field("version"),
        field("address"),
        Column("FACTS", _age),
        Column("CLOCK", _clock),
        field("problem", "NOTE"),
    )
    write_list(
        invocation, columns, items, raw=lambda item: str(item["id"]), nothing="there are no peels"
    )
    return 0


def _fields(item: Item) -> dict[str, Any]:
    return {"state": item.outcome, **read_map(item.data)}


def _age(item: dict[str, Any]) -> str:
    """Give how long ago a peel's last facts came."""
    seconds = item.get("facts")
    if not isinstance(seconds, (int, float)) or seconds <= 0:
        return "none"
    return f"{shown_seconds(max(time.time() - seconds, 0))} ago"


def _clock(item: dict[str, Any]) -> str:
    off = item.get("clock")
    if not isinstance(off, (int, float)):
        return ""
    if abs(off) < 0.05:
        return "right"
    return f"{off:+.1f} s" if abs(off) < _CLOCK_OFF else f"{off:+.0f} s, wrong"


def drain(invocation: Invocation, target: str, *, on: bool) -> int:
    """Have peels take no more jobs, or take them again."""
    verb = "drain" if on else "undrain"

    async def ask(client: Client) -> dict[str, Any]:
        return as_map(answer_value(await client.ask(verb, DrainAsk(target=target))))

    return _changed(invocation, with_client(invocation, ask), f"{verb}ed")


def unquarantine(invocation: Invocation, peel_id: str) -> int:
    """Let a peel in again that was shut out."""

    async def ask(client: Client) -> dict[str, Any]:
        return as_map(answer_value(await client.ask("unquarantine", PeelAsk(id=peel_id))))

    return _changed(invocation, with_client(invocation, ask), "let in again")


def _changed(invocation: Invocation, answer: dict[str, Any], how: str) -> int:
    """Say which peels a master changed."""
    ids = [str(one) for one in answer.get("peels") or ()]
    screen, form = invocation.screen, invocation.options.output
    if form in {"json", "yaml"}:
        forms.structured(screen, form, {"peels": ids})
    else:
        forms.raw_lines(screen, ids)
        screen.note(f"{how}: {len(ids)} peel{'s' * (len(ids) != 1)}")
    return 0


def show(invocation: Invocation, peel_id: str) -> int:
    """Show one peel and its facts.

    Raises:
        NobodyMatched: there is none of that name.
    """

    async def get(client: Client) -> dict[str, Any]:
        target = TargetAsk(target=f"L@{peel_id}")
        _, peels = await client.ask_list("peels", target)
        if peel_id not in peels.items:
            known = cache.peels(cache.folder(client.config))
            hint = did_you_mean(closest(peel_id, known)) or "zester peel list shows who is there"
            raise NobodyMatched(f"there is no peel {peel_id!r}", hint=hint)
        _, facts = await client.ask_list("facts", FactsAsk(target=target.target))
        item = facts.items.get(peel_id)
        fields = {"id": peel_id, **_fields(peels.items[peel_id])}
        fields["facts_at"] = fields.pop("facts", None)
        return {**fields, "facts": read_map(item.data if item else b"")}

    found = with_client(invocation, get)
    screen, form = invocation.screen, invocation.options.output
    if form == "table":
        shown = {
            **found,
            "since": moment(found.get("since")),
            "facts_at": moment(found.get("facts_at")),
        }
        screen.write("".join(f"{line}\n" for line in value_lines(shown)))
    elif form == "raw":
        forms.raw_value(screen, found)
    else:
        forms.structured(screen, form, found)
    return 0
