"""Versions of RPM are compared as rpm does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_modules.host.packages.rpm_versions import compare, compare_part

VERSIONS = st.text("0123456789abZ.~^+_", min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.0", "1.1"), ("1.9", "1.10"), ("1.0~rc1", "1.0"), ("1.0", "1.0^git1"),
        ("1.0^git1", "1.0.1"), ("1.0a", "1.0.1"), ("1.a", "1.1"), ("2.0", "1:1.0"),
        ("1.0-1", "1.0-2"), ("1.0", "1.0a"), ("1.0~rc1", "1.0~rc2"),
    ],
)  # fmt: skip
def test_what_is_newer(older: str, newer: str):
    assert (compare(older, newer), compare(newer, older)) == (-1, 1)


@pytest.mark.parametrize(("one", "other"), [("1.0", "1.0-3"), ("1.01", "1.1"), ("1_0", "1.0")])
def test_what_is_the_same(one: str, other: str):
    assert compare(one, other) == 0


@given(VERSIONS, VERSIONS)
def test_the_order_has_two_sides(one: str, other: str):
    assert compare_part(one, other) == -compare_part(other, one)


@given(VERSIONS, VERSIONS, VERSIONS)
def test_the_order_is_one(one: str, two: str, three: str):
    if compare_part(one, two) <= 0 and compare_part(two, three) <= 0:
        assert compare_part(one, three) <= 0
