"""pkgrepo.absent: a repository that packages no longer come from."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Leaf, Plan, Resource, Scope
from zester_modules.resources.edits import Edit, Todo, apply, edit, text_at
from zester_modules.resources.pkgrepo.line import parse, without_stanza
from zester_modules.resources.pkgrepo.managed import FOLDERS, is_of

LIST: Final = "/etc/apt/sources.list"


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Have a repository that packages no longer come from."""

    name: Annotated[str, Meta(description="apt: the line `deb URI DIST COMPS`; else its id")]
    file: Annotated[str, Meta(description="where it is written; by default all are looked at")] = ""
    refresh: Annotated[bool, Meta(description="fetch the lists of packages after a change")] = True


def check(params: Params, scope: Scope) -> Plan:
    """Plan to take its lines out; a file that says nothing else goes."""
    machine = scope.machine
    kind = machine.packages.kind
    if kind not in FOLDERS:
        raise HostProblem(f"repositories of {kind} cannot be managed", hint="use file.absent")
    if kind != "apt":
        path = params.file or f"{FOLDERS[kind]}/{params.name}.repo"
        return _planned(
            params, [(path, text_at(machine, path), None)] if machine.stat(path) else []
        )
    line = parse(params.name)
    if line is None:
        raise HostProblem(f"{params.name!r} is no repository of Debian packages")
    folder = FOLDERS["apt"]
    names = machine.list(folder) or []
    places = [params.file] if params.file else [LIST, *(f"{folder}/{name}" for name in names)]
    changes: list[tuple[str, str, str | None]] = []
    for path in places:
        text = text_at(machine, path)
        if path.endswith(".sources"):
            rest = without_stanza(text, line)
            if rest != text:
                changes.append((path, text, rest or None))
            continue
        kept = [one for one in text.splitlines() if not is_of(one, line)]
        if len(kept) < len(text.splitlines()):
            rest = "".join(f"{one}\n" for one in kept)
            changes.append((path, text, rest if rest.strip() or path == LIST else None))
    return _planned(params, changes)


def _planned(params: Params, changes: list[tuple[str, str, str | None]]) -> Plan:
    leaves = [Leaf(path=f"{path}:contents", before=was, after=now) for path, was, now in changes]
    edits = [
        Edit(path=path, data=None) if now is None else edit(path, now) for path, _, now in changes
    ]
    return Plan(
        leaves=tuple(leaves), comment="" if leaves else "no such repository is there",
        todo=Todo(edits=tuple(edits), refresh=params.refresh and bool(edits)),
    )  # fmt: skip


ABSENT: Final = Resource(
    name="pkgrepo.absent", params=Params, check=check, apply=apply,
    retires=("keyid", "ppa", "ppa_auth", "dist", "comps", "humanname"),
)  # fmt: skip
