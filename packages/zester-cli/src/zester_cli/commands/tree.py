"""`zester tree status|diff|publish`: the state trees that peels get, and those of the masters."""

import asyncio
from typing import Any, Final

from zester_cli.client import Client, answer_value
from zester_cli.errors import NoMaster
from zester_cli.invocation import Invocation, with_client
from zester_cli.output import forms
from zester_cli.output.columns import Cell, table
from zester_cli.output.listing import moment
from zester_cli.pages import as_map, read_map
from zester_proto.messages.operators import NothingAsk
from zester_proto.terminal import harmless_line

_STATES = {"same": "good", "differs": "warning", "broken": "bad"}
_PATIENCE: Final = 15.0
_POLL: Final = 0.3
_MARKS = {"+": "good", "-": "bad", "@": "dim"}


def status(invocation: Invocation) -> int:
    """Show what is published and what each master has; 1 if a tree is broken or differs.

    The same of the settings, and which peels have none.
    """

    async def get(client: Client) -> dict[str, Any]:
        return as_map(answer_value(await client.ask("tree-status", NothingAsk())))

    found = with_client(invocation, get)
    masters = [as_map(one) for one in found.get("masters") or ()]
    settings = as_map(found.get("settings") or {})
    theirs = {str(one.get("name", "")): one for one in map(as_map, settings.get("masters") or ())}
    problems = [str(one) for one in (*(found.get("problems") or ()),
                                     *(settings.get("problems") or ()))]  # fmt: skip
    screen, form = invocation.screen, invocation.options.output
    if form in {"json", "yaml"}:
        forms.structured(screen, form, found)
    else:
        screen.write(_published(found) + "\n")
        rows = [
            (Cell(harmless_line(str(one.get("name", "")))), Cell(str(one.get("root", ""))[:16]),
             Cell(str(one.get("state", "")), _STATES.get(str(one.get("state", "")), "")),
             Cell(str(one.get("problems", 0))), _of_settings(theirs.get(str(one.get("name", "")))))
            for one in masters
        ]  # fmt: skip
        heads = ("MASTER", "ROOT", "TREE", "PROBLEMS", "SETTINGS")
        screen.write("".join(f"{line}\n" for line in table(screen, heads, rows, right="PROBLEMS")))
        screen.write("".join(f"{line}\n" for line in _settings_lines(settings)))
        for one in problems:
            screen.write(f"{harmless_line(str(found.get('master', '')))}: {harmless_line(one)}\n")
    differs = any(one.get("state") not in {"same", "none"} for one in masters)
    differs |= any(one.get("state") in {"broken", "differs"} for one in theirs.values())
    return 1 if problems or differs or as_map(settings.get("lacking") or {}).get("count") else 0


def _published(found: dict[str, Any]) -> str:
    holder = harmless_line(str(found.get("holder") or "nobody"))
    head = as_map(found.get("published") or {})
    if not head:
        return f"nothing is published; {holder} publishes"
    environments = as_map(head.get("environments") or {})
    counts = ", ".join(
        f"{harmless_line(name)}: {as_map(one).get('files', 0)} files"
        for name, one in sorted(environments.items())
    )
    return (
        f"published: {str(head.get('root', ''))[:16]}, generation {head.get('generation')}, "
        f"by {harmless_line(str(head.get('publisher', '')))} at {moment(head.get('issued'))} "
        f"({counts}); {holder} publishes"
    )


def _of_settings(one: dict[str, Any] | None) -> Cell:
    """Give the cell of a master whose settings are as it says; an old one says nothing."""
    state = str((one or {}).get("state") or "-")
    count = f" ({one['problems']})" if one and one.get("problems") else ""
    return Cell(harmless_line(state + count), _STATES.get(state, ""))


_PEELS: Final = (
    ("lacking", "without settings, though some are published"),
    ("keyless", "connected, and no master knows their keys yet"),
    ("refused", "somebody showed keys in their names that no master admitted"),
)


def _settings_lines(settings: dict[str, Any]) -> list[str]:
    if not settings:
        return []  # of an older master
    holder = harmless_line(str(settings.get("holder") or "nobody"))
    head = as_map(settings.get("published") or {})
    first = f"settings: none are published; {holder} publishes"
    if head:
        first = (
            f"settings: generation {head.get('generation')}, by "
            f"{harmless_line(str(head.get('publisher', '')))} at {moment(head.get('issued'))} "
            f"({head.get('files', 0)} files, sealed for {settings.get('bundles', 0)} peels); "
            f"{holder} publishes"
        )
    lines = [first]
    for name, what in _PEELS:
        some = as_map(settings.get(name) or {})
        peels = [harmless_line(str(one)) for one in some.get("peels") or ()][:5]
        if peels:
            more = f" and {some['count'] - len(peels)} more" if some["count"] > len(peels) else ""
            lines.append(f"settings: {some['count']} peels {what}: {', '.join(peels)}{more}")
    return lines


def diff(invocation: Invocation) -> int:
    """Show how the answering master's folders differ from what is published; 1 if they do."""

    async def get(client: Client) -> list[tuple[str, str, str]]:
        _, reader = await client.ask_list("tree-diff", NothingAsk())
        return [
            (name, item.outcome, str(read_map(item.data).get("diff", "")))
            for name, item in sorted(reader.items.items())
        ]

    rows = with_client(invocation, get)
    screen, form = invocation.screen, invocation.options.output
    if form in {"json", "yaml"}:
        value = [{"file": name, "change": state, "diff": text} for name, state, text in rows]
        forms.structured(screen, form, value)
    elif form == "raw":
        forms.raw_lines(screen, [name for name, _, _ in rows])
    else:
        for name, state, text in rows:
            screen.write(f"{state} {harmless_line(name)}\n")
            for line in text.splitlines():
                screen.write(screen.style(harmless_line(line), _MARKS.get(line[:1], "")) + "\n")
    return 1 if rows else 0


def publish(invocation: Invocation) -> int:
    """Have the master that holds the lease publish its trees now, and wait until it did.

    Raises:
        NoMaster: it did not.
    """

    async def get(client: Client) -> dict[str, Any]:
        before = (await _head(client)).get("generation", 0)
        answer_value(await client.ask("tree-publish", NothingAsk()))
        for _ in range(int(_PATIENCE / _POLL)):
            await asyncio.sleep(_POLL)
            head = await _head(client)
            if head.get("generation", 0) > before:
                return head
        raise NoMaster(
            f"no master has published within {_PATIENCE:g} s",
            hint="zester tree status says who publishes, and what is wrong with the trees",
        )

    head = with_client(invocation, get)
    screen, form = invocation.screen, invocation.options.output
    if form in {"json", "yaml"}:
        forms.structured(screen, form, head)
    else:
        screen.write(
            f"published: {str(head.get('root', ''))[:16]}, generation {head.get('generation')}, "
            f"by {harmless_line(str(head.get('publisher', '')))}\n"
        )
    return 0


async def _head(client: Client) -> dict[str, Any]:
    found = as_map(answer_value(await client.ask("tree-status", NothingAsk())))
    return as_map(found.get("published") or {})
