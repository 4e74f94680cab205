"""virtualenv.managed: virtual environments of Python, with what is installed in them."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import Command, HostProblem
from zester_modules.resource import Changes, Leaf, Plan, Resource, Scope, Unknown
from zester_modules.resources.edits import text_at
from zester_modules.resources.pip.commands import EFFECTS, Place, hold, listed, pip
from zester_modules.resources.pip.wishes import RETIRES, Index, Wish, leaves_of, wish_of


class Params(Index, frozen=True, kw_only=True):
    """Have a virtual environment of Python, and packages in it."""

    name: Annotated[str, Meta(description="its folder")]
    python: Annotated[str, Meta(description="the Python that it is made of")] = "python3"
    venv_bin: Annotated[
        str, Meta(description="a program such as virtualenv in place of Python's own venv")
    ] = ""
    system_site_packages: Annotated[
        bool | None, Meta(description="what the host has can be used in it, too")
    ] = None
    prompt: Annotated[str, Meta(description="what shells show for it")] = ""
    user: Annotated[str, Meta(description="who makes it, and runs pip")] = ""
    cwd: Annotated[str, Meta(description="the folder that pip is run in")] = ""
    env_vars: Annotated[dict[str, str] | None, Meta(description="variables for pip")] = None
    pip_pkgs: Annotated[list[str] | None, Meta(description="packages to install in it")] = None
    pip_upgrade: Annotated[bool, Meta(description="to the newest versions that fit")] = False


class Todo(msgspec.Struct, frozen=True, kw_only=True):
    """What apply does."""

    make: Command | None
    place: Place
    wish: Wish | None
    packages: str
    """What paths of packages begin with."""


def check(params: Params, scope: Scope) -> Plan:
    """Look at the environment, and ask its pip."""
    if not params.name.startswith("/"):
        raise HostProblem(f"{params.name!r} is no absolute path")
    machine = scope.machine
    place = Place(bin_env=params.name, user=params.user, cwd=params.cwd, env_vars=params.env_vars)
    wish = None
    if params.pip_pkgs or params.requirements:
        wish = wish_of(params, list(params.pip_pkgs or []), scope, upgrade=params.pip_upgrade)
    prefix = f"{params.name}:packages:"
    make, leaves = _made(params, scope)
    if machine.follow(f"{params.name}/bin/python") is None:
        if wish:
            leaves.append(Leaf(path=prefix.rstrip(":"), after=Unknown((scope.id,))))
    elif wish:
        leaves += leaves_of(place, wish, scope, prefix)
    todo = Todo(make=make, place=place, wish=wish, packages=prefix)
    return Plan(leaves=tuple(leaves), comment="" if leaves else "it is as it should be", todo=todo)


def _made(params: Params, scope: Scope) -> tuple[Command | None, list[Leaf]]:
    """Give the command that makes or mends the environment, if it is needed."""
    machine = scope.machine
    if machine.follow(f"{params.name}/bin/python") is None:
        if machine.list(params.name):
            raise HostProblem(
                f"{params.name} is not empty, and no virtual environment",
                hint="choose another folder, or take away what is there",
            )
        leaves = [Leaf(path=f"{params.name}:python", after=params.python)]
        return _command(params, scope, shared=bool(params.system_site_packages)), leaves
    said = text_at(machine, f"{params.name}/pyvenv.cfg")
    rows = [line.partition("=") for line in said.splitlines()]
    now = ("include-system-site-packages", "true") in [
        (key.strip(), value.strip().lower()) for key, _, value in rows
    ]
    wanted = params.system_site_packages
    if wanted is None or wanted == now:
        return None, []
    leaf = Leaf(path=f"{params.name}:system_site_packages", before=now, after=wanted)
    return _command(params, scope, shared=wanted), [leaf]


def _command(params: Params, scope: Scope, *, shared: bool) -> Command:
    program = params.venv_bin or params.python
    found = scope.machine.which(program)
    if found is None:
        raise HostProblem(f"this host has no {program}", hint="python, or venv_bin, names another")
    words = [found, "--python", params.python] if params.venv_bin else [found, "-m", "venv"]
    words += ["--system-site-packages"] if shared else []
    words += [f"--prompt={params.prompt}"] if params.prompt else []
    return Command(argv=(*words, params.name), runas=params.user, env=params.env_vars or {})


def apply(plan: Plan, scope: Scope) -> Changes:
    """Make the environment, then let its pip install."""
    todo: Todo = plan.todo
    machine = scope.machine
    if todo.make is not None:
        hold(" ".join(todo.make.argv[:3]), machine.do(todo.make, EFFECTS))
    if todo.wish is None:
        return Changes(leaves=plan.leaves)
    before = listed(todo.place, machine)
    hold("pip install", machine.do(pip(todo.place, machine, *todo.wish.words), EFFECTS))
    after = listed(todo.place, machine)
    known = [one for one in plan.leaves if not one.path.startswith(todo.packages.rstrip(":"))]
    changed = [
        Leaf(path=f"{todo.packages}{name}:version", before=was, after=now)
        for name in sorted(before.keys() | after.keys())
        for was, now in [
            tuple(one[name].version if name in one else None for one in (before, after))
        ]
        if was != now
    ]
    return Changes(leaves=(*known, *changed))


MANAGED: Final = Resource(
    name="virtualenv.managed", params=Params, check=check, apply=apply, kind="following",
    retires=(*RETIRES, "distribute", "extra_search_dir", "never_download"),
)  # fmt: skip
