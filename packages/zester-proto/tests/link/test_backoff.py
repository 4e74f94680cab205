import random

from hypothesis import given
from hypothesis import strategies as st

from zester_proto.link.backoff import Backoff


def test_the_bound_doubles_up_to_the_cap_and_begins_anew():
    backoff = Backoff(base=0.5, cap=3.0, uniform=lambda _low, high: high)

    assert [backoff.next() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    assert backoff.tries == 5
    backoff.reset()
    assert backoff.next() == 0.5


@given(st.integers(0, 5000), st.integers())
def test_a_delay_is_never_beyond_its_bound_however_many_tries(tries: int, seed: int):
    backoff = Backoff(base=0.5, cap=30.0, uniform=random.Random(seed).uniform)
    backoff.tries = tries

    assert backoff.bound <= 30.0
    assert 0.0 <= backoff.next() <= 30.0


def test_a_fleet_spreads_over_the_whole_time():
    rng = random.Random(1)
    delays = [Backoff(base=8.0, uniform=rng.uniform).next() for _ in range(1000)]

    assert all(sum(low <= d < low + 1 for d in delays) > 50 for low in range(8))
