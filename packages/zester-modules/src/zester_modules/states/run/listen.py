"""The reactions of listening states, at the end of a run, each a state of its own."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from zester_modules.states.model import Requisite, State
from zester_modules.states.run.outcome import BROKEN_OFF, Became, Ran, Row
from zester_modules.states.run.requisites import Asked, loosened
from zester_modules.states.run.tables import fired

if TYPE_CHECKING:
    from zester_modules.states.run.runner import Run


def reactions(run: "Run") -> list[Row]:
    """Let every state react that listens to one that changed; a reaction wakes no other one.

    What a state heard is not lost by failhard or by its own failure: the next run would find
    nothing changed and hear nothing.
    """
    rows = [
        Row(
            state,
            _react(run, state, asked),
            f"listener_{state.id}",
            f"{state.state}.mod_watch",
        )
        for state, asked in list(_woken(run))
    ]
    missing = [(state, one) for state in run.states for one in state.requisites
               if one.kind == "listen" and not one.states]  # fmt: skip
    return [*rows, *(_missing(state, one) for state, one in missing)]


def _woken(run: "Run") -> Iterator[tuple[State, Asked]]:
    for state in run.states:
        named = [index for one in state.requisites if one.kind == "listen" for index in one.states]
        became: dict[int, Became] = {index: run.became(index) for index in named}
        fires = fired("listen", became.values())
        loose = loosened("listen", became, run.is_unsettled)
        if fires != "no" or loose:
            unsure = tuple(index for index, how in became.items() if how == "perhaps")
            yield state, Asked(fires=fires, wakers=unsure, unsettled=loose)


def _react(run: "Run", state: State, asked: Asked) -> Ran:
    if asked.fires == "no":
        why = "listen: nothing changed that it listens to"
        return Ran(
            result="skipped", skipped_by="onchanges_not_met", comment=why,
            unsettled=run.commands(asked),
        )  # fmt: skip
    if run.broken_off:
        return Ran(result="skipped", skipped_by="failhard", comment=BROKEN_OFF)
    began = run.clock()
    ran = run.play(state, asked, reaction=True)
    ran.duration_ms = (run.clock() - began) * 1000
    return ran


def _missing(state: State, requisite: Requisite) -> Row:
    kind, _, name = requisite.text.partition(":")
    ran = Ran(result="failed", comment=f"{state.id} listens to {requisite.text}, which is nowhere")
    return Row(state, ran, f"listen_{name.strip()}", f"{kind.strip()}.mod_watch")
