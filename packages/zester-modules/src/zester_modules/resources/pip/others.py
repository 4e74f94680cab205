"""pip.removed and pip.uptodate."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Changes, Leaf, Plan, Resource, Scope
from zester_modules.resources.edits import text_at
from zester_modules.resources.pip.commands import EFFECTS, Place, hold, listed, name_of, pip
from zester_modules.resources.pip.wishes import Wish, leaves_of


class Removed(Place, frozen=True, kw_only=True):
    """Have packages of Python not installed; what they needed stays."""

    name: Annotated[str, Meta(description="the package; nothing beside pkgs and requirements")]
    pkgs: Annotated[list[str] | None, Meta(description="several packages")] = None
    requirements: Annotated[str, Meta(description="a file that names them, of this host")] = ""


class Uptodate(Place, frozen=True, kw_only=True):
    """Have the newest versions of all packages of Python that are installed."""

    name: Annotated[str, Meta(description="only a name")]


class Todo(msgspec.Struct, frozen=True, kw_only=True):
    """What apply tells pip."""

    place: Place
    words: tuple[str, ...]


def check_removed(params: Removed, scope: Scope) -> Plan:
    """Look which of them are installed."""
    have = listed(params, scope.machine)
    found = {name: have[name] for name in _names(params, scope) if name in have}
    leaves = tuple(Leaf(path=f"{name}:version", before=one.version) for name, one in found.items())
    words = ("uninstall", "--yes", *(one.name for one in found.values()))
    return Plan(
        leaves=leaves, comment="" if leaves else "none of it is installed",
        todo=Todo(place=params, words=words),
    )  # fmt: skip


def _names(params: Removed, scope: Scope) -> list[str]:
    if not params.requirements:
        return [name_of(one) for one in params.pkgs or [params.name]]
    if scope.machine.follow(params.requirements) is None:
        raise HostProblem(f"there is no file of requirements {params.requirements}")
    lines = text_at(scope.machine, params.requirements).splitlines()
    return [name for name in map(name_of, lines) if name]


def check_uptodate(params: Uptodate, scope: Scope) -> Plan:
    """Ask the index for newer versions, and pip what it would do for them."""
    older = listed(params, scope.machine, "--outdated")
    if not older:
        return Plan(comment="there is nothing newer")
    wish = Wish(names=tuple(one.name for one in older.values()), options=("--upgrade",))
    leaves = leaves_of(params, wish, scope)
    return Plan(
        leaves=leaves, comment="" if leaves else "nothing newer fits",
        todo=Todo(place=params, words=wish.words),
    )  # fmt: skip


def apply(plan: Plan, scope: Scope) -> Changes:
    """Let pip do it."""
    todo: Todo = plan.todo
    machine = scope.machine
    hold(f"pip {todo.words[0]}", machine.do(pip(todo.place, machine, *todo.words), EFFECTS))
    return Changes(leaves=plan.leaves)


RETIRES: Final = ("log", "proxy", "timeout", "use_vt")
REMOVED: Final = Resource(
    name="pip.removed", params=Removed, check=check_removed, apply=apply, retires=RETIRES
)
UPTODATE: Final = Resource(
    name="pip.uptodate", params=Uptodate, check=check_uptodate, apply=apply, kind="following",
    retires=RETIRES,
)  # fmt: skip
