"""A job's ledger whose clock and peels a test moves."""

from zester_master.jobs.ledger import Effect, Ledger
from zester_master.jobs.plan import Plan
from zester_proto.messages.jobs import Outcome

IDS = ("a", "b", "c", "d", "e")


class Bench:
    """A ledger, who is present, and a clock that the test moves."""

    def __init__(self, count: int = 5, *, absent: set[int] | None = None, **plan: float) -> None:
        self.absent = absent or set()
        self.now = 1000.0
        seconds = plan.pop("timeout", 60.0)
        made = Plan(self.now + seconds, **plan)  # pyright: ignore[reportArgumentType]  # numbers all
        self.ledger = Ledger(IDS[:count], made, lambda i: i not in self.absent)

    def go(self, seconds: float = 0.0) -> list[Effect]:
        """Let time pass the way an owner does: awake whenever the ledger asks for it."""
        until = self.now + seconds
        effects = self.ledger.advance(self.now)
        while (wake := self.ledger.wake(self.now)) is not None and wake <= until:
            self.now = max(self.now, wake)
            effects += self.ledger.advance(self.now)
            if wake <= self.now and self.ledger.wake(self.now) == wake:
                break
        self.now = until
        return effects + self.ledger.advance(self.now)

    def ack(self, *places: int) -> None:
        """Let peels say that they have the job."""
        for place in places:
            self.ledger.acked(place)

    def answer(self, *places: int, outcome: Outcome = Outcome.OK) -> list[Effect]:
        """Let peels return."""
        for place in places:
            self.ledger.returned(place, outcome, self.now)
        return self.ledger.advance(self.now)

    def outcomes(self) -> list[str]:
        """Give where each peel stands."""
        return [self.ledger.stage(i) for i in range(len(self.ledger.ids))]
