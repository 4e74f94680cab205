from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_modules.facts import yamlfile
from zester_proto.config_tree import ConfigError

WORDS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS
)
VALUES = st.recursive(
    SCALARS, lambda one: st.lists(one, max_size=4) | st.dictionaries(WORDS, one, max_size=4)
)


@given(st.dictionaries(WORDS, VALUES, max_size=4))
def test_what_was_written_is_read_again(value: Any):
    assert yamlfile.load(yamlfile.dump(value), "x") == value


def test_what_was_written_can_be_read_by_people():
    value = {"roles": ["web", "db"], "a b": 1, "yes": "1", "null": None, "rack": {"row": "ä"}}
    assert yamlfile.dump(value) == (
        '"a b": 1\n"null": null\nrack: {"row":"ä"}\nroles: ["web","db"]\nyes: "1"\n'
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("1:30", "1:30"), ("012", "012"),
        ("0o17", 15), ("0x1F", 31), ("1_000", "1_000"), ("true", True), ("~", None), ("", None),
        ("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5), ("2020-01-01", "2020-01-01"), ("=", "="),
        ("0o9", "0o9"), ("null", None), ("'5'", "5"), ("[a, 1]", ["a", 1]), ("9" * 400, "9" * 400),
    ],
)  # fmt: skip
def test_words_mean_what_the_core_schema_says(text: str, value: Any):
    assert yamlfile.load(f"a: {text}", "x") == {"a": value}


def test_an_empty_document_is_an_empty_map():
    assert yamlfile.load("", "x") == yamlfile.load("# nothing\n", "x") == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3", "x:3: the key 'a' is there twice"),
        ("a: [1, 2", "x:2: not YAML"),
        ("- a", "x:1: not a mapping"),
        ("a: &a 1\nb: *a", "x:2: an alias"),
        ("x: !!python/object/apply:os.system [id]", "x:1: the tag"),
        ("[" * 100_000, "x:1: more than 32 levels"),
    ],
)
def test_what_is_no_map_of_facts_is_refused_with_its_line(text: str, problem: str):
    with pytest.raises(ConfigError) as caught:
        yamlfile.load(text, "x")
    assert caught.value.message.startswith(problem)
