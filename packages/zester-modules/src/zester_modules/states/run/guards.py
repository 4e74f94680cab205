"""The guards of a state: what keeps it from running, asked at its turn."""

from collections.abc import Iterable
from typing import Any, cast

import msgspec

from zester_modules.host.machine import Command, HostProblem, Unknowable
from zester_modules.resource import Scope
from zester_modules.states.model import Guard, State


class Held(msgspec.Struct, frozen=True):
    """What the guards say."""

    why: str = ""
    """Not empty: the state is to be skipped, for this reason."""
    because: tuple[str, ...] = ()
    """Ids of earlier states that may make them say something else."""


def ask_guards(state: State, scope: Scope) -> Held:
    """Ask `onlyif`, `unless` and `creates`; a boolean means what it says."""
    because: dict[str, None] = {}
    guards = state.options.guards

    def holds(guard: Guard) -> bool | None:
        try:
            return _holds(guard, state, scope)
        except Unknowable as unknown:
            because.update(dict.fromkeys(unknown.because))
            return None

    why = (
        _onlyif([(one, holds(one)) for one in guards if one.kind == "onlyif"])
        or _all_hold([(one, holds(one)) for one in guards if one.kind == "unless"])
        or _all_hold([(one, holds(one)) for one in guards if one.kind == "creates"])
    )
    return Held(why, tuple(because))


def check_commands(state: State, scope: Scope) -> str:
    """Ask `check_cmd` after the state; give what is wrong, or nothing."""
    for guard in state.options.guards:
        if guard.kind == "check_cmd" and not _holds(guard, state, scope):
            return f"check_cmd says no: {_named(guard)}"
    return ""


def _onlyif(asked: Iterable[tuple[Guard, bool | None]]) -> str:
    for guard, answer in asked:
        if answer is False:
            return f"onlyif does not hold: {_named(guard)}"
    return ""


def _all_hold(asked: list[tuple[Guard, bool | None]]) -> str:
    if not asked or any(answer is not True for _, answer in asked):
        return ""
    guard = asked[0][0]
    if guard.kind == "creates":
        return f"it is there already: {', '.join(_named(one) for one, _ in asked)}"
    return f"unless holds: {', '.join(_named(one) for one, _ in asked)}"


def _named(guard: Guard) -> str:
    if guard.truth is not None:
        return str(guard.truth).lower()
    return guard.command if guard.command is not None else guard.function


def _holds(guard: Guard, state: State, scope: Scope) -> bool:
    if guard.truth is not None:
        return guard.truth
    if guard.kind == "creates":
        return scope.machine.follow(guard.command or "") is not None
    if guard.command is not None:
        return scope.machine.ask(_command(guard.command, state, scope)).exit_code == 0
    value = scope.call(guard.function, *guard.args, **guard.kwargs)
    return bool(_part(value, guard.get_return) if guard.get_return else value)


def _part(value: Any, path: str) -> Any:
    for name in path.split(":"):
        if not isinstance(value, dict):
            return None
        value = cast("dict[str, Any]", value).get(name)
    return value


def _command(text: str, state: State, scope: Scope) -> Command:
    options = state.options
    if options.cwd and scope.machine.follow(options.cwd) is None:
        raise HostProblem(f"there is no folder {options.cwd}", hint="make it, or leave cwd out")
    return Command(
        shell=text,
        interpreter=options.shell or "/bin/sh",
        cwd=options.cwd or "/",
        env=options.env,
        runas=options.runas,
        umask=options.umask,
        timeout=options.timeout if options.timeout is not None else scope.remaining(),
    )
