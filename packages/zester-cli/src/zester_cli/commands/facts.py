"""`zester facts`: what the masters' index knows of the peels; no job runs."""

from collections.abc import Sequence
from typing import Any

from zester_cli import cache
from zester_cli.client import Client
from zester_cli.errors import NobodyMatched
from zester_cli.invocation import Invocation, with_client
from zester_cli.output import forms
from zester_cli.output.listing import Column, field, write_list
from zester_cli.output.names import fold
from zester_cli.output.values import flat, value_lines
from zester_cli.pages import read_map
from zester_proto.codec import pack_normal
from zester_proto.messages.operators import FactsAsk

Facts = dict[str, dict[str, Any]]


def fetch(invocation: Invocation, target: str, keys: Sequence[str]) -> Facts:
    """Get the facts of each peel of a target; no keys are all of them.

    Raises:
        NobodyMatched: the target names no peel.
    """

    async def get(client: Client) -> Facts:
        _, reader = await client.ask_list("facts", FactsAsk(target=target, keys=tuple(keys)))
        cache.keep_peels(cache.folder(client.config), reader.items)
        return {key: read_map(item.data) for key, item in sorted(reader.items.items())}

    found = with_client(invocation, get)
    if not found:
        hint = "zester peel list shows who is there"
        raise NobodyMatched(f"nobody matches {target!r}", hint=hint)
    return found


def get(invocation: Invocation, target: str, keys: Sequence[str]) -> int:
    """Show the facts of each peel."""
    found = fetch(invocation, target, keys)
    screen, form = invocation.screen, invocation.options.output
    if form in {"json", "yaml"}:
        forms.structured(screen, form, found)
    elif form == "raw":
        for facts in found.values():
            values = [facts.get(key) for key in keys] if keys else [facts]
            for value in values:
                forms.raw_value(screen, value)
    elif keys:
        columns = [field("id", "PEEL"), *(_fact_column(key) for key in keys)]
        items = [{"id": peel_id, **facts} for peel_id, facts in found.items()]
        write_list(invocation, columns, items, raw=lambda _: "", nothing="nobody matches")
    else:
        for peel_id, facts in found.items():
            screen.write(f"{screen.style(peel_id, 'bold')}:")
            screen.write("".join(f"    {line}\n" for line in value_lines(facts)))
    return 0


def _fact_column(key: str) -> Column:
    def show(item: dict[str, Any]) -> str:
        return flat(item[key]) if item.get(key) is not None else "-"

    return Column(key.upper(), show)


def query(invocation: Invocation, target: str, keys: Sequence[str]) -> int:
    """Show how many peels have which values, the commonest first."""
    groups: dict[bytes, list[str]] = {}
    found = fetch(invocation, target, keys)
    for peel_id, facts in found.items():
        groups.setdefault(pack_normal([facts.get(key) for key in keys]), []).append(peel_id)
    items = [
        {
            "facts": {key: found[ids[0]].get(key) for key in keys},
            "count": len(ids),
            "peels": ids,
        }
        for ids in sorted(groups.values(), key=lambda ids: (-len(ids), ids))
    ]
    columns = [
        *(_query_column(key) for key in keys),
        field("count"),
        Column("PEELS", _folded),
    ]
    write_list(invocation, columns, items, raw=_raw_line, nothing="nobody matches", right="COUNT")
    return 0


def _folded(item: dict[str, Any]) -> str:
    return fold(item["peels"])


def _query_column(key: str) -> Column:
    def show(item: dict[str, Any]) -> str:
        value = item["facts"][key]
        return flat(value) if value is not None else "-"

    return Column(key.upper(), show)


def _raw_line(item: dict[str, Any]) -> str:
    return "\t".join([str(item["count"]), *(flat(value) for value in item["facts"].values())])
