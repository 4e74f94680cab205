"""`zester settings`: what peels are given, as a master renders it; only `compare` runs a job."""

from typing import Any, Literal

from zester_cli import cache, jobs
from zester_cli.client import Client
from zester_cli.errors import CliError, NobodyMatched
from zester_cli.invocation import Invocation, with_client
from zester_cli.options import DEFAULT_TIMEOUT
from zester_cli.output import forms
from zester_cli.output.listing import Column, field, write_list
from zester_cli.output.progress import Progress
from zester_cli.output.values import flat, value_lines
from zester_cli.pages import as_map, read_map
from zester_cli.results import JobResult, PeelResult
from zester_cli.suggest import closest, did_you_mean
from zester_proto.codec import Raw, pack
from zester_proto.ids import new_jid
from zester_proto.messages.operators import RunAsk, SettingsLook, TargetAsk
from zester_proto.terminal import harmless_line


def show(invocation: Invocation, peel_id: str, *, reveal: bool) -> int:
    """Show all settings of a peel, secrets masked unless they are asked for.

    Raises:
        CliError: they cannot be known; the text says why.
    """
    found = _of_one(invocation, peel_id, "show", reveal=reveal)
    screen, form = invocation.screen, invocation.options.output
    if form in {"json", "yaml"}:
        forms.structured(screen, form, {"peel": peel_id, **found})
        return 0
    settings = as_map(found.get("settings") or {})
    if form == "raw":
        forms.raw_value(screen, settings)
    else:
        screen.write("".join(f"{line}\n" for line in value_lines(settings)))
    for text in found.get("unknown") or ():
        screen.note(f"known on the peel alone: {harmless_line(str(text))}")
    for text in found.get("warnings") or ():
        screen.note(f"warning: {harmless_line(str(text))}")
    return 0


def get(invocation: Invocation, target: str, key: str) -> int:
    """Show one setting of each peel; 1 if it cannot be known of some."""

    async def ask(client: Client) -> dict[str, dict[str, Any]]:
        look = SettingsLook(what="get", target=target, key=key)
        _, reader = await client.ask_list("settings", look)
        return {name: read_map(item.data) for name, item in sorted(reader.items.items())}

    found = with_client(invocation, ask)
    items = [{"peel": name, **value} for name, value in found.items()]
    columns = (field("peel"), Column("VALUE", _value), field("error", "NOTE"))
    write_list(invocation, columns, items, raw=_value, nothing="nobody matches")
    return 1 if any("error" in item for item in items) else 0


def trace(invocation: Invocation, peel_id: str, key: str) -> int:
    """Show which files and lines gave a setting, in their order.

    Raises:
        NobodyMatched: no file gives it.
        CliError: it cannot be known; the text says why.
    """
    found = _of_one(invocation, peel_id, "trace", key)
    rows = [as_map(row) for row in found.get("rows") or ()]
    if not rows:
        near = did_you_mean([found["meant"]] if found.get("meant") else [])
        raise NobodyMatched(
            f"no file gives {key!r} to {peel_id}",
            hint=near or f"zester settings show {peel_id} shows what there is",
        )
    columns = (field("place"), field("did"), Column("VALUE", _value))
    write_list(
        invocation, columns, rows, raw=lambda row: str(row["place"]), nothing="nothing gives it"
    )
    return 0


def compare(invocation: Invocation, target: str) -> int:
    """Show of each peel which settings differ from what a master renders; 1 if any do.

    A peel's own answer is what counts (settings.md 5): a difference says that it has not heard of
    an edit, or that a template says another thing there than where the master renders.
    """
    ask = RunAsk(
        jid=new_jid(), target=target, function="settings.digests", args=Raw(pack([])),
        kwargs=Raw(pack({})), timeout=DEFAULT_TIMEOUT,
    )  # fmt: skip

    async def both(client: Client) -> tuple[dict[str, dict[str, Any]], JobResult]:
        async with Progress(invocation.screen) as progress:
            watched = await jobs.start(client, ask, progress.update)
        look = SettingsLook(what="digests", target=target)
        _, reader = await client.ask_list("settings", look)
        rendered = {name: read_map(item.data) for name, item in reader.items.items()}
        return rendered, jobs.job_result(ask.jid, watched, ask)

    rendered, job = with_client(invocation, both)
    items = [_compared(name, own, rendered.get(name, {})) for name, own in job.peels.items()]
    columns = (
        field("peel"),
        field("state", is_state=True),
        Column("DIFFERS", _names),
        field("note"),
    )
    write_list(invocation, columns, items, raw=_names, nothing="nobody matches")
    return 0 if all(item["state"] == "same" for item in items) else 1


def _compared(peel_id: str, own: PeelResult, rendered: dict[str, Any]) -> dict[str, Any]:
    reason = own.reason or str(rendered.get("error", ""))
    unknown = rendered.get("unknown", ())
    if reason or unknown is None:
        note = reason or "a master cannot render all of them"
        return {"peel": peel_id, "state": "unknown", "differs": [], "note": note}
    theirs, ours = as_map(own.value), as_map(rendered.get("digests", {}))
    names = sorted(
        name for name in theirs.keys() | ours.keys() if theirs.get(name) != ours.get(name)
    )
    differs = [name for name in names if name not in unknown]
    note = f"known on the peel alone: {', '.join(unknown)}" if unknown else ""
    state = "differs" if differs else "same"
    return {"peel": peel_id, "state": state, "differs": differs, "note": note}


def _names(item: dict[str, Any]) -> str:
    return ", ".join(item["differs"]) or "-"


def _of_one(
    invocation: Invocation,
    peel_id: str,
    what: Literal["show", "trace"],
    key: str = "",
    *,
    reveal: bool = False,
) -> dict[str, Any]:
    target = f"L@{peel_id}"

    async def ask(client: Client) -> dict[str, Any]:
        _, there = await client.ask_list("target", TargetAsk(target=target))
        if peel_id not in there.items:
            known = cache.peels(cache.folder(client.config))
            hint = did_you_mean(closest(peel_id, known)) or "zester peel list shows who is there"
            raise NobodyMatched(f"there is no peel {peel_id!r}", hint=hint)
        look = SettingsLook(what=what, target=target, key=key, reveal=reveal)
        _, reader = await client.ask_list("settings", look)
        return read_map(reader.items[peel_id].data)

    found = with_client(invocation, ask)
    if "error" in found:
        raise CliError(
            f"the settings of {peel_id} cannot be known by a master: {found['error']}",
            hint=str(found.get("hint") or ""),
        )
    return found


def _value(item: dict[str, Any]) -> str:
    return flat(item["value"]) if item.get("value") is not None else "-"
