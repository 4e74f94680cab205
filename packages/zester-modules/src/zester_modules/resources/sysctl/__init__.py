"""sysctl.present: a setting of the kernel, now and after a boot."""

import re
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import Effects, HostProblem
from zester_modules.resource import Leaf, Plan, Resource, Scope
from zester_modules.resources.edits import Deed, Edit, Todo, apply, deed, edit, text_at

CONFIGURATION: Final = "/etc/sysctl.d/99-zester.conf"
_KEY: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./:-]*", re.ASCII)


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Have a setting of the kernel."""

    name: Annotated[str, Meta(description="the setting, such as net.ipv4.ip_forward")]
    value: Annotated[str, Meta(description="its value; runs of blanks are one blank")]
    config: Annotated[str, Meta(description="the file that keeps it")] = CONFIGURATION


def check(params: Params, scope: Scope) -> Plan:
    """Plan to set what the kernel or the file has otherwise."""
    path = place(params.name)
    live = scope.machine.read(path)
    if live is None:
        raise HostProblem(f"the kernel has no setting {params.name}", hint=f"there is no {path}")
    wanted = _plainly(params.value)
    now = _plainly(live.decode("utf-8", "replace"))
    text = text_at(scope.machine, params.config)
    kept = lines_of(text).get(_dotted(params.name))
    leaves: list[Leaf] = []
    edits: list[Edit] = []
    deeds: list[Deed] = []
    if kept != wanted:
        leaves.append(Leaf(path=f"{params.name}:kept", before=kept, after=wanted))
        edits.append(edit(params.config, with_line(text, _dotted(params.name), wanted)))
    if now != wanted:
        leaves.append(Leaf(path=f"{params.name}:value", before=now, after=wanted))
        effects = Effects(files={path: f"{wanted}\n".encode()})
        deeds.append(deed("sysctl", "-q", "-w", f"{params.name}={wanted}", effects=effects))
    return Plan(
        leaves=tuple(leaves), comment="" if leaves else "it is set",
        todo=Todo(edits=tuple(edits), deeds=tuple(deeds)),
    )  # fmt: skip


def place(name: str) -> str:
    """Give where the kernel shows a setting.

    Raises:
        HostProblem: it is no name of one.
    """
    if not _KEY.fullmatch(name) or ".." in name:
        raise HostProblem(f"{name!r} is no name of a setting of the kernel")
    swapped = name if "/" in name.partition(".")[0] else name.translate(str.maketrans("./", "/."))
    return f"/proc/sys/{swapped}"


def lines_of(text: str) -> dict[str, str]:
    """Read a file of settings; the last line of a name counts."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, sign, value = line.partition("=")
        if sign and not line.lstrip().startswith(("#", ";")):
            found[_dotted(name.strip().removeprefix("-"))] = _plainly(value)
    return found


def with_line(text: str, name: str, value: str) -> str:
    """Set one name in a file of settings; everything else stays as it is."""
    row = f"{name} = {value}\n"
    lines = text.splitlines(keepends=True)
    ours = [index for index, line in enumerate(lines) if name in lines_of(line)]
    if not ours:
        return "".join([text, "" if not text or text.endswith("\n") else "\n", row])
    return "".join(
        row if index == ours[0] else line
        for index, line in enumerate(lines)
        if index not in ours[1:]
    )


def _dotted(name: str) -> str:
    return name.translate(str.maketrans("./", "/.")) if "/" in name.partition(".")[0] else name


def _plainly(value: str) -> str:
    return " ".join(value.split())


def _paths(params: Params) -> tuple[str, str]:
    return params.config, place(params.name)


PRESENT: Final = Resource(
    name="sysctl.present", params=Params, paths=_paths, check=check, apply=apply
)
