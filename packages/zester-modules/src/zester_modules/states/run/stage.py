"""What a state's turn is played on: the real machine, or a predicted one in a dry run."""

from collections.abc import Mapping
from typing import Any

from zester_modules.host.machine import Machine
from zester_modules.host.predicted import PredictedMachine
from zester_modules.resource import Scope
from zester_modules.states.model import State
from zester_modules.states.run.dry import DryCalls
from zester_modules.states.run.grounds import Grounds
from zester_modules.states.run.others import StatesOfRun


def _at_once(seconds: float) -> None:
    del seconds


class Stage:
    """Makes the scope of each state's turn.

    Args:
        grounds: what the run stands on.
        test: a dry run.
        others: the states of the run, as each of them sees the others.
    """

    def __init__(self, grounds: Grounds, *, test: bool, others: StatesOfRun | None = None) -> None:
        self.grounds = grounds
        self._others = others or StatesOfRun(grounds, (), {})
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
            facts_dir=grounds.facts_dir,
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
            others=self._others.of(state),
            started=self.started,
            log=grounds.log,
        )
        # its turn may read one that its arguments did not
        grounds.reads.told = scope.read_secret
        return scope

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
