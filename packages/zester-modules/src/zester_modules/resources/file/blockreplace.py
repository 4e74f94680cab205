"""file.blockreplace: what stands between two lines of a file."""

import re
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.regexes import compiled
from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.file.accumulated import accumulators_of
from zester_modules.resources.file.edit import edited, lines_of, text_from
from zester_modules.resources.file.sourced import first, rendered, worded
from zester_modules.resources.file.steps import apply, text_of


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Keep the lines between two markers, and leave all others alone."""

    name: Annotated[str, Meta(description="path of the file")]
    marker_start: Annotated[str, Meta(description="is in the line before the block")] = (
        "#-- start managed zone --"
    )
    marker_end: Annotated[str, Meta(description="is in the line behind the block")] = (
        "#-- end managed zone --"
    )
    content: Annotated[str, Meta(description="the block")] = ""
    source: Annotated[str, Meta(description="where it comes from")] = ""
    sources: Annotated[list[Any] | None, Meta(description="several, the first that is there")] = (
        None
    )
    source_hash: Annotated[str, Meta(description="digest of the source")] = ""
    template: Annotated[str, Meta(description="jinja renders it first")] = ""
    context: Annotated[dict[str, Any] | None, Meta(description="names for the template")] = None
    defaults: Annotated[
        dict[str, Any] | None, Meta(description="names that context may override")
    ] = None
    append_if_not_found: Annotated[
        bool, Meta(description="without markers, add them and the block at the end")
    ] = False
    prepend_if_not_found: Annotated[bool, Meta(description="the same, at the beginning")] = False
    insert_before_match: Annotated[
        str, Meta(description="the same, before the first line that matches")
    ] = ""
    insert_after_match: Annotated[str, Meta(description="the same, behind it")] = ""
    append_newline: Annotated[
        bool | None, Meta(description="end the block with a line's end; by itself where needed")
    ] = None
    backup: Annotated[bool | str, Meta(description="keep a copy of what is replaced")] = False
    show_changes: Annotated[bool, Meta(description="show a diff")] = True


def _block(params: Params, scope: Scope) -> list[str]:
    added = accumulators_of(params.name, scope, required=True)
    texts = [params.content, *(worded(one) for listed in added.values() for one in listed)]
    text = "\n".join(texts if params.content else texts[1:])
    listed = [params.source] if params.source else params.sources
    if listed:
        found = first(listed, scope, params.source_hash)
        data = rendered(found, params.template, scope, params.context, params.defaults)
        text += text_of(data)
    if params.append_newline and text:
        text += "\n"
    return lines_of(text)


def _marked(params: Params, lines: list[str]) -> tuple[int, int] | None:
    """Give the places of both markers.

    Raises:
        HostProblem: one of them is missing.
    """
    starts = [at for at, line in enumerate(lines) if params.marker_start in line]
    first_one = starts[0] if starts else -1
    ends = [at for at, line in enumerate(lines) if params.marker_end in line and at > first_one]
    if starts and ends:
        return starts[0], ends[0]
    if starts or ends:
        which = params.marker_end if starts else params.marker_start
        raise HostProblem(
            f"{params.name} holds one marker without the other: {which!r} is missing",
            hint="put it in by hand, where the block has to end or to begin",
        )
    return None


def _placed(params: Params, lines: list[str], block: list[str]) -> list[str]:
    whole = [params.marker_start, *block, params.marker_end]
    for name, pattern, behind in (
        ("insert_before_match", params.insert_before_match, 0),
        ("insert_after_match", params.insert_after_match, 1),
    ):
        expression = compiled(pattern, argument=name) if pattern else re.compile("(?!)")
        found = [at for at, line in enumerate(lines) if expression.search(line)]
        if found:
            at = found[0] + behind
            return [*lines[:at], *whole, *lines[at:]]
    if params.prepend_if_not_found:
        return [*whole, *lines]
    if params.append_if_not_found:
        return [*lines, *whole]
    raise HostProblem(
        f"{params.name} does not hold the markers",
        hint="append_if_not_found: true adds them",
    )


def check(params: Params, scope: Scope) -> Plan:
    """Plan to replace the block."""
    if not params.marker_start or not params.marker_end:
        raise HostProblem("both markers need a text")
    block = _block(params, scope)

    def change(text: str) -> str:
        lines = lines_of(text)
        found = _marked(params, lines)
        if found is None:
            return text_from(_placed(params, lines, block))
        start, end = found
        if lines[start + 1 : end] == block:
            return text
        return text_from([*lines[: start + 1], *block, *lines[end:]], text)

    return edited(
        params.name, scope, change, keep=bool(params.backup), show=params.show_changes,
        create=params.append_if_not_found or params.prepend_if_not_found,
    )  # fmt: skip


BLOCKREPLACE: Final = Resource(
    name="file.blockreplace", params=Params, reach="path", check=check, apply=apply,
    retires=("source_hashes",),
)  # fmt: skip
