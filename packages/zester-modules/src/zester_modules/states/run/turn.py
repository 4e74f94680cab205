"""The turn of one state: check and plan, then apply, or react to what it watches."""

import logging
import os
import traceback
from types import TracebackType
from typing import TYPE_CHECKING, Final

import msgspec

from zester_modules.host.machine import HostProblem, Unknowable
from zester_modules.resource import AnyResource, Changes, Leaf, Plan, Scope, Unknown, paths_of
from zester_modules.states.model import State
from zester_modules.states.run.doubtful import doubtful
from zester_modules.states.run.guards import check_commands
from zester_modules.states.run.outcome import Ran
from zester_modules.states.run.tables import Vote
from zester_proto.errors import ZesterError

if TYPE_CHECKING:
    from zester_modules.host.predicted import PredictedMachine

_STANDARD: Final = os.path.dirname(os.__file__)  # noqa: PTH120  # compared with text


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """All that one state's turn needs."""

    state: State
    resource: AnyResource
    params: msgspec.Struct
    scope: Scope
    fires: Vote = "no"
    """Whether something that it watches has changed."""
    wakers: tuple[str, ...] = ()
    """Ids of the watched states of which nobody knows whether they will have changed."""
    reaction: bool = False
    """Only react, as a listener does at the end of a run."""
    because: tuple[str, ...] = ()
    """Ids of earlier states on which it depends whether this turn comes at all."""


def plan_of(turn: Turn) -> tuple[Plan, bool]:
    """Give what is to be done, and whether that is a reaction.

    Raises:
        Unknowable: only states before this one can bring what there is to see.
        ZesterError: it cannot be, or a program is missing that it needs.
    """
    try:
        plan, reaction = _planned(turn)
    except HostProblem:
        # a missing program says more than what came of it
        _hold_needs(turn)
        raise
    if is_to_do(turn.resource, plan):
        _hold_needs(turn)
    return plan, reaction


def _hold_needs(turn: Turn) -> None:
    for program in turn.resource.needs:
        if turn.scope.machine.which(program) is None:
            raise HostProblem(
                f"{turn.resource.name} needs {program}, and this host has none",
                hint="install the package that brings it, by a state before this one",
            )


def _planned(turn: Turn) -> tuple[Plan, bool]:
    resource, params, scope = turn.resource, turn.params, turn.scope
    plan = Plan() if turn.reaction else resource.check(params, scope)
    if is_to_do(resource, plan) or turn.fires == "no" or resource.react is None:
        return plan, False
    reaction = resource.react(params, scope)
    if not is_to_do(resource, reaction):
        return plan, False
    return msgspec.structs.replace(reaction, warnings=(*plan.warnings, *reaction.warnings)), True


def is_to_do(resource: AnyResource, plan: Plan) -> bool:
    """Say whether a plan asks for anything.

    An action may have something to do that changes nothing, such as to fail.
    """
    return bool(plan.leaves) or (resource.kind == "action" and plan.todo is not None)


def change(turn: Turn) -> Ran:
    """Check and apply on the real machine, once; any failure is a result."""
    try:
        plan, reaction = plan_of(turn)
        if not is_to_do(turn.resource, plan):
            done = Changes(comment=plan.comment)
        else:
            plan, done = _applied(turn, plan, reaction=reaction)
        failed = done.failed or check_commands(turn.state, turn.scope)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # a state's failure is its result
        return failure(error, turn.scope)
    hint = f"\n{done.hint}" if failed and done.hint else ""
    return Ran(
        result="failed" if failed else "changed" if done.leaves else "ok",
        leaves=done.leaves,
        diff=plan.diff if done.leaves else "",
        output=done.output,
        comment=f"{failed}{hint}" or done.comment or plan.comment,
        warnings=plan.warnings,
        reaction=reaction,
    )


def _applied(turn: Turn, plan: Plan, *, reaction: bool) -> tuple[Plan, Changes]:
    """Apply; of what failed half-way, tell the half that is done.

    Raises:
        ZesterError: it failed, and as far as can be seen nothing has changed.
    """
    try:
        return plan, turn.resource.apply(plan, turn.scope)
    except ZesterError as error:
        leaves = () if reaction else _done_by_half(turn, plan)
        if not leaves:
            raise
        half = msgspec.structs.replace(plan, diff="")
        return half, Changes(leaves=leaves, failed=error.message, hint=error.hint)


def _done_by_half(turn: Turn, plan: Plan) -> tuple[Leaf, ...]:
    """Look again, and give the planned leaves of which nothing is left to do."""
    if turn.resource.kind != "convergent" or len(plan.leaves) < 2:
        return ()
    try:
        left = turn.resource.check(turn.params, turn.scope).leaves
    except Exception:  # noqa: BLE001  # it has failed already, and that is told
        return ()
    paths = {one.path for one in left}
    return tuple(one for one in plan.leaves if one.path not in paths)


def foretell(turn: Turn, machine: "PredictedMachine") -> Ran:
    """Check and apply on the predicted machine; what nobody can know yet is an unknown leaf."""
    try:
        plan, reaction = plan_of(turn)
    except Unknowable as unknown:
        _hide(turn, machine)
        return only_known_after(turn, unknown.because)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # a state's failure is its result
        return _foreseen(turn, failure(error, turn.scope))
    doubts = tuple(machine.history.doubts)
    because = (*turn.because, *(turn.wakers if reaction and turn.fires == "perhaps" else ()))
    leaves = doubtful(plan.leaves, because) if because else plan.leaves
    if is_to_do(turn.resource, plan):
        failed = _apply_foretold(turn, plan, machine, because)
        if failed is not None:
            return _foreseen(turn, failed)
    elif doubts:
        # it may have something to do by then, and nobody knows what
        _hide(turn, machine)
        because = tuple(dict.fromkeys((*because, *doubts)))
    return Ran(
        result="would-change" if leaves else "ok",
        leaves=leaves,
        certain=plan.certain and not because and not doubts and not _has_unknown(leaves),
        because=because,
        diff=plan.diff,
        comment=plan.comment,
        warnings=plan.warnings,
        reaction=reaction,
    )


def blur(turn: Turn, machine: "PredictedMachine") -> None:
    """Let what a state would change be unknown from now on, as nobody knows whether it will run."""
    try:
        plan, _ = plan_of(turn)
    except Unknowable:
        _hide(turn, machine)
        return
    except (Exception, SystemExit):  # noqa: BLE001  # it would fail, and so change nothing
        return
    if is_to_do(turn.resource, plan):
        _apply_foretold(turn, plan, machine, turn.because)


def _apply_foretold(
    turn: Turn, plan: Plan, machine: "PredictedMachine", because: tuple[str, ...]
) -> Ran | None:
    """Apply on the predicted machine; give a failure that can be foreseen."""
    try:
        if because:
            with machine.perhaps(because):
                turn.resource.apply(plan, turn.scope)
        else:
            turn.resource.apply(plan, turn.scope)
    except Unknowable:
        # some of it is remembered; of the rest nothing can be known from now on
        _hide(turn, machine)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # a state's failure is its result
        return failure(error, turn.scope)
    return None


def _hide(turn: Turn, machine: "PredictedMachine") -> None:
    resource, params = turn.resource, turn.params
    paths = paths_of(resource, params)
    if paths is not None:
        for path in paths:
            machine.hide("path", path)
        return
    machine.hide(resource.reach, getattr(params, resource.place, ""))
    home: str | None = getattr(params, "home", None)
    if resource.reach == "accounts" and home is not None:
        machine.hide("path", home or f"/home/{turn.state.name}")


def only_known_after(turn: Turn, because: tuple[str, ...]) -> Ran:
    """Give what becomes of a turn of which only earlier states can say anything."""
    because = tuple(dict.fromkeys((*turn.because, *because)))
    leaf = Leaf(path=turn.state.name, after=Unknown(because))
    return Ran(
        result="would-change",
        leaves=(leaf,),
        certain=False,
        because=because,
        comment=f"only known after: {', '.join(because)}",
    )


def _foreseen(turn: Turn, failed: Ran) -> Ran:
    """Give a failure; where nobody knows whether the state runs, it is not known either."""
    if not turn.because:
        return failed
    unknown = only_known_after(turn, ())
    unknown.comment = f"if it runs, it fails: {failed.comment}"
    return unknown


def _has_unknown(leaves: tuple[Leaf, ...]) -> bool:
    return any(isinstance(one.after, Unknown) or isinstance(one.before, Unknown) for one in leaves)


def failure(error: BaseException, scope: Scope) -> Ran:
    """Give the result of a state that raised; the text of a fault of ours may hold a secret."""
    if isinstance(error, ZesterError):
        text = error.message + (f"\n{error.hint}" if error.hint else "")
        return Ran(result="failed", comment=text)
    scope.log.log(
        logging.DEBUG, "%s raised %s", scope.id,
        type(error).__name__ if scope.sensitive else "".join(traceback.format_exception(error)),
    )  # fmt: skip
    place = _place(error.__traceback__)
    said = "" if scope.sensitive else f": {scope.masker.text(str(error))}"[:500].rstrip(": ")
    where = f" ({place})" if place else ""
    return Ran(
        result="failed",
        comment=f"raised {type(error).__name__}{said}{where}\nthis is a fault in the resource",
    )


def _place(trace: TracebackType | None) -> str:
    place = ""
    for frame, line in traceback.walk_tb(trace):
        path = frame.f_code.co_filename
        if path != __file__ and not path.startswith((_STANDARD, "<")):
            place = f"{path}:{line}"
    return place
