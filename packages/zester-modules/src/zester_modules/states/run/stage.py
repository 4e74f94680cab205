"""What a state's turn is played on: the real machine, or a predicted one in a dry run."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from zester_modules.host.machine import Machine
from zester_modules.host.predicted import PredictedMachine
from zester_modules.resource import OtherState, Scope, paths_of
from zester_modules.states.model import State
from zester_modules.states.run.dry import DryCalls
from zester_modules.states.run.grounds import Grounds
from zester_proto.errors import ZesterError


def _at_once(seconds: float) -> None:
    del seconds


class Stage:
    """Makes the scope of each state's turn.

    Args:
        grounds: what the run stands on.
        test: a dry run.
        states: all of the run.
    """

    def __init__(self, grounds: Grounds, *, test: bool, states: Sequence[State] = ()) -> None:
        self.grounds = grounds
        self._states = states
        self.predicted = _predicted(grounds.machine) if test else None
        self.started: set[str] = set()

    @property
    def dry(self) -> bool:
        """Whether nothing may be changed."""
        return self.predicted is not None

    def scope(self, state: State, *, trial: bool = False) -> Scope:
        """Begin a state's turn, and give its scope.

        Args:
            state: whose turn it is.
            trial: only look what it would do, whether the run is dry or not.
        """
        grounds = self.grounds
        machine: Machine = self.predicted or grounds.machine
        if trial:
            machine = PredictedMachine(machine)
            machine.history.turn(state.id)
        if self.predicted is not None:
            self.predicted.history.turn(state.id)
        calls = grounds.calls
        if isinstance(machine, PredictedMachine):
            calls = DryCalls(calls, machine.history, grounds.only_reads)
        secret = state.sensitive
        scope = Scope(
            machine=machine,
            id=state.id,
            facts=grounds.facts,
            settings=grounds.settings,
            sources=grounds.sources,
            render=grounds.templates(state),
            call=calls,
            folder=grounds.folder,
            backups=grounds.backups,
            remaining=grounds.remaining,
            sleep=_at_once if isinstance(machine, PredictedMachine) else grounds.sleep,
            event=grounds.event if machine is grounds.machine else _nobody_hears,
            secret=secret,
            sensitive=secret or state.options.no_log,
            masker=grounds.masker,
            others=lambda: [self._other(one) for one in self._states if one is not state],
            started=self.started,
            log=grounds.log,
        )
        # its turn may read one that its arguments did not
        grounds.reads.told = scope.read_secret
        return scope

    def _other(self, state: State) -> OtherState:
        paths, params = None, None
        with suppress(ZesterError):  # then it fails at its turn, and says why
            resource = self.grounds.find(f"{state.state}.{state.function}")
            if resource is not None:
                params = self.grounds.params(resource, state)
                paths = paths_of(resource, params)
        if params is None and state.name.startswith("/"):
            paths = (state.name,)
        return OtherState(id=state.id, paths=paths or (), params=params)

    def doubts(self) -> tuple[str, ...]:
        """Give the ids of earlier states on which an answer of this turn may rest."""
        return tuple(self.predicted.history.doubts) if self.predicted is not None else ()

    def unsettled(self) -> tuple[str, ...]:
        """Give the ids of earlier commands which may change what this turn has looked at."""
        return tuple(self.predicted.history.unsettled) if self.predicted is not None else ()


def _nobody_hears(_tag: str, _data: Mapping[str, Any]) -> None:
    """Stand in for what tells events."""


def _predicted(machine: Machine) -> PredictedMachine:
    """Give a predicted machine: the caller's own, where it wants to look at it afterwards."""
    return machine if isinstance(machine, PredictedMachine) else PredictedMachine(machine)
