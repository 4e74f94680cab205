"""`zester target EXPR`: which peels a target names, on the live fleet or on one in a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from zester_cli.client import Client, answer_value
from zester_cli.errors import NobodyMatched, UsageError
from zester_cli.invocation import Invocation, with_client
from zester_cli.output import forms
from zester_cli.output.columns import Cell, table
from zester_cli.pages import as_map
from zester_proto.messages.operators import TargetAsk
from zester_proto.terminal import harmless_line


class Matches(NamedTuple):
    """Whom a target names, and how many each of its parts does."""

    ids: Sequence[str]
    parts: Sequence[dict[str, Any]]


def target(
    invocation: Invocation, expression: str, *, explain: bool, fleet: str, groups: str
) -> int:
    """Show the ids, one a line, or each part's count.

    Raises:
        CliError: the expression is wrong, or nobody matches.
    """
    if groups and not fleet:
        raise UsageError(
            "--groups goes with --fleet", hint="the live fleet has the groups of its masters"
        )
    if fleet:
        found = _offline(expression, fleet, groups)
    else:
        found = _live(invocation, TargetAsk(target=expression, explain=explain))
    screen, form = invocation.screen, invocation.options.output
    if form in {"json", "yaml"}:
        value: Any = list(found.ids)
        if explain:
            value = {"peels": list(found.ids), "explain": list(found.parts)}
        forms.structured(screen, form, value)
    elif explain and form == "table":
        rows = [
            (Cell(str(one["count"])), Cell("  " * one.get("depth", 0) + harmless_line(one["text"])))
            for one in found.parts
        ]
        lines = table(screen, ("PEELS", "PART"), rows, right="PEELS")
        screen.write("".join(f"{line}\n" for line in lines))
    else:
        forms.raw_lines(screen, found.ids)
    if not found.ids:
        hint = "" if fleet else "zester peel list shows who is there"
        raise NobodyMatched(f"nobody matches {expression!r}", hint=hint)
    return 0


def _live(invocation: Invocation, ask: TargetAsk) -> Matches:
    async def get(client: Client) -> Matches:
        answer, reader = await client.ask_list("target", ask)
        parts: list[dict[str, Any]] = as_map(answer_value(answer)).get("explain") or []
        return Matches(sorted(reader.items), parts)

    return with_client(invocation, get)


def _offline(expression: str, fleet: str, groups: str) -> Matches:
    from zester_proto.target.offline import (  # noqa: PLC0415  # only made-up fleets pay for it
        answer,
        read_fleet,
        read_groups,
    )

    named = read_groups(_read(groups), groups) if groups else None
    lines = _read(fleet).splitlines()
    found = answer(expression, read_fleet(lines, fleet), named)
    parts = [{"text": one.text, "count": one.count, "depth": one.depth} for one in found.parts]
    return Matches(found.ids, parts)


def _read(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"cannot read {name}: {reason}") from error
