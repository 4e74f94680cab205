"""Asks the requisites of one state, in the order of the truth tables."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from zester_modules.states.model import Requisite, RequisiteKind, State
from zester_modules.states.run.outcome import Became, Cause
from zester_modules.states.run.tables import TABLES, Vote, fired, verdict

_BAD: Final[frozenset[Became]] = frozenset({
    "failed", "failed-changed", "require_failed", "prereq_failed",
})  # fmt: skip
"""Of a prereq's target: then the state that was to come before it does not run."""


_SAME: Final[dict[RequisiteKind, RequisiteKind]] = {
    "onchanges_any": "onchanges", "onfail_any": "onfail",
}  # fmt: skip
"""Two words for one kind: all that they name together counts as one list."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the requisites say."""

    unmet: Cause | None = None
    why: str = ""
    because: tuple[int, ...] = ()
    """States on which it depends whether they are met."""
    fires: Vote = "no"
    wakers: tuple[int, ...] = ()
    """States on which it depends whether a watched one has changed."""
    unsettled: tuple[int, ...] = ()
    """States which a command may make otherwise, and with them this."""


def ask(
    state: State,
    became: Callable[[int, RequisiteKind], Became],
    is_unsettled: Callable[[int], bool],
) -> Asked:
    """Ask all requisites but `listen`.

    Args:
        state: whose requisites they are.
        became: gives what became of a named state, and runs it first where it has to be.
        is_unsettled: says whether a command may make that otherwise.
    """
    because: list[int] = []
    unsettled: list[int] = []
    fires: Vote = "no"
    wakers: list[int] = []
    for kind, requisites in _by_kind(state):
        named: dict[int, Became] = {
            index: became(index, kind) for one in requisites for index in one.states
        }
        if kind == "prereq" and (failed := [one for one, how in named.items() if how in _BAD]):
            return Asked(
                unmet="require_failed",
                why=f"prereq: it cannot be done: {_texts(requisites, failed)}",
            )
        said, woken = verdict(kind, named.values()), fired(kind, named.values())
        loose = loosened(kind, named, is_unsettled)
        if said == "no":
            why = _why(kind, requisites, named)
            return Asked(unmet=TABLES[kind].unmet, why=why, unsettled=loose)
        unsettled += loose
        unsure = [index for index, how in named.items() if how in {"perhaps", "would-change"}]
        if said == "perhaps":
            because += unsure
        if woken == "yes" or fires == "no":
            fires = woken
        if woken == "perhaps":
            wakers += unsure
    return Asked(
        because=tuple(because), fires=fires, wakers=tuple(wakers), unsettled=tuple(unsettled)
    )


def loosened(
    kind: RequisiteKind, named: Mapping[int, Became], is_unsettled: Callable[[int], bool]
) -> tuple[int, ...]:
    """Give the unsettled states, if the requisite would come out otherwise without them."""
    loose = tuple(index for index in named if is_unsettled(index))
    other: list[Became] = ["perhaps" if index in loose else how for index, how in named.items()]
    same = verdict(kind, other) == verdict(kind, named.values())
    return () if same and fired(kind, other) == fired(kind, named.values()) else loose


def _by_kind(state: State) -> Iterator[tuple[RequisiteKind, list[Requisite]]]:
    for kind in TABLES:
        found = [one for one in state.requisites if _SAME.get(one.kind, one.kind) == kind]
        if found and kind != "listen":
            yield kind, found


def _why(kind: RequisiteKind, requisites: list[Requisite], named: dict[int, Became]) -> str:
    votes = TABLES[kind].votes
    bad = [index for index, how in named.items() if votes[how] == "no"]
    texts = _texts(requisites, bad)
    match TABLES[kind].unmet:
        case "require_failed":
            return f"{kind} failed: {texts}"
        case "onfail_not_met":
            return f"{kind}: nothing failed of {texts}"
        case _:
            return f"{kind}: nothing changed of {texts}"


def _texts(requisites: list[Requisite], indices: list[int]) -> str:
    return ", ".join(one.text for one in requisites if set(one.states) & set(indices))
