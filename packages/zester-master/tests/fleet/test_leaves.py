from typing import Any

import pytest

from zester_master.fleet.leaves import Leaves
from zester_proto.errors import CodecError


def test_a_value_is_held_once_for_all_its_peels():
    leaves = Leaves(frozenset())

    for peel in range(100):
        leaves.put(peel, {"os": "debian", "cpu": {"count": 4, "flags": ["a", "b"]}, "id": peel})

    assert len(leaves) == 103


def test_values_that_come_and_go_take_no_more_room():
    leaves = Leaves(frozenset())

    for turn in range(1_000):
        leaves.put(1, {"load": turn, "seen": [turn], f"key-{turn}": {"a": {"b": turn}}})

    assert len(leaves) == 3
    assert leaves.room <= 6
    assert sorted(leaves.root.children) == ["key-999", "load", "seen"]


def test_nothing_is_left_of_a_peel_that_was_removed():
    leaves = Leaves(frozenset({"network"}))
    leaves.put(1, {"a": {"b": {"c": 1}, "d": {}}, "network": {"x": {"y": 1}}})

    leaves.remove(1)
    leaves.remove(1)

    assert len(leaves) == 0
    assert not leaves.root.children


def test_values_that_are_equal_in_python_and_not_in_facts_are_told_apart():
    leaves = Leaves(frozenset())
    values: list[Any] = [1, 1.0, True, "1", b"1", [1], [True], None, 0, False, {}, [], ""]

    for peel, value in enumerate(values):
        leaves.put(peel, {"x": value})

    assert len(leaves) == len(values)
    assert [repr(leaves.facts(peel)["x"]) for peel in range(len(values))] == list(map(repr, values))


def test_a_value_that_cannot_travel_leaves_no_trace():
    leaves = Leaves(frozenset())

    with pytest.raises(CodecError):
        leaves.put(1, {"a": 1, "b": {"c": 2, "d": {"e": object()}}})

    assert len(leaves) == 0
    assert not leaves.root.children
