"""Peel ids folded into ranges."""

import re

from hypothesis import given
from hypothesis import strategies as st

from zester_cli.output.names import fold, folded
from zester_proto.target.ranges import names


def test_runs_of_numbers_become_ranges() -> None:
    ids = [f"web-{n:02d}" for n in range(1, 21)] + ["db-1", "db-2", "db-3", "db-7", "mail"]
    assert folded(sorted(ids)) == ["db-[1-3,7]", "mail", "web-[01-20]"]


def test_numbers_without_padding_run_over_ten() -> None:
    assert folded(sorted(f"peel-{n}" for n in range(1, 121))) == ["peel-[1-120]"]


def test_the_number_of_the_host_counts_and_not_that_of_its_domain() -> None:
    assert folded(["a1.zone2.net", "a2.zone2.net"]) == ["a[1-2].zone2.net"]


def test_many_words_end_in_an_ellipsis() -> None:
    ids = [f"{letter}x" for letter in "abcdefghijklmnopqrstuvwxyz"]
    text = fold(ids)
    assert text.startswith("ax, bx")
    assert text.endswith(", …")
    assert len(text) < 70


IDS = st.from_regex(re.compile(r"[a-c0-2]{1,3}-?[0-9]{0,3}(\.d[0-9])?", re.ASCII), fullmatch=True)


@given(st.sets(IDS, max_size=40))
def test_the_ranges_name_exactly_the_ids(ids: set[str]) -> None:
    words = tuple(folded(sorted(ids)))
    assert names(words) == ids if ids else not words
