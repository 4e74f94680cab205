"""mount.mounted and mount.unmounted: lines of /etc/fstab, and what is mounted now."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import Effects, HostProblem
from zester_modules.resource import Changes, Leaf, Plan, Resource, Scope
from zester_modules.resources.edits import Deed, Edit, Todo, deed, edit, text_at
from zester_modules.resources.edits import apply as apply_edits
from zester_modules.tables import fstab

FSTAB: Final = "/etc/fstab"
MOUNTS: Final = "/proc/self/mounts"
SHOWN: Final = frozenset({"ro", "nosuid", "nodev", "noexec", "noatime", "nodiratime", "sync"})
"""Options that are shown in the kernel's table just where they were given."""


class Unmounted(msgspec.Struct, frozen=True, kw_only=True):
    """Have nothing mounted in a folder."""

    name: Annotated[str, Meta(description="the folder")]
    device: Annotated[str, Meta(description="only this device's line in the table")] = ""
    config: Annotated[str, Meta(description="the table")] = FSTAB
    persist: Annotated[bool, Meta(description="take it out of the table, too")] = False


class Mounted(msgspec.Struct, frozen=True, kw_only=True):
    """Have a device mounted in a folder."""

    name: Annotated[str, Meta(description="the folder")]
    device: Annotated[str, Meta(description="the device, UUID=, LABEL= or host:/path")]
    fstype: Annotated[str, Meta(description="the type of the file system")]
    opts: Annotated[list[str] | None, Meta(description="options; without any: defaults")] = None
    dump: Annotated[int, Meta(description="the table's fifth column", ge=0)] = 0
    pass_num: Annotated[int, Meta(description="the table's sixth column", ge=0)] = 0
    config: Annotated[str, Meta(description="the table")] = FSTAB
    persist: Annotated[bool, Meta(description="keep a line in the table")] = True
    mount: Annotated[bool, Meta(description="mount it now")] = True
    mkmnt: Annotated[bool, Meta(description="make the folder")] = False


class _Todo(msgspec.Struct, frozen=True):
    folders: tuple[str, ...]
    todo: Todo


def check_mounted(params: Mounted, scope: Scope) -> Plan:
    """Compare the line of the table; look whether anything is mounted in the folder."""
    opts = ",".join(params.opts or ["defaults"])
    row = fstab.Row(
        params.device, params.name, params.fstype, opts, params.dump, params.pass_num
    )  # fmt: skip
    if not all((params.device, params.fstype, opts)) or not params.name.startswith("/"):
        raise HostProblem("device, fstype and the folder's whole path are needed")
    leaves: list[Leaf] = []
    edits: list[Edit] = []
    folders: list[str] = []
    text = text_at(scope.machine, params.config)
    kept = fstab.find(text, params.name) if params.persist else None
    if params.persist and (after := fstab.with_row(text, row)) != text:
        path = f"{params.config}:{params.name}"
        leaves.append(Leaf(path=path, before=fstab.shown(kept), after=fstab.shown(row)))
        edits.append(edit(params.config, after))
    deeds: list[Deed] = []
    now = fstab.find(text_at(scope.machine, MOUNTS), params.name)
    is_other = kept is not None and kept.opts != opts
    if params.mount and now is not None and (is_other or _differ(now.opts, opts)):
        leaves.append(Leaf(path=f"{params.name}:options", before=now.opts, after=opts))
        deeds.append(_remount(params, opts))
    elif params.mount and now is None:
        if scope.machine.follow(params.name) is None:
            folders = _folders(params, scope)
            leaves.append(Leaf(path=f"{params.name}:folder", before=False, after=True))
        leaves.append(Leaf(path=f"{params.name}:mounted", before=False, after=True))
        words = ("-t", params.fstype, "-o", opts, "--", params.device, params.name)
        deeds.append(deed("mount", *words, effects=_effects(params.name)))
    return _plan(leaves, "it is mounted" if params.mount else "it is in the table",
                 _Todo(tuple(folders), Todo(edits=tuple(edits), deeds=tuple(deeds))))  # fmt: skip


def react(params: Mounted, scope: Scope) -> Plan:
    """Plan to mount it anew with its options, where it is mounted."""
    if not params.mount or not _is_mounted(params.name, scope):
        return Plan(comment="it is not mounted")
    leaf = Leaf(path=f"{params.name}:reaction", after="remounted")
    deeds = (_remount(params, ",".join(params.opts or ["defaults"])),)
    return _plan([leaf], "", _Todo((), Todo(deeds=deeds)))


def check_unmounted(params: Unmounted, scope: Scope) -> Plan:
    """Look whether anything is mounted in the folder."""
    leaves: list[Leaf] = []
    edits: list[Edit] = []
    deeds: list[Deed] = []
    if _is_mounted(params.name, scope):
        leaves.append(Leaf(path=f"{params.name}:mounted", before=True, after=False))
        deeds.append(deed("umount", "--", params.name, effects=_effects(params.name)))
    text = text_at(scope.machine, params.config)
    row = fstab.find(text, params.name, params.device)
    if params.persist and row is not None:
        path = f"{params.config}:{params.name}"
        leaves.append(Leaf(path=path, before=fstab.shown(row)))
        edits.append(edit(params.config, fstab.without(text, params.name, params.device)))
    todo = Todo(edits=tuple(edits), deeds=tuple(deeds))
    return _plan(leaves, "it is not mounted", _Todo((), todo))


def apply(plan: Plan, scope: Scope) -> Changes:
    """Make the folder, write the table, and mount or unmount."""
    todo: _Todo = plan.todo
    for one in todo.folders:
        scope.machine.make_folder(one, mode=0o755, uid=0, gid=0)
    return apply_edits(msgspec.structs.replace(plan, todo=todo.todo), scope)


def _plan(leaves: list[Leaf], fine: str, todo: _Todo) -> Plan:
    return Plan(leaves=tuple(leaves), comment="" if leaves else fine, todo=todo)


def _differ(now: str, wanted: str) -> bool:
    """Say whether options that the kernel shows as they were given are others than wanted."""
    return set(now.split(",")) & SHOWN != set(wanted.split(",")) & SHOWN


def _remount(params: Mounted, opts: str) -> Deed:
    # with the device named, the options replace those that it has
    words = ("-o", f"remount,{opts}", "--", params.device, params.name)
    return deed("mount", *words, effects=Effects(unknown=(MOUNTS,)))


def _effects(folder: str) -> Effects:
    return Effects(unknown=(folder, MOUNTS))


def _paths(params: Mounted | Unmounted) -> tuple[str, ...]:
    return params.name, params.config, MOUNTS


def _is_mounted(folder: str, scope: Scope) -> bool:
    return fstab.find(text_at(scope.machine, MOUNTS), folder) is not None


def _folders(params: Mounted, scope: Scope) -> list[str]:
    if not params.mkmnt:
        raise HostProblem(f"there is no folder {params.name}", hint="mkmnt: true makes it")
    missing: list[str] = []
    folder = params.name
    while scope.machine.follow(folder) is None:
        missing.insert(0, folder)
        folder = folder.rpartition("/")[0] or "/"
    return missing


MOUNTED: Final = Resource(
    name="mount.mounted", params=Mounted, paths=_paths, check=check_mounted, apply=apply,
    react=react, needs=("mount",),
)  # fmt: skip
UNMOUNTED: Final = Resource(
    name="mount.unmounted", params=Unmounted, paths=_paths, check=check_unmounted, apply=apply,
    needs=("umount",),
)  # fmt: skip
