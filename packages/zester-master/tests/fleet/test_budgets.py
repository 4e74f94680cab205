"""What one peel may say, and when it is too much."""

from hypothesis import given
from hypothesis import strategies as st

from zester_master.fleet.budgets import BUDGETS, TIMES, Budget, Budgets, Verdict


def test_a_burst_then_the_rate_then_ten_times_both():
    budgets = Budgets({"event": Budget(3, 1)})
    said = [budgets.spend("event", "a", 0.0) for _ in range(31)]
    assert said[:3] == [Verdict.WITHIN] * 3
    assert set(said[3:30]) == {Verdict.BEYOND}
    assert said[30] is Verdict.TEN_TIMES
    assert budgets.spend("event", "b", 0.0) is Verdict.WITHIN


def test_time_fills_the_budget_and_forgetting_does_at_once():
    budgets = Budgets({"facts": Budget(2, 0.1)})
    for _ in range(2):
        assert budgets.spend("facts", "a", 0.0) is Verdict.WITHIN
    assert budgets.spend("facts", "a", 9.0) is Verdict.BEYOND
    assert budgets.spend("facts", "a", 10.0) is Verdict.WITHIN
    budgets.forget("a")
    assert budgets.spend("facts", "a", 10.0) is Verdict.WITHIN


def test_many_at_once_count_as_many():
    assert Budgets().spend("event", "a", 0.0, 1000) is Verdict.WITHIN
    assert Budgets().spend("event", "a", 0.0, 1001) is Verdict.BEYOND
    assert Budgets().spend("event", "a", 0.0, 10_001) is Verdict.TEN_TIMES


@given(st.sampled_from(sorted(BUDGETS)), st.lists(st.floats(0, 5), max_size=200))
def test_no_more_is_let_through_than_burst_and_rate(kind: str, gaps: list[float]):
    budgets, budget, now, within = Budgets(), BUDGETS[kind], 0.0, 0
    for gap in gaps:
        now += gap
        verdict = budgets.spend(kind, "a", now)
        within += verdict is Verdict.WITHIN
        assert within <= budget.burst + budget.rate * now + 1e-6
        if verdict is Verdict.TEN_TIMES:
            assert len(gaps) > TIMES * budget.burst
