"""One text file that is replaced by another: the plan of it, its diff, and how it is done."""

import difflib
import posixpath
from collections.abc import Sequence

import msgspec

from zester_modules.host.machine import Machine
from zester_modules.resource import HIDDEN_DIFF, Changes, Leaf, Plan, Scope


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """New contents of a file."""

    path: str
    before: bytes | None
    after: bytes
    mode: int = 0o644
    """Of a new file, as uid and gid."""
    uid: int = 0
    gid: int = 0


def planned(edit: Edit, leaves: Sequence[Leaf], comment: str, scope: Scope) -> Plan:
    """Plan to replace a file; `comment` says it with `would be`."""
    diff = HIDDEN_DIFF if scope.sensitive else diff_of(edit)
    return Plan(leaves=tuple(leaves), diff=diff, comment=comment, todo=edit)


def diff_of(edit: Edit) -> str:
    """Give the difference for people."""
    old, new = (
        (data or b"").decode("utf-8", "replace").splitlines(keepends=True)
        for data in (edit.before, edit.after)
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n"
        for line in difflib.unified_diff(old, new, edit.path, edit.path)
    )


def apply(plan: Plan, scope: Scope) -> Changes:
    """Replace the file."""
    replace(plan.todo, scope.machine)
    return Changes(leaves=plan.leaves, comment=plan.comment.replace("would be", "was"))


def replace(edit: Edit, machine: Machine) -> None:
    """Write the new contents; a file that is there keeps its mode and owner, a link its target."""
    path = edit.path
    for _ in range(8):
        found = machine.stat(path)
        if found is None or found.kind != "link":
            break
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), found.target))
    found = machine.follow(path)
    if found is None:
        machine.write(path, edit.after, mode=edit.mode, uid=edit.uid, gid=edit.gid)
    else:
        machine.write(path, edit.after, mode=found.mode, uid=found.uid, gid=found.gid)
