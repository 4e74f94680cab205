"""file.comment and file.uncomment: lines that match are comments, or no longer."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.regexes import compiled
from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.file.edit import Change, edited
from zester_modules.resources.file.steps import apply


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Lines, by a regular expression that is held against them without the comment's sign."""

    name: Annotated[str, Meta(description="path of the file")]
    regex: Annotated[str, Meta(description="which lines are meant")]
    char: Annotated[str, Meta(description="the sign before a comment")] = "#"
    backup: Annotated[bool | str, Meta(description="keep a copy of what is replaced")] = False
    show_changes: Annotated[bool, Meta(description="show a diff")] = True
    ignore_missing: Annotated[bool, Meta(description="it is fine if no line matches")] = False


def _without_sign(line: str, char: str) -> str | None:
    """Give a comment without its sign; None for a line that is no comment."""
    bare = line.lstrip()
    indent = line[: len(line) - len(bare)]
    return indent + bare.removeprefix(char) if bare.startswith(char) else None


def check_comment(params: Params, scope: Scope) -> Plan:
    """Plan to put the sign before every line that matches."""
    expression = compiled(params.regex, argument="regex")

    def change(text: str) -> str:
        lines = text.split("\n")
        found = False
        for at, line in enumerate(lines):
            inner = _without_sign(line, params.char)
            matches = expression.search(line if inner is None else inner)
            found = found or (matches is not None)
            if inner is None and matches:
                bare = line.lstrip()
                lines[at] = line[: len(line) - len(bare)] + params.char + bare
        _refuse_none(params, found=found)
        return "\n".join(lines)

    return _planned(params, scope, change)


def check_uncomment(params: Params, scope: Scope) -> Plan:
    """Plan to take one sign from every comment that matches."""
    expression = compiled(params.regex, argument="regex")

    def change(text: str) -> str:
        lines = text.split("\n")
        found = False
        for at, line in enumerate(lines):
            inner = _without_sign(line, params.char)
            bare = (line if inner is None else inner).strip()
            matches = expression.search(bare) is not None
            found = found or matches
            if inner is not None and matches:
                lines[at] = inner
        _refuse_none(params, found=found)
        return "\n".join(lines)

    return _planned(params, scope, change)


def _refuse_none(params: Params, *, found: bool) -> None:
    if not found and not params.ignore_missing:
        raise HostProblem(
            f"no line of {params.name} matches {params.regex!r}",
            hint="ignore_missing: true, if that is fine",
        )


def _planned(params: Params, scope: Scope, change: Change) -> Plan:
    return edited(
        params.name, scope, change, missing_is_fine=params.ignore_missing,
        keep=bool(params.backup), show=params.show_changes,
    )  # fmt: skip


COMMENT: Final = Resource(
    name="file.comment", params=Params, reach="path", check=check_comment, apply=apply
)
UNCOMMENT: Final = Resource(
    name="file.uncomment", params=Params, reach="path", check=check_uncomment, apply=apply
)
