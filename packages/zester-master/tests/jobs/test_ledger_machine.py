"""Sums add up, and every peel ends once, whatever happens in whatever order (bus.md 6.7)."""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from zester_master.jobs.ledger import CANCEL_PATIENCE, DEADLINE_GRACE, Ask, Close, Effect
from zester_proto.messages.jobs import Outcome
from zester_testing.ledgers import Bench


class LedgerMachine(RuleBasedStateMachine):
    """Anything may happen in any order; the sums hold, and each peel ends once."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.asked: Counter[int] = Counter()
        self.again: Counter[int] = Counter()
        self.closed: dict[int, str] = {}
        self.closes = 0
        self.begun = False

    @initialize(
        absent=st.sets(st.integers(0, 4)),
        batch=st.integers(0, 3),
        wait=st.sampled_from([0.0, 2.0]),
        canary=st.integers(0, 2),
        max_fail=st.integers(-1, 2),
        timeout=st.sampled_from([3.0, 30.0]),
        peel_time=st.sampled_from([0.0, 4.0]),
        early=st.sets(st.integers(0, 4)),
    )
    def begin(
        self,
        absent: set[int],
        batch: int,
        wait: float,
        canary: int,
        max_fail: int,
        timeout: float,
        peel_time: float,
        early: set[int],
    ) -> None:
        self.bench = Bench(
            absent=absent,
            batch=batch,
            batch_wait=wait,
            canary=canary,
            max_fail=max_fail,
            timeout=timeout,
            peel_time=peel_time,
        )
        self.begun = True
        for place in early:
            self.bench.ledger.returned(place, Outcome.OK, self.bench.now)
        self._took(self.bench.go())

    @rule(place=st.integers(0, 4))
    def ack(self, place: int) -> None:
        self.bench.ack(place)
        self._took(self.bench.go())

    @rule(place=st.integers(0, 4), outcome=st.sampled_from(list(Outcome)[:6]))
    def answer(self, place: int, outcome: Outcome) -> None:
        self._took(self.bench.answer(place, outcome=outcome))

    @rule(place=st.integers(0, 4), there=st.booleans())
    def presence(self, place: int, *, there: bool) -> None:
        (self.bench.absent.discard if there else self.bench.absent.add)(place)

    @rule(seconds=st.sampled_from([0.0, 0.5, 1.0, 5.0, 11.0]))
    def wait(self, seconds: float) -> None:
        self._took(self.bench.go(seconds))

    @rule()
    def cancel(self) -> None:
        self._took(self.bench.ledger.cancel(self.bench.now))

    def _took(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Ask):
                (self.again if effect.again else self.asked).update(effect.peels)
            if isinstance(effect, Close):
                self.closes += 1
                self.closed = dict(enumerate(self.bench.outcomes()))

    @invariant()
    def sums_add_up(self) -> None:
        ledger = self.bench.ledger
        assert sum(ledger.counts().values()) == 5
        assert ledger.counts() == dict(Counter(self.bench.outcomes()))
        assert ledger.done == len(ledger.log) == len(set(ledger.log))

    @invariant()
    def nobody_is_asked_twice_and_then_again_more_than_once(self) -> None:
        assert max(self.asked.values(), default=0) <= 1
        assert max(self.again.values(), default=0) <= 1
        assert self.again.keys() <= self.asked.keys()

    @invariant()
    def a_closed_ledger_never_changes(self) -> None:
        assert self.closes <= 1
        if self.closes:
            assert dict(enumerate(self.bench.outcomes())) == self.closed
            assert set(self.closed.values()) <= set(Outcome)
            assert self.bench.ledger.wake(self.bench.now) is None

    def teardown(self) -> None:
        if self.begun:
            self._took(self.bench.go(CANCEL_PATIENCE + DEADLINE_GRACE + 0.1))
            assert self.closes == 1, "a job ends at the latest a moment after its deadline"


LedgerMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
test_whatever_happens_every_peel_ends_as_one_outcome = LedgerMachine.TestCase
