"""States of Debian's and Red Hat's alternatives: install, remove, set, auto."""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import Command, Effects, HostProblem
from zester_modules.resource import Leaf, Plan, Resource, Scope
from zester_modules.resources.edits import Todo, apply, deed

TOOL: Final = "update-alternatives"
CHOSEN: Final = "/etc/alternatives"
"""Where the links lead that people use."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The alternatives of one name."""

    value: str = ""
    """The path that is taken."""
    auto: bool = True
    priorities: dict[str, int] = {}
    links: tuple[str, ...] = ()
    """All that move with it: its own link, and those of what comes along, such as manuals."""


class InstallParams(msgspec.Struct, frozen=True, kw_only=True):
    """Have an alternative offered."""

    name: Annotated[str, Meta(description="of the group, such as editor")]
    link: Annotated[str, Meta(description="the link that people use, such as /usr/bin/editor")]
    path: Annotated[str, Meta(description="the alternative")]
    priority: Annotated[int, Meta(description="the highest is taken unless one is set")]


class PathParams(msgspec.Struct, frozen=True, kw_only=True):
    """Have an alternative taken, or no longer offered."""

    name: Annotated[str, Meta(description="of the group, such as editor")]
    path: Annotated[str, Meta(description="the alternative")]


class NameParams(msgspec.Struct, frozen=True, kw_only=True):
    """Have the alternative of the highest priority taken."""

    name: Annotated[str, Meta(description="of the group, such as editor")]


def read_group(text: str) -> Group:
    """Read what `update-alternatives --query` prints."""
    fields: dict[str, str] = {}
    priorities: dict[str, int] = {}
    links: list[str] = []
    path = ""
    for line in text.splitlines():
        key, _, value = line.partition(": ")
        if key == "Link":
            links.append(value)
        elif line.startswith(" ") and not path:  # what comes along, before the first alternative
            name, _, link = line.strip().partition(" ")
            links += [f"{CHOSEN}/{name}", link]
        elif key == "Alternative":
            path = value
        elif key == "Priority" and path:
            priorities[path] = int(value)
        elif key in {"Status", "Value"}:
            fields[key] = value
    value = fields.get("Value", "")
    return Group(
        value="" if value == "none" else value,
        auto=fields.get("Status") != "manual",
        priorities=priorities,
        links=tuple(links),
    )


def group(name: str, scope: Scope) -> Group:
    """Give the alternatives of a name; none where there is no such group."""
    done = scope.machine.ask(Command(argv=(TOOL, "--query", name)))
    if done.exit_code == 127:
        raise HostProblem(f"there is no {TOOL} on this host")
    return read_group(done.stdout.decode("utf-8", "replace")) if not done.exit_code else Group()


def settled(name: str, scope: Scope) -> Group:
    """Give the alternatives of a name, unless a state before changes which of them is taken."""
    scope.machine.stat(f"{CHOSEN}/{name}")  # a dry run in which one did raises here
    return group(name, scope)


def _planned(name: str, links: Sequence[str], leaves: list[Leaf], comment: str, *argv: str) -> Plan:
    effects = Effects(unknown=(f"{CHOSEN}/{name}", *links))
    todo = Todo(deeds=(deed(TOOL, *argv, effects=effects),)) if leaves else Todo()
    return Plan(leaves=tuple(leaves), comment="" if leaves else comment, todo=todo)


def check_install(params: InstallParams, scope: Scope) -> Plan:
    """Plan to offer it."""
    found = group(params.name, scope)
    before = found.priorities.get(params.path)
    leaf = Leaf(path=f"{params.name}:{params.path}", before=before, after=params.priority)
    leaves = [leaf] if before != params.priority else []
    words = ("--install", params.link, params.name, params.path, str(params.priority))
    return _planned(params.name, (params.link, *found.links), leaves, "it is offered", *words)


def check_remove(params: PathParams, scope: Scope) -> Plan:
    """Plan no longer to offer it."""
    found = group(params.name, scope)
    before = found.priorities.get(params.path)
    leaf = Leaf(path=f"{params.name}:{params.path}", before=before)
    leaves = [leaf] if before is not None else []
    words = ("--remove", params.name, params.path)
    return _planned(params.name, found.links, leaves, "it is not offered", *words)


def check_set(params: PathParams, scope: Scope) -> Plan:
    """Plan to take it."""
    found = settled(params.name, scope)
    if params.path not in found.priorities:
        raise HostProblem(
            f"{params.path} is no alternative of {params.name}",
            hint="install it as one first: alternatives.install",
        )
    leaves = _difference(params.name, found, params.path, auto=False)
    words = ("--set", params.name, params.path)
    return _planned(params.name, found.links, leaves, "it is taken", *words)


def check_auto(params: NameParams, scope: Scope) -> Plan:
    """Plan to let priorities decide."""
    found = settled(params.name, scope)
    if not found.priorities:
        raise HostProblem(f"there are no alternatives of {params.name}")
    best = max(found.priorities.items(), key=lambda one: one[1])[0]
    if found.auto:
        return Plan(comment="priorities decide")
    leaves = _difference(params.name, found, best, auto=True)
    return _planned(params.name, found.links, leaves, "", "--auto", params.name)


def _difference(name: str, found: Group, value: str, *, auto: bool) -> list[Leaf]:
    parts = (("auto", found.auto, auto), ("value", found.value or None, value))
    return [
        Leaf(path=f"{name}:{part}", before=before, after=after)
        for part, before, after in parts
        if before != after
    ]


def _paths(params: PathParams | NameParams) -> tuple[str]:
    return (f"{CHOSEN}/{params.name}",)


def _paths_of(params: InstallParams) -> tuple[str, str]:
    return f"{CHOSEN}/{params.name}", params.link


INSTALL: Final = Resource(
    name="alternatives.install", params=InstallParams, paths=_paths_of, check=check_install,
    apply=apply,
)  # fmt: skip
REMOVE: Final = Resource(
    name="alternatives.remove", params=PathParams, paths=_paths, check=check_remove, apply=apply
)
SET: Final = Resource(
    name="alternatives.set", params=PathParams, paths=_paths, check=check_set, apply=apply
)
AUTO: Final = Resource(
    name="alternatives.auto", params=NameParams, paths=_paths, check=check_auto, apply=apply
)
