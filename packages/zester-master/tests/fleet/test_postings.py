import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from zester_master.fleet.postings import Posting, merged, union, with_peel, without_peel

_sets = st.sets(st.integers(0, 5), max_size=4)


def posting(peels: set[int]) -> Posting | None:
    if not peels:
        return None
    return next(iter(peels)) if len(peels) == 1 else BitMap(peels)


def peels_of(made: Posting | None) -> set[int]:
    if made is None:
        return set()
    return {made} if isinstance(made, int) else set(made)


@given(_sets, st.integers(0, 5))
def test_a_peel_comes_and_goes(peels: set[int], peel: int):
    assert peels_of(with_peel(posting(peels), peel)) == peels | {peel}
    assert peels_of(without_peel(posting(peels), peel)) == peels - {peel}


@given(_sets, _sets.filter(bool))
def test_a_posting_takes_another_one_in_and_leaves_it_alone(peels: set[int], others: set[int]):
    more = posting(others)
    assert more is not None

    result = merged(posting(peels), more)
    result = with_peel(result, 9)

    assert peels_of(result) == peels | others | {9}
    assert peels_of(more) == others


@given(st.lists(_sets.filter(bool), max_size=4))
def test_a_union_is_new_and_holds_all(many: list[set[int]]):
    postings = [made for peels in many if (made := posting(peels)) is not None]

    result = union(postings)
    result.add(9)

    assert set(result) == set().union(*many) | {9}
    assert [peels_of(made) for made in postings] == many


@pytest.mark.parametrize("peels", [set[int](), {1}, {1, 2}])
def test_nothing_is_none(peels: set[int]):
    made = posting(peels)
    for peel in peels:
        made = without_peel(made, peel)

    assert made is None
