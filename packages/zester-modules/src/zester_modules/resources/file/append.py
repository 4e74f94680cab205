"""file.append and file.prepend: lines that a file holds."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.file.edit import edited, lines_of, text_from
from zester_modules.resources.file.sourced import first, rendered, worded
from zester_modules.resources.file.steps import apply, text_of


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Add lines that a file does not hold; a missing file is made."""

    name: Annotated[str, Meta(description="path of the file")]
    text: Annotated[
        str | list[Any] | None, Meta(description="lines, or a list of texts of some lines each")
    ] = None
    source: Annotated[str, Meta(description="where they come from")] = ""
    sources: Annotated[list[Any] | None, Meta(description="several of them, all taken")] = None
    source_hash: Annotated[str, Meta(description="digest of the source")] = ""
    source_hashes: Annotated[list[str] | None, Meta(description="those of sources")] = None
    template: Annotated[str, Meta(description="jinja renders sources first")] = ""
    context: Annotated[dict[str, Any] | None, Meta(description="names for the template")] = None
    defaults: Annotated[
        dict[str, Any] | None, Meta(description="names that context may override")
    ] = None
    makedirs: Annotated[bool, Meta(description="make missing folders above it")] = False
    ignore_whitespace: Annotated[
        bool, Meta(description="lines that differ in white space only are the same")
    ] = True
    show_changes: Annotated[bool, Meta(description="show a diff")] = True


class PrependParams(Params, frozen=True, kw_only=True):
    """Add lines at the beginning of a file."""

    header: Annotated[bool, Meta(description="they have to be at its very beginning")] = False


def _chunks(params: Params, scope: Scope) -> list[list[str]]:
    texts: list[str] = []
    if params.text is not None:
        texts = [worded(params.text)] if isinstance(params.text, str) else [
            worded(one) for one in params.text
        ]  # fmt: skip
    hashes = params.source_hashes or []
    listed = [params.source] if params.source else params.sources or []
    for place, source in enumerate(listed):
        digest = hashes[place] if place < len(hashes) else params.source_hash
        found = first([source], scope, digest)
        data = rendered(found, params.template, scope, params.context, params.defaults)
        texts.append(text_of(data))
    return [lines for lines in map(lines_of, texts) if lines]


def _missing(params: Params, text: str, chunks: list[list[str]]) -> list[list[str]]:
    """Give the chunks whose lines do not stand one after the other in a text."""

    def form(line: str) -> str:
        return " ".join(line.split()) if params.ignore_whitespace else line

    there = [form(line) for line in lines_of(text)]
    missing: list[list[str]] = []
    for chunk in chunks:
        wanted = [form(line) for line in chunk]
        size = len(wanted)
        if any(there[at : at + size] == wanted for at in range(len(there) - size + 1)):
            continue
        missing.append(chunk)
        there += wanted
    return missing


def check_append(params: Params, scope: Scope) -> Plan:
    """Plan to add at the end what the file does not hold."""
    chunks = _chunks(params, scope)

    def change(text: str) -> str:
        new = [line for chunk in _missing(params, text, chunks) for line in chunk]
        gap = "\n" if text and new and not text.endswith("\n") else ""
        return text + gap + text_from(new)

    return edited(
        params.name, scope, change, create=True, makedirs=params.makedirs, show=params.show_changes
    )


def check_prepend(params: PrependParams, scope: Scope) -> Plan:
    """Plan to add at the beginning what the file does not hold, or does not begin with."""
    chunks = _chunks(params, scope)

    def change(text: str) -> str:
        if params.header:
            head = [line for chunk in chunks for line in chunk]
            return text if lines_of(text)[: len(head)] == head else text_from(head) + text
        new = [line for chunk in _missing(params, text, chunks) for line in chunk]
        return text_from(new) + text

    return edited(
        params.name, scope, change, create=True, makedirs=params.makedirs, show=params.show_changes
    )


APPEND: Final = Resource(
    name="file.append", params=Params, reach="path", check=check_append, apply=apply
)
PREPEND: Final = Resource(
    name="file.prepend", params=PrependParams, reach="path", check=check_prepend, apply=apply
)
