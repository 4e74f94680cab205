"""file.replace: what a regular expression matches in a file becomes something else."""

import re
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.regexes import compiled
from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.file.edit import edited
from zester_modules.resources.file.steps import apply


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Replace what matches; Python's expressions, many lines at once."""

    name: Annotated[str, Meta(description="path of the file")]
    pattern: Annotated[str, Meta(description="the regular expression")]
    repl: Annotated[str, Meta(description="what stands there then")]
    count: Annotated[int, Meta(description="how many are replaced; 0 is all")] = 0
    flags: Annotated[
        int | list[str], Meta(description="names such as IGNORECASE, or their number")
    ] = 8
    append_if_not_found: Annotated[
        bool, Meta(description="where nothing matches, add it at the end")
    ] = False
    prepend_if_not_found: Annotated[bool, Meta(description="the same, at the beginning")] = False
    not_found_content: Annotated[
        str | None, Meta(description="what is added then, in place of repl")
    ] = None
    backup: Annotated[bool | str, Meta(description="keep a copy of what is replaced")] = False
    show_changes: Annotated[bool, Meta(description="show a diff")] = True
    ignore_if_missing: Annotated[bool, Meta(description="a missing file is fine")] = False
    backslash_literal: Annotated[
        bool, Meta(description="a backslash in repl is nothing but one")
    ] = False


def flags_of(flags: Any) -> int:
    """Give the flags of an expression by name or number.

    Raises:
        HostProblem: there is none of that name.
    """
    if isinstance(flags, int):
        return flags
    number = 0
    for name in flags:
        flag = getattr(re, str(name).upper(), None)
        if not isinstance(flag, re.RegexFlag):
            raise HostProblem(f"there is no flag {name!r}", hint="such as IGNORECASE, DOTALL")
        number |= flag
    return int(number)


def check(params: Params, scope: Scope) -> Plan:
    """Plan to replace what matches, or to add what is missing."""
    expression = compiled(params.pattern, flags_of(params.flags))
    adds = params.append_if_not_found or params.prepend_if_not_found
    given = params.repl if params.not_found_content is None else params.not_found_content

    def change(text: str) -> str:
        if expression.search(text):
            literal = params.repl.replace("\\", r"\\")
            try:
                return expression.sub(
                    literal if params.backslash_literal else params.repl, text, params.count
                )
            except (re.error, IndexError) as error:
                raise HostProblem(
                    f"repl {params.repl!r} does not fit the pattern, which has "
                    f"{expression.groups} group{'s' * (expression.groups != 1)}: {error}",
                    hint="backslash_literal: true, if its backslashes mean themselves",
                ) from error
        if not adds or re.search(rf"^{re.escape(given)}$", text, re.MULTILINE):
            return text
        if params.prepend_if_not_found:
            return f"{given.removesuffix(chr(10))}\n{text}"
        gap = "\n" if text and not text.endswith("\n") else ""
        return f"{text}{gap}{given.removesuffix(chr(10))}\n"

    return edited(
        params.name, scope, change, missing_is_fine=params.ignore_if_missing,
        keep=bool(params.backup), show=params.show_changes,
    )  # fmt: skip


REPLACE: Final = Resource(
    name="file.replace", params=Params, reach="path", check=check, apply=apply,
    retires=("bufsize",), lacks=("encoding",),
)  # fmt: skip
