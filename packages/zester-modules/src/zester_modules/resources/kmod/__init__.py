"""kmod.present and kmod.absent: modules of the kernel."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import Effects, Machine
from zester_modules.resource import Leaf, Plan, Resource, Scope
from zester_modules.resources.edits import Deed, Edit, Todo, apply, deed, edit, text_at

CONFIGURATION: Final = "/etc/modules-load.d/zester.conf"
LOADED: Final = "/proc/modules"


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Have modules of the kernel loaded, or not."""

    name: Annotated[str, Meta(description="the module; means nothing beside mods")]
    mods: Annotated[list[str] | None, Meta(description="several modules")] = None
    persist: Annotated[bool, Meta(description="after a boot, too")] = False


def check_present(params: Params, scope: Scope) -> Plan:
    """Plan to load what the kernel lacks."""
    return _check(params, scope, wanted=True)


def check_absent(params: Params, scope: Scope) -> Plan:
    """Plan to take out what the kernel has."""
    return _check(params, scope, wanted=False)


def _check(params: Params, scope: Scope, *, wanted: bool) -> Plan:
    machine = scope.machine
    names = [one.replace("-", "_") for one in params.mods or [params.name]]
    loaded = loaded_in(text_at(machine, LOADED))
    # what is built in is always there, and in no list of the loaded ones
    odd = [
        one for one in names
        if (one in loaded) != wanted and not (wanted and _is_built_in(machine, one))
    ]  # fmt: skip
    leaves = [Leaf(path=f"{one}:loaded", before=not wanted, after=wanted) for one in odd]
    deeds: list[Deed] = []
    for one in odd:
        words = ("modprobe", one) if wanted else ("modprobe", "-r", one)
        deeds.append(deed(*words, effects=Effects()))
    edits: list[Edit] = []
    text = text_at(machine, CONFIGURATION)
    kept = [line for line in text.splitlines() if line.strip()]
    moving = [one for one in names if (one in kept) != wanted] if params.persist else []
    if moving:
        leaves += [Leaf(path=f"{one}:kept", before=not wanted, after=wanted) for one in moving]
        rows = [*kept, *moving] if wanted else [one for one in kept if one not in moving]
        edits.append(edit(CONFIGURATION, "".join(f"{row}\n" for row in rows)))
    return Plan(
        leaves=tuple(leaves), comment="" if leaves else "as it should be",
        todo=Todo(edits=tuple(edits), deeds=tuple(deeds)),
    )  # fmt: skip


def loaded_in(text: str) -> set[str]:
    """Read the modules that /proc/modules lists."""
    return {line.split(maxsplit=1)[0] for line in text.splitlines() if line.strip()}


def _is_built_in(machine: Machine, name: str) -> bool:
    return machine.stat(f"/sys/module/{name}") is not None


def _paths(_params: Params) -> tuple[str, str]:
    return CONFIGURATION, LOADED


PRESENT: Final = Resource(
    name="kmod.present", params=Params, paths=_paths, check=check_present, apply=apply
)
ABSENT: Final = Resource(
    name="kmod.absent", params=Params, paths=_paths, check=check_absent, apply=apply
)
