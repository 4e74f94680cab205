import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_proto.target.globs import bracket_end, glob_fault, glob_test, is_exact, prefix

_texts = st.text(alphabet="ab*?[]!-^\\\n.", max_size=8)


@given(_texts.filter(lambda text: glob_fault(text) is None), _texts)
def test_a_glob_matches_what_the_shell_of_python_says(pattern: str, text: str):
    assert bool(glob_test(pattern)(text)) == fnmatch.fnmatchcase(text, pattern)


@given(_texts, _texts)
def test_all_that_a_glob_matches_begins_with_its_prefix(pattern: str, text: str):
    if fnmatch.fnmatchcase(text, pattern):
        assert text.startswith(prefix(pattern))


def test_a_glob_full_of_stars_takes_no_time():
    assert not glob_test("*a" * 40 + "b")("a" * 5_000)


@pytest.mark.parametrize(
    ("pattern", "exact"), [("web-1", True), ("a]b", True), ("web-*", False), ("a[b]", False)]
)
def test_a_glob_without_signs_matches_only_itself(pattern: str, exact: bool):
    assert is_exact(pattern) is exact
    assert bool(glob_test(pattern)(pattern)) is (exact or pattern == "web-*")


@pytest.mark.parametrize(
    ("pattern", "place"),
    [("a[", 1), ("[!]", 0), ("[]", 0), ("[a][b", 3), ("[9-1]", 1), ("[a-cz-x]", 4)],
)
def test_a_fault_in_a_glob_is_found_where_it_is(pattern: str, place: int):
    fault = glob_fault(pattern)

    assert fault is not None
    assert fault[1] == place


@pytest.mark.parametrize(
    "pattern", ["", "a", "[a]", "[]a]", "[!]]", "[[]", "[a-]", "[-a]", "[a-c]*[0-9]", "]"]
)
def test_a_good_glob_has_no_fault(pattern: str):
    assert glob_fault(pattern) is None


def test_a_bracket_of_a_regular_expression_minds_backslashes():
    assert bracket_end(r"[^\]a]b]", 0, escapes=True) == 5
    assert bracket_end(r"[^]a]", 0, escapes=True) == 4
    assert bracket_end(r"[\]", 0, escapes=True) == -1
    assert bracket_end(r"[\]", 0) == 2
