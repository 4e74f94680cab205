import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_proto.target.values import (
    MISSING,
    is_number,
    number,
    position,
    text_of,
    value_at,
    version,
)

# From low to high.
VERSIONS = [
    "0.9", "1.0~rc1", "1.0-alpha", "1.0-beta.2", "1.0-rc1", "1.0-rc2", "1.0", "1.0-1", "1.0-2",
    "1.0-10", "1.0a", "1.0.1", "1.2", "1.10", "2.4-10", "2.4.1-2", "5.15.0-91-generic", "6.1",
    "6.1.0-18-amd64", "6.1.0-19-amd64", "22.04", "22.10", "2022server", "1:0.5",
]  # fmt: skip
EQUAL = [
    ("1", "1.0"),
    ("1.0", "1.0.0.0"),
    ("v1.2", "1.2"),
    ("1.0-RC1", "1.0-rc1"),
    ("01", "1"),
    ("0:1", "1"),
]
FACTS: dict[str, Any] = {
    "os": "Debian",
    "cpu": {"count": 4},
    "disks": [{"dev": "sda"}, {"dev": "sdb"}],
    "tags": [],
    "none": None,
}


@pytest.mark.parametrize(
    ("value", "text"),
    [("Debian", "debian"), (True, "true"), (None, "none"), (1, "1"), (1.0, "1.0"), (1e20, "1e+20")],
)
def test_a_value_reads_as_its_text_in_lower_case(value: Any, text: str):
    assert text_of(value) == text


def test_true_and_false_are_no_numbers():
    assert [is_number(value) for value in (1, 0.5, True, "1", None)] == [
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(("low", "high"), list(itertools.pairwise(VERSIONS)))
def test_versions_sort_as_packagers_sort_them(low: str, high: str):
    first, second = version(low), version(high)

    assert first is not None
    assert second is not None
    assert first < second


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_versions_that_say_the_same_are_equal(one: str, other: str):
    assert version(one) == version(other) is not None


@pytest.mark.parametrize("text", ["", "abc", "-1", "1 2", "1:2:3", "v", "1/2", "1" * 200, "é"])
def test_what_does_not_begin_as_a_version_is_none(text: str):
    assert version(text) is None


@given(st.lists(st.from_regex(r"v?[0-9][0-9a-z.+~_-]{0,12}", fullmatch=True), min_size=2))
def test_all_versions_can_be_compared(texts: list[str]):
    keys = [key for text in texts if (key := version(text)) is not None]

    ordered = sorted(keys)

    assert all(one <= other for one, other in itertools.pairwise(ordered))


@pytest.mark.parametrize(
    ("text", "value"),
    [("8", 8), ("-5", -5), ("+2.50", 2.5), ("1e3", 1000.0), ("1E-2", 0.01)],
)
def test_a_number_is_read(text: str, value: float):
    assert number(text) == value


@pytest.mark.parametrize(
    "text", ["", "nan", "inf", "1.", ".5", "1_0", "0x1", " 1", "1e1000", "٣", "9" * 301]
)
def test_other_texts_are_no_numbers(text: str):
    assert number(text) is None


@pytest.mark.parametrize(("word", "place"), [("0", 0), ("12", 12), ("-1", -1)])
def test_a_position_in_a_list_is_read(word: str, place: int):
    assert position(word) == place


@pytest.mark.parametrize("word", ["", "-", "a", "1.0", "--1", "1" * 7, "٣", " 1"])
def test_other_words_are_no_positions(word: str):
    assert position(word) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("os", "Debian"),
        ("cpu", {"count": 4}),
        ("cpu:count", 4),
        ("disks:0:dev", "sda"),
        ("disks:-1:dev", "sdb"),
        ("tags", []),
        ("none", None),
    ],
)
def test_a_key_walks_maps_and_lists(key: str, value: Any):
    assert value_at(FACTS, key) == value


@pytest.mark.parametrize(
    "key", ["", "nope", "os:x", "cpu:x", "disks:2", "disks:dev", "none:x", "tags:0"]
)
def test_a_key_that_leads_nowhere_finds_nothing(key: str):
    assert value_at(FACTS, key) is MISSING


def test_a_key_may_have_another_delimiter():
    assert value_at({"a:b": {"c": 1}}, "a:b/c", "/") == 1
    assert repr(MISSING) == "MISSING"
