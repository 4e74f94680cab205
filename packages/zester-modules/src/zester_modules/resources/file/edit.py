"""Changing the text of a file that is there, as all states that edit do it."""

from collections.abc import Callable

import msgspec

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Plan, Scope
from zester_modules.resources.file.steps import bytes_of, planned, text_of, whole
from zester_modules.resources.file.wanted import Look, Wanted, file_work

Change = Callable[[str], str]


def edited(
    name: str,
    scope: Scope,
    change: Change,
    *,
    create: bool = False,
    missing_is_fine: bool = False,
    makedirs: bool = False,
    keep: bool = False,
    show: bool = True,
    look: Look | None = None,
) -> Plan:
    """Plan to change a file's text; links are followed, mode and owner stay.

    Args:
        name: its path.
        scope: what is seen.
        change: gives the new text.
        create: a missing file is an empty one.
        missing_is_fine: there is nothing to do for a missing file.
        makedirs: missing folders above it are made.
        keep: a copy of what is replaced is kept.
        show: a diff may be shown.
        look: permissions and owners that it is to have.

    Raises:
        HostProblem: it is missing, or cannot be read.
    """
    path = whole(name)
    before = scope.machine.read(path)
    if before is None and missing_is_fine:
        return Plan(comment="it is not there")
    if before is None and not create:
        raise HostProblem(f"there is no file {path}", hint="make it first")
    old = text_of(before or b"")
    new = change(old)
    if before is None and not new:
        return Plan(comment="it is not there, and nothing is to be written")
    work = file_work(
        Wanted(
            path=path, data=bytes_of(new), keep=keep, show=show, look=look or Look(), owns=False,
            folders=Look() if makedirs else None,
        ),
        scope,
    )  # fmt: skip
    plan = planned(work)
    if change(new) == new:
        return plan
    warning = "what it writes is changed again by the next run: it does not come to rest"
    return msgspec.structs.replace(plan, warnings=(*plan.warnings, warning))


def lines_of(text: str) -> list[str]:
    """Give the lines of a text, without their ends; what ends with one has no empty line more."""
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def text_from(lines: list[str], like: str = "\n") -> str:
    """Give lines as a text, whose last line ends as that of another."""
    text = "\n".join(lines)
    return f"{text}\n" if lines and (like.endswith("\n") or not like) else text
