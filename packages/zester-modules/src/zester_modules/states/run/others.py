"""The states of a run, as one of them sees the others."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from zester_modules.resource import Others, OtherState, paths_of
from zester_modules.states.model import State
from zester_modules.states.run.grounds import Grounds
from zester_modules.states.run.outcome import Ran
from zester_proto.errors import ZesterError

_RAN: Final = frozenset({"ok", "changed", "would-change"})
_NEEDED: Final = frozenset({"require", "watch"})


class StatesOfRun:
    """All states of a run.

    Args:
        grounds: find resources and fit parameters.
        states: in running order.
        ran: what became of each so far, by index; the run adds to it.
    """

    def __init__(self, grounds: Grounds, states: Sequence[State], ran: Mapping[int, Ran]) -> None:
        self._grounds = grounds
        self._states = states
        self._ran = ran
        self._place = {id(state): index for index, state in enumerate(states)}
        self._named: dict[str, list[int]] = {}
        for index, state in enumerate(states):
            self._named.setdefault(f"{state.state}.{state.function}", []).append(index)
        self._fitted: dict[int, tuple[Any, tuple[str, ...]]] = {}

    def of(self, state: State) -> Others:
        """Give what a state sees."""

        def others(function: str = "", /) -> Sequence[OtherState]:
            listed = self._named.get(function, []) if function else range(len(self._states))
            return [
                self._other(index, state) for index in listed if self._states[index] is not state
            ]

        return others

    def _other(self, index: int, state: State) -> OtherState:
        other = self._states[index]
        params, paths = self._fit(index, other)
        ran = self._ran.get(index)
        return OtherState(
            id=other.id,
            paths=paths,
            params=params,
            later=index > self._place.get(id(state), len(self._states)),
            required=any(index in one.states and one.kind in _NEEDED for one in state.requisites),
            ran=ran is not None and ran.result in _RAN,
            because=ran.because if ran is not None else (),
            secret=other.sensitive,
        )

    def _fit(self, index: int, state: State) -> tuple[Any, tuple[str, ...]]:
        known = self._fitted.get(index)
        if known is None:
            known = self._fitted[index] = self._look(state)
        return known

    def _look(self, state: State) -> tuple[Any, tuple[str, ...]]:
        params: msgspec.Struct | None = None
        paths = (state.name,) if state.name.startswith("/") else ()
        with suppress(ZesterError):  # then it fails at its turn, and says why
            resource = self._grounds.find(f"{state.state}.{state.function}")
            if resource is not None:
                params = self._grounds.params(resource, state)
                paths = paths_of(resource, params) or ()
        return params, paths
