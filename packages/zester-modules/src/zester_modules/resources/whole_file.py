"""One text file that is replaced by another: the plan of it, its diff, and how it is done."""

import posixpath
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from zester_modules.host.machine import Machine
from zester_modules.resource import HIDDEN_DIFF, Changes, Leaf, Plan, Scope
from zester_modules.resources.diff import difference

LINKS: Final = 8


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """New contents of a file."""

    path: str
    before: bytes | None
    after: bytes
    mode: int = 0o644
    """Of a new file, as uid and gid."""
    uid: int = 0
    gid: int = 0


def planned(
    edit: Edit, leaves: Sequence[Leaf], comment: str, scope: Scope, *, todo: Any = None
) -> Plan:
    """Plan to replace a file.

    Args:
        edit: by what.
        leaves: what changes.
        comment: says it with `would be`.
        scope: where.
        todo: what has to be known to do it, if that is more than the edit.
    """
    hidden = scope.sensitive
    diff = HIDDEN_DIFF if hidden else difference(edit.path, edit.before, edit.after)
    return Plan(leaves=tuple(leaves), diff=diff, comment=comment, todo=todo or edit)


def apply(plan: Plan, scope: Scope) -> Changes:
    """Replace the file."""
    edit: Edit = plan.todo
    put(edit.path, edit.after, scope.machine, mode=edit.mode, uid=edit.uid, gid=edit.gid)
    return Changes(leaves=plan.leaves, comment=plan.comment.replace("would be", "was"))


def put(
    path: str, data: bytes, machine: Machine, *, mode: int = 0o644, uid: int = 0, gid: int = 0
) -> None:
    """Write a file; one that is there keeps its mode and owner, and a link its target.

    Args:
        path: where.
        data: its contents.
        machine: what is changed.
        mode: of a new file.
        uid: the same.
        gid: the same.
    """
    for _ in range(LINKS):
        found = machine.stat(path)
        if found is None or found.kind != "link":
            break
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), found.target))
    found = machine.follow(path)
    if found is not None:
        mode, uid, gid = found.mode, found.uid, found.gid
    machine.write(path, data, mode=mode, uid=uid, gid=gid)
