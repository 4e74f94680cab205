"""timezone.system: the zone that the host's clocks show."""

import posixpath
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Leaf, Plan, Resource, Scope
from zester_modules.resources.edits import Edit, Todo, apply, edit, text_at

ZONES: Final = "/usr/share/zoneinfo"
LINK: Final = "/etc/localtime"
NAME: Final = "/etc/timezone"


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Have the host's clocks show a zone."""

    name: Annotated[str, Meta(description="the zone, such as Europe/Berlin")]


def check(params: Params, scope: Scope) -> Plan:
    """Plan to point the host at the zone, and to keep Debian's file of its name in step."""
    machine = scope.machine
    zone = f"{ZONES}/{params.name}"
    found = machine.follow(zone) if posixpath.normpath(zone) == zone else None
    if found is None or found.kind != "file":
        raise HostProblem(
            f"there is no zone {params.name!r} on this host",
            hint="look at its name; the package tzdata brings the zones",
        )
    look = machine.stat(LINK)
    now = zone_of(look.target) if look is not None else None
    leaves: list[Leaf] = []
    links: list[tuple[str, str]] = []
    edits: list[Edit] = []
    if now != params.name:
        leaves.append(Leaf(path="timezone:link", before=now, after=params.name))
        links.append((LINK, zone))
    named = text_at(machine, NAME).strip() or None
    if machine.stat(NAME) is not None and named != params.name:
        leaves.append(Leaf(path="timezone:name", before=named, after=params.name))
        edits.append(edit(NAME, f"{params.name}\n"))
    return Plan(
        leaves=tuple(leaves), comment="" if leaves else "it is the zone",
        todo=Todo(edits=tuple(edits), links=tuple(links)),
    )  # fmt: skip


def zone_of(target: str) -> str | None:
    """Give the zone that a link names."""
    path = posixpath.normpath(posixpath.join("/etc", target))
    return path.removeprefix(f"{ZONES}/") if path.startswith(f"{ZONES}/") else None


def _paths(_params: Params) -> tuple[str, str]:
    return LINK, NAME


SYSTEM: Final = Resource(
    name="timezone.system", params=Params, paths=_paths, check=check, apply=apply, retires=("utc",)
)
