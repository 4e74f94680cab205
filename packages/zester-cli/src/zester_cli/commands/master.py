"""`zester master list` and `zester status`: the masters, and what is wrong."""

from typing import Any, cast

from zester_cli.client import Client, answer_value
from zester_cli.invocation import Invocation, with_client
from zester_cli.output import forms
from zester_cli.output.columns import Cell, table
from zester_cli.output.listing import field, moment_of, write_list
from zester_cli.pages import as_map
from zester_proto.messages.operators import NothingAsk
from zester_proto.terminal import harmless_line
from zester_proto.units import counted

_STYLES = {"error": "bad", "warning": "warning"}


def listing(invocation: Invocation) -> int:
    """Show the masters that live."""

    async def get(client: Client) -> list[dict[str, Any]]:
        found = answer_value(await client.ask("masters", NothingAsk()))
        rows = cast("list[Any]", found) if isinstance(found, list) else []
        return [as_map(one) for one in rows]

    columns = (
        field("name", "MASTER"),
        field("version"),
        field("address"),
        moment_of("started"),
        field("active", "JOBS"),
        field("bundle", "TRUST"),
    )
    write_list(
        invocation,
        columns,
        with_client(invocation, get),
        raw=lambda item: str(item.get("name", "")),
        nothing="no master lives",
        right="JOBS TRUST",
    )
    return 0


def status(invocation: Invocation) -> int:
    """Show what is wrong; 1 if anything is."""

    async def get(client: Client) -> dict[str, Any]:
        return as_map(answer_value(await client.ask("status", NothingAsk())))

    found = with_client(invocation, get)
    conditions = [as_map(one) for one in found.get("conditions") or ()]
    screen, form = invocation.screen, invocation.options.output
    if form in {"json", "yaml"}:
        forms.structured(screen, form, found)
    elif form == "raw":
        forms.raw_lines(screen, [str(one.get("code", "")) for one in conditions])
    else:
        peels = ", ".join(f"{n} {state}" for state, n in sorted(as_map(found["peels"]).items()))
        screen.write(
            f"{harmless_line(str(found.get('master', '')))}: peels: {peels or 'none'}; "
            f"{counted(int(found.get('jobs', 0)), 'job')} running here; "
            f"{counted(len(conditions), 'condition')}"
        )
        rows = [_row(one) for one in conditions]
        if rows:
            lines = table(screen, ("SEVERITY", "CONDITION", "WHAT", "TO DO"), rows)
            screen.write("".join(f"{line}\n" for line in lines))
    return 1 if conditions else 0


def _row(one: dict[str, Any]) -> tuple[Cell, ...]:
    severity = str(one.get("severity", ""))
    texts = (harmless_line(str(one.get(key, ""))) for key in ("code", "text", "hint"))
    return (Cell(harmless_line(severity), _STYLES.get(severity, "")), *map(Cell, texts))
