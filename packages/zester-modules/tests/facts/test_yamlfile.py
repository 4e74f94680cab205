import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_modules.facts import yamlfile

WORDS = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | WORDS
VALUES = st.recursive(
    SCALARS, lambda one: st.lists(one, max_size=4) | st.dictionaries(WORDS, one, max_size=4)
)


@given(VALUES)
def test_what_was_written_is_read_again(value):
    assert yamlfile.load(yamlfile.dump(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("1:30", "1:30"), ("012", 12),
        ("0o17", 15), ("0x1F", 31), ("1_000", "1_000"), ("true", True), ("~", None), ("", None),
        ("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5), ("2020-01-01", "2020-01-01"), ("=", "="),
        ("0o9", "0o9"), ("null", None), ("'5'", "5"), ("- a\n- 1", ["a", 1]),
    ],
)  # fmt: skip
def test_words_mean_what_the_core_schema_says(text, value):
    assert yamlfile.load(text) == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3", "line 3, column 1: the key 'a' is there twice"),
        ("a: [1, 2", "line 2, column 1: did not find"),
        ("a: b: c", "line 1, column 5"),
        ("\ta: 1", "line 1, column 1"),
        ("a: 1\n---\nb: 2", "another document"),
        ("? [1]\n: 2", "a key has to be a word"),
        ("x: !!python/object/apply:os.system [id]", "constructor"),
        ("a: *nobody", "alias"),
        ("a: \0", "control characters"),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_line(text, problem):
    with pytest.raises(ValueError, match=r".") as caught:
        yamlfile.load(text)
    assert problem in str(caught.value)


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, "{a: " * 50_000, "? " * 50_000])
def test_depth_that_would_end_the_process_is_refused(text):
    with pytest.raises(ValueError, match="more than 60 levels"):
        yamlfile.load(text)
