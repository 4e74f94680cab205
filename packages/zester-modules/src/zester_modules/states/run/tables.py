"""The truth tables of requisites: what each kind makes of what each state became.

docs/requisites.md shows them; a test holds that page, and one holds what Salt answers.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

from zester_modules.states.model import RequisiteKind
from zester_modules.states.run.outcome import Became, Cause

Vote = Literal["yes", "perhaps", "no", "-"]
"""What one named state says; `-` counts only where all others say the same."""

Rule = Literal["all", "any"]
"""`all`: nobody says no. `any`: somebody says yes, or nobody says no."""


class Table(msgspec.Struct, frozen=True):
    """One kind of requisite."""

    rule: Rule
    votes: Mapping[Became, Vote]
    unmet: Cause
    """Why a state is skipped when it is not met."""
    fires: Mapping[Became, Vote] = msgspec.field(default_factory=dict[Became, Vote])
    """Which named states make it react, once it is met."""


def _votes(
    *,
    yes: tuple[Became, ...] = (),
    perhaps: tuple[Became, ...] = (),
    no: tuple[Became, ...] = (),
    silent: tuple[Became, ...] = (),
) -> dict[Became, Vote]:
    votes: dict[Became, Vote] = {}
    said: tuple[tuple[Vote, tuple[Became, ...]], ...] = (
        ("yes", yes), ("perhaps", perhaps), ("no", no), ("-", silent),
    )  # fmt: skip
    for vote, states in said:
        for one in states:
            votes[one] = vote
    return votes


_RAN_WELL: Final[tuple[Became, ...]] = ("ok", "changed", "would-change", "perhaps", "guard")
_SKIPPED: Final[tuple[Became, ...]] = ("onchanges_not_met", "onfail_not_met", "prereq_not_met")
_FAILED: Final[tuple[Became, ...]] = ("failed", "failed-changed")
_KEPT: Final[tuple[Became, ...]] = ("require_failed", "prereq_failed", "failhard")

_ALL_GOOD: Final = _votes(yes=(*_RAN_WELL, *_SKIPPED), no=(*_FAILED, *_KEPT))
_ANY_GOOD: Final = _votes(yes=_RAN_WELL, no=(*_FAILED, *_KEPT), silent=_SKIPPED)
_CHANGED: Final = _votes(
    yes=("changed", "would-change"),
    perhaps=("perhaps",),
    no=("ok", "guard", *_SKIPPED, *_FAILED, *_KEPT),
)
_HEARD: Final = _votes(
    yes=("changed", "would-change", "failed-changed"),
    perhaps=("perhaps",),
    no=("ok", "guard", *_SKIPPED, "failed", *_KEPT),
)
_BAD: Final = _votes(
    yes=_FAILED,
    perhaps=("would-change", "perhaps"),
    no=("ok", "changed", "guard", *_SKIPPED),
    silent=_KEPT,
)

TABLES: Final[Mapping[RequisiteKind, Table]] = {
    "require": Table("all", _ALL_GOOD, "require_failed"),
    "require_any": Table("any", _ANY_GOOD, "require_failed"),
    "watch": Table("all", _ALL_GOOD, "require_failed", fires=_CHANGED),
    "watch_any": Table("any", _ANY_GOOD, "require_failed", fires=_CHANGED),
    "prereq": Table("any", _CHANGED, "prereq_not_met"),
    "onfail": Table("any", _BAD, "onfail_not_met"),
    "onfail_any": Table("any", _BAD, "onfail_not_met"),
    "onfail_all": Table("all", _BAD, "onfail_not_met"),
    "onchanges": Table("any", _CHANGED, "onchanges_not_met"),
    "onchanges_any": Table("any", _CHANGED, "onchanges_not_met"),
    "listen": Table("any", _HEARD, "onchanges_not_met", fires=_HEARD),
}
"""In the order in which an unmet one counts: a failed require comes before all else."""


def verdict(kind: RequisiteKind, named: Iterable[Became]) -> Vote:
    """Say whether a requisite is met: yes, perhaps or no."""
    table = TABLES[kind]
    votes = {table.votes[one] for one in named}
    if table.rule == "all":
        return "no" if "no" in votes else "perhaps" if "perhaps" in votes else "yes"
    if "yes" in votes or not votes & {"no", "perhaps"}:
        return "yes"
    return "perhaps" if "perhaps" in votes else "no"


def fired(kind: RequisiteKind, named: Iterable[Became]) -> Vote:
    """Say whether one of the named states makes a watching or listening one react."""
    fires = TABLES[kind].fires
    votes = {fires[one] for one in named} if fires else set[Vote]()
    return "yes" if "yes" in votes else "perhaps" if "perhaps" in votes else "no"
