import math
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from zester_proto.render.lines import LineMap, Origin
from zester_proto.render.nodes import Dialect, Mapping, Place, Problem, Scalar, Sequence
from zester_proto.render.values import plain, translated, word
from zester_proto.render.yaml import load, mapping


def value(text: str, dialect: Dialect = "sls") -> Any:
    loaded = load(text, "a.sls", dialect)
    assert loaded.problems == ()
    return plain(loaded.root, dialect)


def problems(text: str, dialect: Dialect = "sls") -> tuple[Problem, ...]:
    return load(text, "a.sls", dialect).problems


def only(text: str) -> Problem:
    (problem,) = problems(text)
    return problem


def said(text: str) -> list[tuple[str, str]]:
    return [(str(problem.place), problem.message) for problem in problems(text)]


def test_texts_stay_as_they_were_written_and_have_places():
    root = mapping(load("pkg:\n  version: 1.10\n  mode: '0644'\n  list: [a, b]\n", "a.zy", "zy"))
    assert root is not None
    inner = root.pairs[0][1]
    assert isinstance(inner, Mapping)
    assert inner.place == Place("a.zy", 2, 3)
    version, mode, items = (node for _, node in inner.pairs)
    assert version == Scalar("1.10", plain=True, place=Place("a.zy", 2, 12))
    assert mode == Scalar("0644", plain=False, place=Place("a.zy", 3, 9))
    assert isinstance(items, Sequence)
    assert [str(item.place) for item in items.items] == ["a.zy:4:10", "a.zy:4:13"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "---\n...\n", "~"])
def test_an_empty_document_is_nothing(text: str):
    assert value(text) is None
    assert (mapping(load(text, "a.sls", "sls"))) is None


@pytest.mark.parametrize(
    ("written", "zy", "sls"),
    [
        ("0644", 644, 644), ("-0644", -644, -420), ("0888", 888, "0888"), ("00", 0, 0),
        ("0o17", 15, "0o17"), ("0x1F", 31, 31), ("0b101", "0b101", 5), ("0x_", "0x_", "0x_"),
        ("1_000", "1_000", 1000), ("+7", 7, 7), ("1.10", 1.1, 1.1), ("1e3", 1000.0, "1e3"),
        ("1.5e+3", 1500.0, 1500.0), (".5", 0.5, 0.5), ("-.inf", -math.inf, -math.inf),
        ("12:30:45", "12:30:45", 45045), ("-1:30", "-1:30", -90), ("1:30.5", "1:30.5", 90.5),
        ("yes", "yes", True), ("Off", "Off", False), ("y", "y", "y"), ("True", True, True),
        ("~", None, None), ("NULL", None, None), ("2024-01-01", "2024-01-01", "2024-01-01"),
        ("1.2.3", "1.2.3", "1.2.3"), ("-", "-", "-"), ("9" * 1001, "9" * 1001, "9" * 1001),
        ("=", "=", "="), ("<<", "<<", "<<"),
    ],
)  # fmt: skip
def test_words_mean_what_the_dialect_says(written: str, zy: Any, sls: Any):
    assert (word(written, "zy"), word(written, "sls")) == (zy, sls)
    assert [type(word(written, d)) for d in ("zy", "sls")] == [type(zy), type(sls)]


def test_not_a_number_is_one():
    assert math.isnan(word(".nan", "zy"))
    assert math.isnan(word(".NaN", "sls"))


def test_keys_follow_the_rules_of_values():
    assert value("1: a\nyes: b\n'1': c\nnull: d\n", "zy") == {
        1: "a",
        "yes": "b",
        "1": "c",
        None: "d",
    }
    assert value("yes: b\n'yes': c\n") == {True: "b", "yes": "c"}


class _Salt(yaml.SafeLoader):
    """PyYAML as Salt changes it: integers with leading zeros are decimal, dates are texts."""


def _salt_int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    if node.value.startswith("0") and not node.value.startswith(("0b", "0x")):
        node.value = node.value.lstrip("0") or "0"
    return loader.construct_yaml_int(node)


_Salt.add_constructor("tag:yaml.org,2002:int", _salt_int)
_Salt.add_constructor("tag:yaml.org,2002:timestamp", _Salt.construct_scalar)

_leaf = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
    | st.from_regex(r"[-+0-9._:xbe]{1,6}", fullmatch=True)
)  # fmt: skip
_data = st.recursive(
    _leaf,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(_data, st.sampled_from([None, True, False]))
def test_what_pyyaml_writes_is_read_as_it_was(data: Any, flow: bool | None):
    text = yaml.safe_dump(data, allow_unicode=True, default_flow_style=flow, sort_keys=False)
    assert value(text) == yaml.load(text, Loader=_Salt)


@settings(deadline=None)
@given(st.from_regex(r"[-+0-9._:xboeEnNaAyYfFsSlLuUrRtTiI~]{1,7}", fullmatch=True))
def test_plain_words_mean_what_salts_loader_makes_of_them(text: str):
    try:
        theirs = yaml.load(f"- {text}", Loader=_Salt)
    except (yaml.YAMLError, ValueError):
        return
    loaded = load(f"- {text}", "a.sls", "sls")
    ours = plain(loaded.root, "sls")
    assert repr(ours) == repr(theirs)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str):
    for dialect in ("zy", "sls"):
        loaded = load(text, "a", dialect)
        plain(loaded.root, dialect)


def test_all_duplicate_keys_are_told():
    assert said("a: 1\na: 2\nb: {c: 1, c: 2}\na: 3\n") == [
        ("a.sls:2:1", "the key 'a' is there twice, first in line 1"),
        ("a.sls:3:11", "the key 'c' is there twice, first in line 3"),
        ("a.sls:4:1", "the key 'a' is there twice, first in line 1"),
    ]
    assert value("1: a\n'1': b") == {1: "a", "1": "b"}
    assert len(problems("yes: a\ntrue: b")) == 1
    assert not problems("yes: a\ntrue: b", "zy")
    assert len(problems("a: 1\n" * 1000)) == 200


def test_keys_that_only_mean_the_same_are_told_so():
    cases: tuple[tuple[str, Dialect, str], ...] = (
        ("1: a\ntrue: b", "zy", "the key 'true' means the same as '1' in line 1"),
        ("1: a\n1.0: b", "zy", "the key '1.0' means the same as '1' in line 1"),
        ("yes: a\ntrue: b", "sls", "the key 'true' means the same as 'yes' in line 1"),
    )
    for text, dialect, same in cases:
        (problem,) = load(text, "a", dialect).problems
        assert problem.message == same
        assert problem.hint == "keep one, or put quotes around those that are text"


def test_the_first_of_two_keys_stays():
    assert plain(load("a: 1\na: 2", "a", "zy").root, "zy") == {"a": 1}


def test_anchors_and_merge_keys_are_laid_out():
    text = "base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\n"
    assert value(text + "a:\n  y: 0\n  <<: *b\n")["a"] == {"x": 1, "y": 0}
    assert value(text + "a:\n  <<: [*b, *m]\n  x: 9\n")["a"] == {"y": 2, "z": 4, "x": 9}
    assert value(text + "a: *m\n")["a"] == {"y": 3, "z": 4}
    assert "<< can merge" in only("a:\n  <<: word\n").message
    assert "<< can merge" in only("a:\n  <<: [{b: 1}, word]\n").message


def test_bombs_are_limited():
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 20)]
    assert "more than 500000 values" in only("\n".join(lines)).message
    merged = ["a: &a {" + ", ".join(f"k{i}: 1" for i in range(1000)) + "}"]
    merged += [f"b{i}: {{<<: *a}}" for i in range(600)]
    assert "more than 500000 values" in only("\n".join(merged)).message
    chain = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 200)]
    assert "levels, through *a98" in only("\n".join(chain)).message


@pytest.mark.parametrize("text", ["[" * 20_000, "{a: " * 20_000, "- " * 20_000, "? " * 20_000])
def test_deep_nesting_is_an_error_and_no_crash(text: str):
    assert "more than 100 levels" in only(text).message


def test_an_alias_inside_its_own_value_is_refused():
    assert "nothing is anchored as &a" in only("a: &a [*a]").message


def test_tags_of_ours_stay_and_unknown_ones_are_told():
    root = mapping(load("a: !secret db\nb: !append [x]\nc: !unique {k: v}\n", "a", "zy"))
    assert root is not None
    assert [node.tag for _, node in root.pairs] == ["!secret", "!append", "!unique"]
    seen = plain(root, "zy", lambda node, value: (node.tag, value))
    assert seen == {"a": ("!secret", "db"), "b": ("!append", ["x"]), "c": ("!unique", {"k": "v"})}
    problem = only("a: !sekret x\n")
    assert (str(problem.place), problem.message) == ("a.sls:1:4", "an unknown tag !sekret")
    assert problem.hint == "did you mean !secret?"
    assert "!!python/object:os.system" in only("a: !!python/object:os.system [x]").message
    assert only("a: !<tag:x.y,2000:z> 1").hint.startswith("known are")


def test_yamls_own_tags_say_what_a_text_is():
    text = "[!!str 1, !!int '3', !!bool 'true', !!null '', ! 1, !!map {a: 1}, !!seq [a]]"
    assert value(text) == ["1", 3, True, None, "1", {"a": 1}, ["a"]]


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("a:\n\tb: 1\n", "2:1", "cannot start any token", "indent with spaces"),
        ("a:\n  b: 1\n\tc: 2\n", "3:1", "a tab character", "indent with spaces"),
        ("a: b: c", "1:5", "mapping values are not allowed", "put quotes around"),
        ("a: @b", "1:4", "cannot start any token", "put quotes around a value that begins so"),
        ("a: *b", "1:4", "nothing is anchored as &b", "begins with *"),
        ("a: *", "1:5", "alias", "begins with * or &"),
        ("a: 'b\nc: d\n", "3:1", "quoted scalar that began in line 1", "not closed"),
        ("a: 1\n b: 2\n", "2:3", "mapping values are not allowed", "quotes"),
        ("a: [1\nb: 2", "2:2", "flow sequence that began in line 1", ""),
        ("a: 1\n- b\n", "2:1", "while parsing a block mapping that began in line 1", "indentation"),
        ("a: \x01", "1:4", r"'\x01' is not allowed", "escape"),
        ("b: 1\na: \ud800", "2:4", r"'\ud800' is not allowed", "escape"),
        ("---\na: 1\n---\nb: 2", "3:1", "a second document", "take the line --- away"),
        ("? [a]\n: b\n", "1:3", "a key that is a list", "put quotes"),
        ("a:\n  {b}: c\n", "2:3", "a key that is a list or mapping", "{{ }}"),
    ],
)
def test_errors_say_where_and_what_to_do(text: str, place: str, message: str, hint: str):
    problem = only(text)
    assert str(problem.place) == f"a.sls:{place}"
    assert message in problem.message
    assert hint in problem.hint


def test_lines_are_an_editors_also_beside_odd_breaks():
    assert said("a: 1\r\nb: 2\r\nb: 3\r\n")[0][0] == "a.sls:3:1"
    assert said("a: '\u2028'\nb: 1\nb: 2\n")[0][0] == "a.sls:3:1"
    assert said("a: '\u2028'\nb: @\n")[0][0] == "a.sls:2:4"


def test_a_rendered_text_gives_places_of_its_source():
    text = "a: 1\nb: 2\nb: 3\nb: 4\n"
    origins = [
        Origin("t.sls", 1, exact=True),
        Origin("t.sls", 4, exact=False, because=("in macro m, t:9",)),
        Origin("u.sls", 7, exact=False),
        Origin("t.sls", 8, exact=True),
    ]
    loaded = load(text, "t.sls", "sls", LineMap("t.sls", text, origins))
    first, second = loaded.problems
    assert (str(first.place), first.rendered) == ("u.sls:7", "b: 3\n^")
    assert "first in t.sls:4" in first.message
    assert (str(second.place), second.rendered) == ("t.sls:8:1", "")
    broken = load("a: 1\n\tb: [", "t.sls", "sls", LineMap("t.sls", "a: 1\n\tb: [", origins[1:2]))
    assert broken.problems[0].because == ("in macro m, t:9",)
    assert broken.problems[0].rendered == "\tb: [\n^"
    assert LineMap("t", "", ()).place(1, 3) == Place("t", 1, 3)


WORDS = st.sampled_from(
    ["yes", "On", "no", "TRUE", "False", "null", "~", "", ".inf", "-.INF", ".nan"]
)
NUMBERS = st.from_regex(r"[-+0-9._:xobeEaf]{1,12}", fullmatch=True)


@given(st.one_of(WORDS, NUMBERS))
def test_a_tree_in_the_words_of_the_other_dialect_means_the_same(text: str):
    dialects: tuple[tuple[Dialect, Dialect], ...] = (("zy", "sls"), ("sls", "zy"))
    for dialect, other in dialects:
        node = Sequence((Scalar(text, True, Place("t", 1)),), Place("t", 1))
        there = translated(node, dialect, other)
        assert repr(plain(there, other)) == repr(plain(node, dialect))
