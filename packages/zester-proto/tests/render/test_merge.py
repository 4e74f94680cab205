from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zester_proto.messages.settings import Lists
from zester_proto.render.merge import Merged, merge, merge_all
from zester_proto.render.merge_values import BadMerge, merge_many, merge_values, update
from zester_proto.render.nodes import Dialect, Mapping, Node, Place, Scalar
from zester_proto.render.values import plain
from zester_proto.render.yaml import load


def node(text: str, file: str = "a", dialect: Dialect = "zy") -> Node | None:
    loaded = load(text, file, dialect)
    assert loaded.problems == ()
    return loaded.root


def merged(*texts: str, dialect: Dialect = "zy", lists: Lists = "replace") -> Merged:
    trees: list[tuple[Node | None, Dialect]] = [
        (node(text, f"f{n}", dialect), dialect) for n, text in enumerate(texts)
    ]
    return merge_all(trees, lists)


def value(*texts: str, dialect: Dialect = "zy", lists: Lists = "replace") -> Any:
    made = merged(*texts, dialect=dialect, lists=lists)
    assert (made.problems, made.warnings) == ((), ())
    return plain(made.root, dialect)


def test_maps_are_merged_deep_and_in_order():
    assert value("a: {x: 1, y: {p: 1}}\nb: 1", "c: 2\na: {y: {q: 2}, x: 3}") == {
        "a": {"x": 3, "y": {"p": 1, "q": 2}}, "b": 1, "c": 2,
    }  # fmt: skip
    assert list(value("b: 1\na: 1", "c: 1\na: 2")) == ["b", "a", "c"]


def test_lists_replace_unless_they_say_otherwise():
    base = "l: [a, {b: 1}, 1]"
    assert value(base, "l: [c]") == {"l": ["c"]}
    assert value(base, "l: !append [c]") == {"l": ["a", {"b": 1}, 1, "c"]}
    assert value(base, "l: !prepend [c]") == {"l": ["c", "a", {"b": 1}, 1]}
    assert value(base, "l: !unique [{b: 1}, '1', a, c, c]") == {"l": ["a", {"b": 1}, 1, "1", "c"]}
    assert value(base, "l: [c, a]", lists="append") == {"l": ["a", {"b": 1}, 1, "c"]}
    assert value(base, "l: !overwrite [c]", lists="append") == {"l": ["c"]}
    assert value(base, "l: !append [[1], !unique [2, 2]]") == {"l": ["a", {"b": 1}, 1, [1], [2]]}


def test_tags_without_anything_below_are_done_with():
    made = merged("a: !append [1]\nb: {c: !unique [x, [1], [1], x]}\nd: !overwrite {e: !reset f}")
    assert plain(made.root, "zy") == {"a": [1], "b": {"c": ["x", [1]]}, "d": {"e": "f"}}

    def tags(found: Node | None) -> set[str]:
        if isinstance(found, Mapping):
            return {found.tag}.union(*(tags(item) for _, item in found.pairs))
        return {found.tag} if found is not None else set()

    assert tags(made.root) == {""}


def test_secrets_keep_their_tag():
    made = merged("a: !secret x\nl: [!secret y]", "b: !encrypted z\nl: !append [!secret y]")
    root = made.root
    assert isinstance(root, Mapping)
    assert [found.tag for _, found in root.pairs] == ["!secret", "", "!encrypted"]
    assert plain(root, "zy")["l"] == ["y", "y"]


def test_null_and_a_map_give_the_map():
    assert value("a: {x: 1}", "a:") == {"a": {"x": 1}}
    assert value("a:", "a: {x: 1}") == {"a": {"x": 1}}
    assert value("a: [1]\nb: 1", "a: ~\nb: null") == {"a": None, "b": None}
    assert value("a:\nb: ~", "a: [1]\nb: 1") == {"a": [1], "b": 1}
    assert value("a: 1", "") == {"a": 1}
    assert value("", "a: 1") == {"a": 1}
    assert merge(None, None, "zy").root is None


@pytest.mark.parametrize(
    ("base", "over", "message"),
    [
        ("a: {x: [1]}", "\na: {x: {y: 1}}", "a:x is a mapping here and a list in f0:1:8"),
        ("a: {x: 1}", "\na: [1]", "a is a list here and a mapping in f0:1:4"),
        ("a: [1]", "\na: no", "a is a single value here and a list in f0:1:4"),
        ("a: 1", "\n- 1", "the whole file is a list here and a mapping in f0:1:1"),
    ],
)
def test_kinds_do_not_mix(base: str, over: str, message: str):
    ours = merged(base, over)
    (problem,) = ours.problems
    assert problem.message == message
    assert problem.place is not None
    assert str(problem.place).startswith("f1:2")
    theirs = merged(base, over, dialect="sls")
    assert theirs.problems == ()
    assert [warning.message for warning in theirs.warnings] == [message]
    last = node(over, dialect="sls")
    assert plain(theirs.root, "sls") == plain(last, "sls")


def test_overwrite_and_reset_take_any_kind():
    assert value("a: {x: 1}", "a: !overwrite [1]") == {"a": [1]}
    assert value("a: {x: 1}", "a: !reset {y: 1}") == {"a": {"y": 1}}


def test_a_tag_for_lists_before_something_else_is_a_problem():
    for text in ("a: !append x", "a: !unique {b: 1}"):
        for trees in ((text,), ("b: 1", text)):
            assert "and is for lists" in merged(*trees).problems[0].message
    assert "before a mapping" in merged("a: {c: 1}", "a: !unique {b: 1}").problems[0].message


def test_every_leaf_keeps_its_place():
    root = merged("a: 1\nb: {c: 2, d: 3}", "\n\nb: {d: 4}").root
    assert isinstance(root, Mapping)
    inner = root.pairs[1][1]
    assert isinstance(inner, Mapping)
    places = [found.place for _, found in (root.pairs[0], *inner.pairs)]
    assert places == [Place("f0", 1, 4), Place("f0", 2, 8), Place("f1", 3, 8)]


_leaf = st.none() | st.integers(0, 3) | st.sampled_from(["x", "y"])
_data = st.recursive(
    _leaf,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
)
_maps = st.dictionaries(st.sampled_from("abc"), _data, max_size=3)


# A null and a map give the map, so nulls make the order of grouping count.
_solid = _maps.filter(lambda data: "None" not in str(data))


def tree(data: Any) -> Node:
    import json

    found = node(json.dumps(data), dialect="sls")
    assert found is not None
    return found


@settings(deadline=None)
@given(_maps, _maps)
def test_nothing_below_nothing_above_and_itself_change_nothing(one: Any, other: Any):
    mine, theirs = tree(one), tree(other)
    assert plain(merge(None, mine, "sls").root, "sls") == one
    assert plain(merge(mine, None, "sls").root, "sls") == one
    assert plain(merge(mine, mine, "sls").root, "sls") == one
    twice = merge_all([(mine, "sls"), (theirs, "sls"), (theirs, "sls")]).root
    assert plain(twice, "sls") == plain(merge(mine, theirs, "sls").root, "sls")


@settings(deadline=None)
@given(_maps, _maps)
def test_what_the_last_one_says_of_leaves_holds(one: Any, other: Any):
    made = plain(merge(tree(one), tree(other), "sls").root, "sls")
    assert set(made) == set(one) | set(other)
    for key, item in other.items():
        if not isinstance(item, dict) and not (item is None and isinstance(one.get(key), dict)):
            assert made[key] == item


@settings(deadline=None)
@given(_solid, _solid, _solid)
def test_without_conflicts_three_trees_can_be_grouped_as_one_likes(a: Any, b: Any, c: Any):
    left = merge(tree(a), tree(b), "zy")
    right = merge(tree(b), tree(c), "zy")
    whole = merge_all([(tree(a), "zy"), (tree(b), "zy"), (tree(c), "zy")])
    grouped = merge(tree(a), right.root, "zy")
    if not (left.problems or right.problems or whole.problems or grouped.problems):
        assert plain(whole.root, "zy") == plain(grouped.root, "zy")


@pytest.mark.parametrize(
    ("strategy", "lists", "expected"),
    [
        ("smart", False, {"a": {"x": 1, "y": 2}, "l": [2, 3], "n": 1, "m": 2}),
        ("recurse", True, {"a": {"x": 1, "y": 2}, "l": [1, 2, 3], "n": 1, "m": 2}),
        ("none", False, {"a": {"x": 1, "y": 2}, "l": [2, 3], "n": 1, "m": 2}),
        ("aggregate", False, {"a": {"y": 2}, "l": [2, 3], "n": 1, "m": 2}),
        ("overwrite", False, {"a": {"y": 2}, "l": [2, 3], "n": 1, "m": 2}),
        ("list", False, {"a": [{"x": 1}, {"y": 2}], "l": [[1, 2], [2, 3]], "n": 1}),
    ],
)
def test_plain_values_merge_as_in_salt(strategy: str, lists: bool, expected: Any):
    base = {"a": {"x": 1}, "l": [1, 2], "n": 1}
    over = {"a": {"y": 2}, "l": [2, 3], "m": 2}
    assert merge_values(base, over, strategy, merge_lists=lists) == expected
    assert base == {"a": {"x": 1}, "l": [1, 2], "n": 1}


def test_several_plain_values_merge_one_after_the_other():
    assert merge_many([{"a": {"x": 1}}, {"a": {"y": 1}}, {"a": {"x": 2}}]) == {
        "a": {"x": 2, "y": 1}
    }
    assert merge_values([1, 2], [2, 3], "aggregate") == [1, 2, 3]


def test_update_changes_its_first_value():
    base = {"a": {"x": [1]}}
    assert update(base, {"a": {"x": [2]}}, merge_lists=True) is base
    assert base == {"a": {"x": [1, 2]}}
    assert update({"a": {"x": 1}}, {"a": {"y": 1}}, recursive=False) == {"a": {"y": 1}}


def test_what_cannot_be_merged_is_told():
    with pytest.raises(BadMerge, match="only mappings can be merged, not list"):
        merge_values({}, [1])
    with pytest.raises(BadMerge, match="is no way to merge"):
        merge_values({}, {}, "smrt")
    loop: dict[str, Any] = {}
    loop["a"] = loop
    other: dict[str, Any] = {}
    other["a"] = other
    with pytest.raises(BadMerge, match="more than 100 levels"):
        update(loop, other)


def test_scalars_are_merged_as_wholes():
    root = merge(node("a"), node("b"), "zy").root
    assert isinstance(root, Scalar)
    assert root.text == "b"
