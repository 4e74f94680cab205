"""What became of one state, as the requisites of others and the results see it."""

from typing import Any, Final, Literal

import msgspec

from zester_modules.resource import Leaf
from zester_modules.states.model import State

Result = Literal["ok", "changed", "would-change", "failed", "skipped"]

Cause = Literal[
    "require_failed", "onchanges_not_met", "onfail_not_met", "prereq_not_met", "prereq_failed",
    "guard", "failhard",
]  # fmt: skip
"""Why a state was skipped (states.md 7)."""

BROKEN_OFF: Final = "the run was broken off before its turn"
"""What a state says that did not come to its turn for that; its cause is `failhard`."""

Became = Literal[
    "ok", "changed", "would-change", "perhaps", "failed", "failed-changed",
    "require_failed", "onchanges_not_met", "onfail_not_met", "prereq_not_met", "prereq_failed",
    "guard", "failhard",
]  # fmt: skip
"""All that a requisite tells apart. `perhaps`: a dry run cannot know whether it would change."""


class Ran(msgspec.Struct, kw_only=True):
    """What became of a state; it travels from a parallel state's process, too."""

    result: Result
    leaves: tuple[Leaf, ...] = ()
    certain: bool = True
    because: tuple[str, ...] = ()
    """Ids of the states on which it depends whether this is so; empty if it is certain."""
    unsettled: tuple[str, ...] = ()
    """Ids of earlier commands that may make it otherwise: what it rests on is theirs to change."""
    diff: str = ""
    output: Any = None
    comment: str = ""
    warnings: tuple[str, ...] = ()
    skipped_by: Cause | None = None
    reaction: bool = False
    attempts: int = 1
    duration_ms: float = 0.0
    sensitive: bool = False
    """It read a secret at its turn."""
    started: tuple[str, ...] = ()
    """Services that it started."""


class Row(msgspec.Struct, frozen=True):
    """A state with what became of it; a listen reaction is one of its own."""

    state: State
    ran: Ran
    id: str
    function: str


def became(ran: Ran) -> Became:
    """Give what a requisite sees."""
    if ran.skipped_by is not None:
        return "perhaps" if ran.because and ran.skipped_by == "guard" else ran.skipped_by
    if ran.result == "failed":
        return "failed-changed" if ran.leaves else "failed"
    if ran.result in {"ok", "would-change"} and ran.because:
        return "perhaps"
    return "ok" if ran.result == "skipped" else ran.result
