"""How much one peel may say: budgets by kind, and what is ten times over one (bus.md 7)."""

from enum import Enum, auto
from typing import Final, NamedTuple

TIMES: Final = 10
"""A peel so many times over a budget is quarantined."""

_EPSILON: Final = 1e-6
_MANY: Final = 100_000


class Budget(NamedTuple):
    """So many at once, and so many a second on the long run."""

    burst: float
    rate: float


BUDGETS: Final[dict[str, Budget]] = {
    "facts": Budget(4, 0.1),
    "heartbeat": Budget(20, 1),
    "hello": Budget(40, 2),
    "renew": Budget(10, 0.1),
    "ack": Budget(1000, 100),
    "return": Budget(100, 1),
    "event": Budget(1000, 10),
    "basket": Budget(100, 2),
    "basket-ask": Budget(200, 10),
    "update-status": Budget(60, 1),
}
"""Of `return` those count that no job asked for; a job asks each of its peels for one."""


class Verdict(Enum):
    """What a budget says to one more message."""

    WITHIN = auto()
    BEYOND = auto()
    TEN_TIMES = auto()


class Budgets:
    """What each peel has spent.

    Each budget is a bucket that fills with time; beside it a bucket ten times as large and as fast
    finds the flood.
    """

    def __init__(self, budgets: dict[str, Budget] = BUDGETS) -> None:
        self._budgets = budgets
        self._spent: dict[tuple[str, str], list[float]] = {}
        self._sweep_at = _MANY

    def spend(self, kind: str, peel_id: str, now: float, count: int = 1) -> Verdict:
        """Take `count` from a peel's budget.

        Args:
            kind: which budget.
            peel_id: whose.
            now: monotonic seconds.
            count: how many messages.
        """
        budget = self._budgets[kind]
        spent = self._spent.get((kind, peel_id))
        if spent is None:
            spent = self._spent[kind, peel_id] = [now, now]
            self._tidy(now)
        # each is the time at which the bucket is full again
        window, step = budget.burst / budget.rate + _EPSILON, count / budget.rate
        flood = spent[1] = max(spent[1], now) + step / TIMES
        full = max(spent[0], now) + step
        if flood - now > window:
            return Verdict.TEN_TIMES
        if full - now > window:
            return Verdict.BEYOND
        spent[0] = full
        return Verdict.WITHIN

    def forget(self, peel_id: str) -> None:
        """Give a peel all its budgets anew."""
        for kind in self._budgets:
            self._spent.pop((kind, peel_id), None)

    def _tidy(self, now: float) -> None:
        """Forget those whose buckets are full again, as often as the table has doubled."""
        if len(self._spent) < self._sweep_at:
            return
        self._spent = {key: ends for key, ends in self._spent.items() if max(ends) > now}
        self._sweep_at = max(_MANY, 2 * len(self._spent))
