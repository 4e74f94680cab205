import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_modules import flow
from zester_modules.facts import yamlfile
from zester_proto.config_tree import ConfigError

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | TEXT,
    lambda one: st.lists(one, max_size=4) | st.dictionaries(TEXT, one, max_size=4),
)


@given(VALUES)
def test_json_is_read_as_it_was_written(value: Any):
    assert flow.parse(json.dumps(value)) == value
    assert flow.parse(json.dumps(value, ensure_ascii=False, indent=1)) == value


@given(st.text(max_size=40))
def test_any_text_is_a_value_or_a_value_error(text: str):
    with contextlib.suppress(ValueError):
        flow.word_value(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[a, b]", ["a", "b"]),
        ("[a,b]", ["a", "b"]),
        ("[]", []),
        ("{}", {}),
        ("[1, 1.5, true, null, ~, yes]", [1, 1.5, True, None, None, "yes"]),
        ("{a: 1, b: [x, {c: d}]}", {"a": 1, "b": ["x", {"c": "d"}]}),
        ("{url: http://x:80/y, t: 1:30}", {"url": "http://x:80/y", "t": "1:30"}),
        ("{'a b': 'it''s', \"c\": \"d\\n\\\"\"}", {"a b": "it's", "c": 'd\n"'}),
        ('{"a":1}', {"a": 1}),
        ("[a, b,]", ["a", "b"]),
        ("[ two words , x]", ["two words", "x"]),
        ("{a: , b: 1}", "a value is missing"),
        ("[0x10, 0o17, 012, 0xg, -5]", [16, 15, "012", "0xg", -5]),
    ],
)
def test_flow_is_read_as_people_write_it(text: str, value: Any):
    if isinstance(value, str):
        with pytest.raises(ValueError, match=value):
            flow.parse(text)
    else:
        assert flow.parse(text) == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[a", "a closing ] is missing at character 3"),
        ("[a}", "'}' is out of place at character 3"),
        ("{a: 1", "a closing } is missing at character 6"),
        ("{a:1}", "'a:1' has no value: a colon and a space are missing at character 5"),
        ("{a}", "'a' has no value"),
        ("{a: 1, a: 2}", "the key 'a' is there twice"),
        ("[a] b", "something after its end, at character 5"),
        ("['a", "a closing ' is missing"),
        ('["a', 'a closing " is missing'),
        ('["\\q"]', "the quoted text is broken"),
        ("['a' 'b']", "a comma is missing at character 6"),
        ("[,]", "a value is missing at character 2"),
        ("[" * 100, "more than 32 levels"),
        ("{", "a closing } is missing"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, problem: str):
    with pytest.raises(ValueError, match=r".") as caught:
        flow.parse(text)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("100", 100), ("true", True), ("yes", "yes"), ("null", None), ("", ""), ("  ", "  "),
        ("hello world", "hello world"), ("'5'", "5"), ('"5"', "5"), ("'tis", "'tis"),
        ("[1, a]", [1, "a"]), ("1.10", 1.1), ("1e3", 1000.0), ("9" * 400, "9" * 400),
    ],
)  # fmt: skip
def test_a_word_that_may_be_anything_is_what_it_looks_like(word: str, value: Any):
    assert flow.word_value(word) == value


@given(st.text(alphabet="0123456789.eE+-xo~nulTtrFfas_", max_size=8))
def test_a_scalar_means_here_what_it_means_in_a_file(text: str):
    try:
        expected = yamlfile.load(f"a: {text}", "x")["a"]
    except ConfigError:
        return
    assert flow.scalar(text) == expected
