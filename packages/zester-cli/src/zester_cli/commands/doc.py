"""`zester doc`: what functions there are, and what they take."""

import importlib
from typing import Any

import msgspec

from zester_cli import cache
from zester_cli.client import Client
from zester_cli.errors import CliError, UsageError
from zester_cli.invocation import Invocation, with_client
from zester_cli.output import forms
from zester_cli.output.columns import Cell, table
from zester_cli.output.values import flat
from zester_cli.suggest import closest, did_you_mean
from zester_proto.terminal import harmless, harmless_line

Catalogue = dict[str, dict[str, Any]]
"""Functions by name, as the catalogue describes them."""


def doc(invocation: Invocation, name: str) -> int:
    """Show one function, those of one module, or all by their first line.

    Raises:
        UsageError: there is no such function.
    """
    found = look_up(invocation, name)
    screen, form = invocation.screen, invocation.options.output
    if form in {"json", "yaml"}:
        forms.structured(screen, form, list(found.values()))
    elif form == "raw":
        forms.raw_lines(screen, list(found))
    elif name in found:
        screen.write("".join(f"{line}\n" for line in function_lines(found[name])))
    else:
        rows = [
            (Cell(harmless_line(one)), Cell(harmless_line(str(fields.get("summary", "")))))
            for one, fields in found.items()
        ]
        screen.write("".join(f"{line}\n" for line in table(screen, ("FUNCTION", "DOES"), rows)))
    return 0


def look_up(invocation: Invocation, name: str) -> Catalogue:
    """Find functions: in zester-modules if it is installed here, in the cache, at the masters.

    Raises:
        UsageError: nobody knows one of that name; the hint says which there are.
    """
    known: Catalogue = {}
    for source in (_installed, _cached, _fetched):
        try:
            known = {**source(invocation), **known}
        except CliError:
            if source is _fetched and not known:
                raise
            continue
        found = select(known, name)
        if found:
            return found
    near = did_you_mean(closest(name, known))
    raise UsageError(f"there is no function {name!r}", hint=near or "zester doc lists all")


def select(known: Catalogue, name: str) -> Catalogue:
    """Give the function of that name, or those of a module; all if there is no name."""
    return {
        one: fields
        for one, fields in sorted(known.items())
        if not name or name in {one, one.partition(".")[0]}
    }


def _installed(_: Invocation) -> Catalogue:
    """Ask zester-modules, which need not be there: nothing of ours depends on it."""
    try:
        module = importlib.import_module("zester_modules.catalogue")
        registry = importlib.import_module("zester_modules.registry")
    except ImportError:
        return {}
    third_parties = importlib.import_module("zester_modules.entrypoints").scan
    return by_name(msgspec.to_builtins(module.build(registry.Registry(third_parties))))


def _cached(invocation: Invocation) -> Catalogue:
    return by_name(cache.catalogue(cache.folder(invocation.site())) or {})


def _fetched(invocation: Invocation) -> Catalogue:
    async def get(client: Client) -> dict[str, Any] | None:
        return await cache.fetch(client, cache.folder(client.config))

    return by_name(with_client(invocation, get) or {})


def by_name(catalogue: dict[str, Any]) -> Catalogue:
    """Give a catalogue's functions by their names."""
    return {str(one["name"]): one for one in catalogue.get("functions", ())}


def function_lines(function: dict[str, Any]) -> list[str]:
    """Give the help of one function as a person reads it."""
    import textwrap  # noqa: PLC0415  # beside its one use

    lines = [f"zester TARGET {harmless_line(function['usage'])}", ""]
    for part in (function["summary"], *str(function.get("text", "")).split("\n\n")):
        if part:
            lines += [*textwrap.wrap(" ".join(harmless(part).split()), 78), ""]
    for one in function.get("parameters", ()):
        default = one.get("default")
        given = "" if default in (None, "", b"") else f" Default: {flat(default)}."
        text = harmless_line(f"{one['name']} ({one['type']}): {one.get('help', '')}{given}")
        lines += textwrap.wrap(text, 78, initial_indent="  ", subsequent_indent="      ")
    notes = [
        ("reads", "It only reads: the host is not changed."),
        ("dry", "It can say what it would change: --test."),
    ]
    said = [text for flag, text in notes if function.get(flag)]
    return [*lines, *([""] if said and lines[-1] else []), *said]
