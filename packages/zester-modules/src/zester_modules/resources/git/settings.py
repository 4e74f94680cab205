"""git.config_set and git.config_unset."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import Command, Effects, HostProblem
from zester_modules.resource import Changes, Leaf, Plan, Resource, Scope
from zester_modules.resources.git.commands import git, hold


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """A setting of git."""

    name: Annotated[str, Meta(description="the setting, such as user.name")]
    repo: Annotated[str, Meta(description="the repository; without it, global must be true")] = ""
    user: Annotated[str, Meta(description="who runs git")] = ""
    global_: Annotated[bool, Meta(description="in the user's own settings")] = msgspec.field(
        name="global", default=False
    )


class Set(Params, frozen=True, kw_only=True):
    """Have a setting of git say this."""

    value: Annotated[str | None, Meta(description="what it says")] = None
    multivar: Annotated[list[str] | None, Meta(description="several values")] = None


class Unset(Params, frozen=True, kw_only=True):
    """Have git not set this."""

    all: Annotated[bool, Meta(description="where it has several values, too")] = False


def check_set(params: Set, scope: Scope) -> Plan:
    """Compare the values."""
    wanted = list(params.multivar or ([params.value] if params.value is not None else []))
    if not wanted or (params.multivar and params.value is not None):
        raise HostProblem("give either value or multivar")
    before = _values(params, scope)
    if before == wanted:
        return Plan(comment=f"{params.name} is so")
    first, *more = wanted
    todo = (
        _config(params, "--replace-all", params.name, first),
        *(_config(params, "--add", params.name, one) for one in more),
    )
    return Plan(
        leaves=(Leaf(path=params.name, before=_plain(before), after=_plain(wanted)),), todo=todo
    )


def check_unset(params: Unset, scope: Scope) -> Plan:
    """Look whether it has a value."""
    before = _values(params, scope)
    if not before:
        return Plan(comment=f"{params.name} is not set")
    if len(before) > 1 and not params.all:
        raise HostProblem(f"{params.name} has {len(before)} values", hint="all: true takes all")
    return Plan(
        leaves=(Leaf(path=params.name, before=_plain(before)),),
        todo=(_config(params, "--unset-all", params.name),),
    )


def apply(plan: Plan, scope: Scope) -> Changes:
    """Run what was planned."""
    for one in plan.todo:
        hold(one, scope.machine.do(one, Effects(brings=True)))
    return Changes(leaves=plan.leaves)


def _plain(values: list[str]) -> str | list[str] | None:
    return values if len(values) > 1 else values[0] if values else None


def _config(params: Params, *words: str) -> Command:
    where = "--global" if params.global_ else "--local"
    return git("config", where, *words, folder=params.repo, user=params.user)


def _values(params: Params, scope: Scope) -> list[str]:
    if bool(params.repo) == params.global_:
        raise HostProblem("give either repo or global: true")
    if params.name.startswith("-"):
        raise HostProblem(f"{params.name!r} is no setting of git")
    command = _config(params, "--null", "--get-all", params.name)
    done = scope.machine.ask(command)
    if done.exit_code == 1 and not done.stderr:
        return []
    hold(command, done)
    return done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]


NEEDS: Final = ("git",)
CONFIG_SET: Final = Resource(
    name="git.config_set", params=Set, check=check_set, apply=apply, needs=NEEDS
)
CONFIG_UNSET: Final = Resource(
    name="git.config_unset", params=Unset, check=check_unset, apply=apply, needs=NEEDS
)
