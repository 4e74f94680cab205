"""What a state's turn is played on: the real machine, or a predicted one in a dry run."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zester_modules.host.machine import Machine
from zester_modules.resource import Functions, Scope
from zester_modules.states.model import State
from zester_modules.states.run.grounds import Grounds
from zester_modules.states.run.others import StatesOfRun

if TYPE_CHECKING:
    from zester_modules.host.predicted import PredictedMachine


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
        predicted = self._predicted_for(state, trial=trial)
        machine: Machine = grounds.machine if predicted is None else predicted
        secret = state.sensitive
        scope = Scope(
            machine=machine,
            id=state.id,
            facts=grounds.facts,
            facts_dir=grounds.facts_dir,
            settings=grounds.settings,
            sources=grounds.sources,
            render=grounds.templates(state),
            call=self._calls(predicted),
            folder=grounds.folder,
            backups=grounds.backups,
            remaining=grounds.remaining,
            sleep=grounds.sleep if predicted is None else _at_once,
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

    def _predicted_for(self, state: State, *, trial: bool) -> "PredictedMachine | None":
        """Give the predicted machine of a state's turn; none where the turn is real."""
        machine = self.predicted
        if machine is not None:
            machine.history.turn(state.id)
        if trial:
            machine = _over(machine or self.grounds.machine)
            machine.history.turn(state.id)
        return machine

    def _calls(self, predicted: "PredictedMachine | None") -> Functions:
        if predicted is None:
            return self.grounds.calls
        from zester_modules.states.run.dry import DryCalls  # noqa: PLC0415  # as below

        return DryCalls(self.grounds.calls, predicted.history, self.grounds.only_reads)

    def doubts(self) -> tuple[str, ...]:
        """Give the ids of earlier states on which an answer of this turn may rest."""
        return tuple(self.predicted.history.doubts) if self.predicted is not None else ()

    def unsettled(self) -> tuple[str, ...]:
        """Give the ids of earlier commands which may change what this turn has looked at."""
        return tuple(self.predicted.history.unsettled) if self.predicted is not None else ()


def _nobody_hears(_tag: str, _data: Mapping[str, Any]) -> None:
    """Stand in for what tells events."""


def _predicted(machine: Machine) -> "PredictedMachine":
    """Give a predicted machine: the caller's own, where it wants to look at it afterwards."""
    from zester_modules.host.predicted import PredictedMachine  # noqa: PLC0415  # in dry runs alone

    return machine if isinstance(machine, PredictedMachine) else PredictedMachine(machine)


def _over(machine: Machine) -> "PredictedMachine":
    from zester_modules.host.predicted import PredictedMachine  # noqa: PLC0415  # in trials alone

    return PredictedMachine(machine)
