"""pip.installed: packages of Python are there."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.resource import Changes, Plan, Resource, Scope
from zester_modules.resources.pip.commands import EFFECTS, Place, hold, pip
from zester_modules.resources.pip.wishes import RETIRES, Index, Wish, leaves_of, wish_of


class Params(Index, frozen=True, kw_only=True):
    """Have packages of Python installed, with what they need."""

    name: Annotated[
        str, Meta(description="the package, such as flask or flask>=2; nothing beside pkgs")
    ]
    pkgs: Annotated[list[str] | None, Meta(description="several packages")] = None
    bin_env: Annotated[
        str, Meta(description="a virtual environment, or a pip; else the host's own")
    ] = ""
    pip_bin: Annotated[str, Meta(description="another word for bin_env")] = ""
    user: Annotated[str, Meta(description="who runs pip")] = ""
    cwd: Annotated[str, Meta(description="the folder that pip is run in")] = ""
    env_vars: Annotated[
        dict[str, str] | None, Meta(description="variables to add to its environment")
    ] = None
    upgrade: Annotated[bool, Meta(description="to the newest version that fits")] = False


class Todo(msgspec.Struct, frozen=True, kw_only=True):
    """What apply tells pip."""

    place: Place
    wish: Wish


def check(params: Params, scope: Scope) -> Plan:
    """Ask pip what it would install."""
    place = Place(
        bin_env=params.bin_env or params.pip_bin, user=params.user, cwd=params.cwd,
        env_vars=params.env_vars,
    )  # fmt: skip
    names = list(params.pkgs or ([] if params.requirements else [params.name]))
    wish = wish_of(params, names, scope, upgrade=params.upgrade)
    leaves = leaves_of(place, wish, scope)
    return Plan(
        leaves=leaves, comment="" if leaves else "all of it is there",
        todo=Todo(place=place, wish=wish),
    )  # fmt: skip


def apply(plan: Plan, scope: Scope) -> Changes:
    """Let pip install."""
    todo: Todo = plan.todo
    machine = scope.machine
    hold("pip install", machine.do(pip(todo.place, machine, *todo.wish.words), EFFECTS))
    return Changes(leaves=plan.leaves)


INSTALLED: Final = Resource(
    name="pip.installed", params=Params, check=check, apply=apply, kind="following",
    retires=RETIRES,
)  # fmt: skip
