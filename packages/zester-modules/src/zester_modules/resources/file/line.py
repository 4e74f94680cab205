"""file.line: one line of a file."""

import re
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.file.edit import edited, lines_of, text_from
from zester_modules.resources.file.steps import apply
from zester_modules.resources.file.wanted import look_of
from zester_modules.words import Mode


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Keep, replace, insert or delete a line."""

    name: Annotated[str, Meta(description="path of the file")]
    content: Annotated[str, Meta(description="the line")] = ""
    mode: Annotated[
        Literal["ensure", "replace", "insert", "delete"], Meta(description="what is to be done")
    ] = "ensure"
    match: Annotated[
        str, Meta(description="which line is meant: a regular expression; else the content")
    ] = ""
    before: Annotated[str, Meta(description="expression of the line that it stands before")] = ""
    after: Annotated[str, Meta(description="expression of the line that it stands behind")] = ""
    location: Annotated[
        Literal["", "start", "end"], Meta(description="where, if no line says so")
    ] = ""
    indent: Annotated[bool, Meta(description="take over the indentation around it")] = True
    create: Annotated[bool, Meta(description="make a missing file")] = False
    backup: Annotated[bool | str, Meta(description="keep a copy of what is replaced")] = False
    show_changes: Annotated[bool, Meta(description="show a diff")] = True
    quiet: Annotated[bool, Meta(description="a line that is not found is fine")] = False
    user: Annotated[str, Meta(description="owner of the file")] = ""
    group: Annotated[str, Meta(description="group of the file")] = ""
    file_mode: Annotated[Mode | None, Meta(description="permissions of the file")] = None


def _hits(lines: list[str], pattern: str) -> list[int]:
    """Give the places of lines that match an expression; what is none is a plain part of a line."""
    try:
        expression = re.compile(pattern)
    except re.error:
        expression = re.compile(re.escape(pattern))
    return [at for at, line in enumerate(lines) if expression.search(line) or pattern in line]


def _meant(params: Params, lines: list[str]) -> list[int]:
    if params.match:
        return _hits(lines, params.match)
    wanted = params.content.strip()
    return [at for at, line in enumerate(lines) if line.strip() == wanted]


def _indented(params: Params, like: str) -> str:
    if not params.indent:
        return params.content
    return like[: len(like) - len(like.lstrip())] + params.content.lstrip()


def _inserted(params: Params, lines: list[str]) -> list[str]:
    """Put the line where it belongs, unless it stands there.

    Raises:
        HostProblem: the lines around it are not there.
    """
    anchors = [(params.after, 1), (params.before, 0)]
    for pattern, behind in anchors:
        if not pattern:
            continue
        found = _hits(lines, pattern)
        if not found:
            if params.quiet:
                return lines
            raise HostProblem(f"no line of {params.name} matches {pattern!r}")
        at = found[-1] + 1 if behind else found[0]
        return [*lines[:at], _indented(params, lines[found[-1 if behind else 0]]), *lines[at:]]
    return [params.content, *lines] if params.location == "start" else [*lines, params.content]


def _changed(params: Params, lines: list[str]) -> list[str]:
    meant = _meant(params, lines)
    if params.mode == "delete":
        return [line for at, line in enumerate(lines) if at not in set(meant)]
    there = any(line.strip() == params.content.strip() for line in lines)
    if params.mode == "replace" or (params.mode == "ensure" and params.match and meant):
        places = set(meant if params.mode == "replace" else [] if there else meant[:1])
        return [_indented(params, line) if at in places else line for at, line in enumerate(lines)]
    return lines if there else _inserted(params, lines)


def check(params: Params, scope: Scope) -> Plan:
    """Plan what is to be done for the line."""
    if not params.content and not params.match:
        raise HostProblem("neither content nor match says which line is meant")
    if "\n" in params.content.removesuffix("\n"):
        raise HostProblem("its content is more than one line", hint="file.blockreplace takes more")
    one = msgspec.structs.replace(params, content=params.content.removesuffix("\n"))

    def change(text: str) -> str:
        lines = lines_of(text)
        new = _changed(one, lines)
        return text if new == lines else text_from(new, text)

    look = look_of(scope, params.user, params.group, params.file_mode)
    return edited(
        params.name, scope, change, create=params.create, keep=bool(params.backup),
        show=params.show_changes, look=look, missing_is_fine=params.mode == "delete",
    )  # fmt: skip


LINE: Final = Resource(name="file.line", params=Params, reach="path", check=check, apply=apply)
