"""A run: each state at its turn, as its requisites, guards and options say."""

from collections.abc import Iterable
from typing import Any

import msgspec

from zester_modules.host.machine import Unknowable
from zester_modules.states.model import Compiled, RequisiteKind, State
from zester_modules.states.run import parallel
from zester_modules.states.run.grounds import Grounds, Wishes
from zester_modules.states.run.guards import ask_guards
from zester_modules.states.run.listen import reactions
from zester_modules.states.run.others import StatesOfRun
from zester_modules.states.run.outcome import BROKEN_OFF, Became, Ran, Row, became
from zester_modules.states.run.requisites import Asked, ask
from zester_modules.states.run.results import refused, results
from zester_modules.states.run.retry import repeat
from zester_modules.states.run.stage import Stage
from zester_modules.states.run.turn import (
    Turn,
    blur,
    change,
    failure,
    foretell,
    is_to_do,
    only_known_after,
    plan_of,
)
from zester_proto.errors import ZesterError


def run(compiled: Compiled, grounds: Grounds, wishes: Wishes | None = None) -> dict[str, Any]:
    """Run a tree and give its result (states.md 7); it never raises for what a state does.

    A KeyboardInterrupt ends the run, not the telling of it: the state in hand has failed, and what
    did not come to its turn is skipped.
    """
    if compiled.errors:
        return refused(compiled)
    work = Run(compiled.states, grounds, wishes or Wishes())
    try:
        work.all()
        result = results([*work.rows(), *reactions(work)], compiled)
        return result | {"result": "failed"} if work.broken_off else result
    finally:
        parallel.end(list(work.children.values()))


class Run:
    """One run of a compiled tree.

    Attributes:
        states: the states in running order.
        stage: the machine that they run on.
        ran: what became of each so far, by index, in the order in which they came to their turn.
        broken_off: nothing runs any more.
    """

    def __init__(self, states: tuple[State, ...], grounds: Grounds, wishes: Wishes) -> None:
        self.states = states
        self.ran: dict[int, Ran] = {}
        others = StatesOfRun(grounds, states, self.ran)
        self.stage = Stage(grounds, test=wishes.test, others=others)
        self.children: dict[int, parallel.Child] = {}
        self.broken_off = False
        self._grounds = grounds
        self._wishes = wishes
        self._order: list[int] = []
        self._stopped_by = ""
        self._trials: dict[int, Ran] = {}
        self._before: dict[int, list[int]] = {}
        """Targets of prereq, and the states that come before them for that."""
        for index, state in enumerate(states):
            for requisite in state.requisites:
                if requisite.kind == "prereq":
                    for target in requisite.states:
                        self._before.setdefault(target, []).append(index)

    def rows(self) -> list[Row]:
        """Give what became of each state, in the order in which they ran."""
        return [
            Row(state, self.ran[index], state.id, f"{state.state}.{state.function}")
            for index in self._order
            for state in (self.states[index],)
        ]

    def all(self) -> None:
        """Run every state."""
        for index in range(len(self.states)):
            try:
                if not self.broken_off and not self._stopped_by:
                    self._settle(index)
            except KeyboardInterrupt:  # between two states, or while one asks of others
                self.broken_off = True
            if index not in self.ran and index not in self.children:
                self._record(index, self._out_of_turn(), self._grounds.clock())
        for index in list(self.children):
            self._await(index)

    def _out_of_turn(self) -> Ran:
        why = BROKEN_OFF if self.broken_off else f"failhard after {self._stopped_by}"
        return Ran(result="skipped", skipped_by="failhard", comment=why)

    def clock(self) -> float:
        """Give the time of the run's clock, in seconds."""
        return self._grounds.clock()

    def became(self, index: int, kind: RequisiteKind = "require") -> Became:
        """Give what became of a state, which is run or awaited for that."""
        if kind == "prereq":
            return became(self._trial(index))
        self._settle(index)
        self._await(index)
        return became(self.ran[index])

    def is_unsettled(self, index: int) -> bool:
        """Say whether an earlier command may make otherwise what became of a state."""
        return bool(self._unsettled(index))

    def commands(self, asked: Asked) -> tuple[str, ...]:
        """Give the ids of commands that may make the answer of requisites another."""
        found = (one for index in asked.unsettled for one in self._unsettled(index))
        return _once(found)

    def _unsettled(self, index: int) -> tuple[str, ...]:
        ran = self.ran.get(index) or self._trials.get(index)
        return ran.unsettled if ran is not None else ()

    # -- one state ---------------------------------------------------------------------------------

    def _settle(self, index: int) -> None:
        if index in self.ran or index in self.children:
            return
        began = self._grounds.clock()
        asked = self._ask(index)
        if asked is None:
            return
        kept = self._kept_back(index)
        if kept is not None:
            self._record(index, kept, began)
        elif self._runs_beside(index):
            self._order.append(index)
            if len(self.children) >= max(1, self._wishes.parallel):
                self._await(next(iter(self.children)))
            self.children[index] = parallel.start(lambda: self._timed(index, asked, began))
        else:
            self._record(index, self.play(self.states[index], asked), began)

    def _ask(self, index: int) -> Asked | None:
        """Ask a state's requisites; None: they are not met, which is recorded."""
        began = self._grounds.clock()
        asked = ask(self.states[index], self.became, self.is_unsettled)
        if index in self.ran:
            # it was a target of the prereq of a state that its requisites run first
            return None
        if asked.unmet is not None:
            ran = Ran(
                result="skipped", skipped_by=asked.unmet, comment=asked.why,
                unsettled=self.commands(asked),
            )  # fmt: skip
            self._record(index, ran, began)
            return None
        return asked

    def _kept_back(self, index: int) -> Ran | None:
        """Give why a target of prereq does not run, although its own requisites are met."""
        trial = self._trials.get(index)
        if trial is not None and trial.result == "failed":
            return trial
        for other in self._before.get(index, ()):
            ran = self.ran.get(other)
            if ran is None:
                continue
            if ran.result == "failed" or ran.skipped_by in {"require_failed", "prereq_failed"}:
                why = f"prereq of {self.states[other].id} on it failed"
                return Ran(
                    result="skipped", skipped_by="prereq_failed", comment=why,
                    unsettled=ran.unsettled,
                )  # fmt: skip
        return None

    def _runs_beside(self, index: int) -> bool:
        wanted = self.states[index].options.parallel and not self.stage.dry
        return wanted and index not in self._before

    def _timed(self, index: int, asked: Asked, began: float) -> Ran:
        ran = self.play(self.states[index], asked)
        ran.duration_ms = (self._grounds.clock() - began) * 1000
        ran.started = tuple(sorted(self.stage.started))
        return ran

    def _await(self, index: int) -> None:
        child = self.children.pop(index, None)
        if child is not None:
            try:
                ran = parallel.wait(child)
            except KeyboardInterrupt as stop:
                parallel.end([child])
                ran = self._broken_off(stop)
            self.stage.started.update(ran.started)
            self._note(index, ran)

    def play(self, state: State, asked: Asked, *, reaction: bool = False) -> Ran:
        """Ask a state's guards and let it run, as often as it says."""
        try:
            return self._play(state, asked, reaction=reaction)
        except KeyboardInterrupt as stop:
            return self._broken_off(stop)

    def _broken_off(self, stop: KeyboardInterrupt) -> Ran:
        self.broken_off = True
        why = f" {stop}" if str(stop) else ""
        return Ran(
            result="failed",
            comment=f"broken off{why}; it may have been done by half, and the next run looks anew",
        )

    def _play(self, state: State, asked: Asked, *, reaction: bool) -> Ran:
        scope = self.stage.scope(state)
        unsettled = self.commands(asked)
        try:
            held = ask_guards(state, scope)
            unsettled += self.stage.unsettled()
            doubts = _once((*held.because, *self.stage.doubts()))
            because = _once((*self._ids(asked.because), *doubts))
            skipped = Ran(
                result="skipped", skipped_by="guard", comment=held.why, because=doubts,
                unsettled=_once(unsettled),
            )  # fmt: skip
            if held.why and not doubts:
                return skipped
            turn = self._turn(state, asked, reaction=reaction, because=because)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # its result is that it failed
            ran = failure(error, scope)
            ran.unsettled = _once(unsettled)
            return ran
        if self.stage.predicted is not None:
            if held.why:
                blur(turn, self.stage.predicted)
                return skipped
            ran = foretell(turn, self.stage.predicted)
        else:
            ran = repeat(lambda: change(turn), state.options.retry, self._grounds.sleep)
        ran.sensitive = turn.scope.sensitive
        ran.unsettled = _once((*unsettled, *self.stage.unsettled()))
        return ran

    def _turn(
        self, state: State, asked: Asked, *, reaction: bool, because: tuple[str, ...]
    ) -> Turn:
        resource = self._grounds.find(f"{state.state}.{state.function}")
        if resource is None or state.unknown:
            raise ZesterError(
                f"there is no state {state.state}.{state.function}",
                hint=state.hint or "sys.list_states names those of this host",
            )
        if state.problem:
            raise ZesterError(state.problem, hint=state.hint)
        if reaction and resource.react is None:
            raise ZesterError(
                f"{resource.name} has no reaction, so that it cannot listen",
                hint="let it watch, or require",
            )
        return Turn(
            state=state,
            resource=resource,
            params=self._grounds.params(resource, state),
            scope=self.stage.scope(state),
            fires=asked.fires,
            wakers=self._ids(asked.wakers),
            reaction=reaction,
            because=because,
        )

    def _ids(self, indices: tuple[int, ...]) -> tuple[str, ...]:
        return _once(self.states[index].id for index in indices)

    # -- prereq ------------------------------------------------------------------------------------

    def _trial(self, index: int) -> Ran:
        """Give what would become of a state if it ran now."""
        if index in self.ran:
            return self.ran[index]
        if index not in self._trials:
            asked = self._ask(index)
            if asked is None:
                return self.ran[index]
            self._trials[index] = self._try(self.states[index], asked)
        return self._trials[index]

    def _try(self, state: State, asked: Asked) -> Ran:
        scope = self.stage.scope(state, trial=True)
        unsettled = self.commands(asked)
        try:
            held = ask_guards(state, scope)
            unsettled += self.stage.unsettled()
            because = _once((*held.because, *self.stage.doubts()))
            if held.why:
                ran = Ran(result="skipped", skipped_by="guard", because=because)
            else:
                because = _once((*self._ids(asked.because), *because))
                turn = self._turn(state, asked, reaction=False, because=because)
                ran = self._planned(msgspec.structs.replace(turn, scope=scope))
        except (Exception, SystemExit) as error:  # noqa: BLE001  # its result is that it failed
            ran = failure(error, scope)
        ran.unsettled = _once((*unsettled, *self.stage.unsettled()))
        return ran

    def _planned(self, turn: Turn) -> Ran:
        try:
            plan, _ = plan_of(turn)
        except Unknowable as unknown:
            return only_known_after(turn, unknown.because)
        would = bool(plan.leaves) and is_to_do(turn.resource, plan)
        return Ran(
            result="would-change" if would else "ok", leaves=plan.leaves,
            because=_once((*turn.because, *self.stage.doubts())), sensitive=turn.scope.sensitive,
        )  # fmt: skip

    # -- what became -------------------------------------------------------------------------------

    def _record(self, index: int, ran: Ran, began: float) -> None:
        self._order.append(index)
        ran.duration_ms = (self._grounds.clock() - began) * 1000
        self._note(index, ran)

    def _note(self, index: int, ran: Ran) -> None:
        self.ran[index] = ran
        state = self.states[index]
        options = state.options
        bad = ran.result == "failed" or ran.skipped_by == "require_failed"
        failhard = self._wishes.failhard if options.failhard is None else options.failhard
        if bad and failhard and not self.stage.dry:
            self._stopped_by = self._stopped_by or state.id
        if options.reload_modules:
            self._grounds.forget()
        if options.fire_event and not self.stage.dry:
            self._fire(options.fire_event, state, ran)

    def _fire(self, named: bool | str, state: State, ran: Ran) -> None:
        try:
            self._grounds.event(named if isinstance(named, str) else "", {
                "id": state.id, "function": f"{state.state}.{state.function}",
                "result": ran.result, "changed": bool(ran.leaves),
            })  # fmt: skip
        except ZesterError as error:
            # the state has come out as it has, whoever hears of it
            ran.warnings = (*ran.warnings, f"fire_event: {error.message}")


def _once(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))
