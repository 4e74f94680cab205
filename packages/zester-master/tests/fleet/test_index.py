"""The index against the evaluator of one peel, and what is its own."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from zester_master.fleet.index import FleetIndex
from zester_proto.errors import CodecError
from zester_proto.target import (
    MISSING,
    Node,
    Part,
    SettingsUnavailable,
    TargetError,
    matches,
    parse,
    value_at,
)
from zester_proto.target.ast import Comparison, Fact, FactRegex, walk
from zester_testing.target_table import FACTS, NO, YES
from zester_testing.targets import facts, ids, nodes

CONFORMANCE = Path(__file__).parents[3] / "zester-proto" / "tests" / "conformance"
ROWS: list[dict[str, Any]] = [
    json.loads(line) for line in (CONFORMANCE / "targeting.jsonl").read_text().splitlines()
]
HOSTS: list[dict[str, Any]] = [
    json.loads(line) for line in (CONFORMANCE / "fleet.jsonl").read_text().splitlines()
]
GROUPS = json.loads((CONFORMANCE / "groups.json").read_text())

WEB: dict[str, Any] = {"os": "Debian", "cpu": {"count": 4}, "roles": ["web"], "ipv4": ["10.0.0.1"]}
DB: dict[str, Any] = {"os": "Rocky", "cpu": {"count": 8}, "roles": ["db"], "ipv4": ["10.0.0.2"]}


@pytest.fixture
def index() -> FleetIndex:
    made = FleetIndex()
    made.put("web-1", WEB)
    made.put("db-1", DB)
    made.put("new", {})
    return made


def asked(index: FleetIndex, expression: str) -> list[str]:
    return index.resolve(parse(expression)).ids()


def _asks_settings(node: Node) -> bool:
    terms = (Fact, FactRegex, Comparison)
    return any(isinstance(part, terms) and part.settings for _, part in walk(node))


class FleetThatChanges(RuleBasedStateMachine):
    """Peels come, change and go while questions are asked: both evaluators say the same."""

    def __init__(self) -> None:
        super().__init__()
        self.index = FleetIndex()
        self.fleet: dict[str, dict[str, Any]] = {}

    @rule(peel_id=ids(), values=facts())
    def put(self, peel_id: str, values: dict[str, Any]) -> None:
        self.index.put(peel_id, values)
        self.fleet[peel_id] = values

    @rule(peel_id=ids())
    def remove(self, peel_id: str) -> None:
        assert self.index.remove(peel_id) is (self.fleet.pop(peel_id, None) is not None)

    @rule(node=nodes())
    def ask(self, node: Node) -> None:
        wanted = sorted(i for i, values in self.fleet.items() if matches(node, i, values))

        result = self.index.resolve(node)

        assert result.ids() == wanted
        assert result.count == len(result.bitmap) == len(wanted)

    @rule()
    def prepare(self) -> None:
        self.index.prepare()

    @invariant()
    def the_facts_are_what_was_put(self) -> None:
        assert {i: self.index.get(i) for i in self.index.ids()} == self.fleet
        assert len(self.index) == len(self.fleet)


FleetThatChanges.TestCase.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None
)
TestFleetThatChanges = FleetThatChanges.TestCase


@given(st.dictionaries(ids(), facts(), min_size=1, max_size=6), st.lists(nodes(), max_size=5))
@settings(max_examples=300, deadline=None)
def test_the_two_evaluators_agree_on_any_fleet(
    fleet: dict[str, dict[str, Any]], questions: list[Node]
):
    index = FleetIndex()
    for peel_id, values in fleet.items():
        index.put(peel_id, values)

    for node in questions:
        wanted = sorted(i for i, values in fleet.items() if matches(node, i, values))
        assert index.resolve(node).ids() == wanted


@given(st.dictionaries(ids(), facts(), max_size=5), nodes())
@settings(max_examples=60, deadline=None)
def test_each_part_is_explained_with_its_own_count(fleet: dict[str, dict[str, Any]], node: Node):
    index = FleetIndex()
    for peel_id, values in fleet.items():
        index.put(peel_id, values)

    parts = index.explain(node)

    counts = [sum(matches(part, i, f) for i, f in fleet.items()) for _, part in walk(node)]
    assert [part.count for part in parts] == counts
    assert [part.depth for part in parts] == [depth for depth, _ in walk(node)]


@pytest.mark.parametrize("row", ROWS, ids=[row["expr"] for row in ROWS])
def test_the_index_answers_salts_rows_as_a_peel_does(row: dict[str, Any]):
    index = FleetIndex()
    for host in HOSTS:
        index.put(host["id"], host["facts"])
    try:
        node = parse(row["expr"], groups=GROUPS)
    except TargetError:
        assert row.get("salt_error") or row["kind"] == "malformed"
        return

    if _asks_settings(node):
        with pytest.raises(SettingsUnavailable):
            index.resolve(node)
        return
    wanted = sorted(host["id"] for host in HOSTS if matches(node, host["id"], host["facts"]))
    assert index.resolve(node).ids() == wanted


@pytest.mark.parametrize("expression", [*YES, *NO])
def test_the_index_answers_the_table_as_a_peel_does(expression: str):
    index = FleetIndex()
    index.put("web-1", FACTS)
    node = parse(expression, groups={"web": "web-*"})

    for _ in range(2):
        if _asks_settings(node):
            with pytest.raises(SettingsUnavailable):
                index.resolve(node)
        else:
            assert index.resolve(node).count == (expression in YES)
        # the same again after each leaf has gone and come back
        index.put("web-1", {})
        index.put("web-1", FACTS)


def test_an_explanation_reads_as_the_expression(index: FleetIndex):
    assert index.explain(parse("G@os:debian and not (N@x or new)", groups={"x": "web-2"})) == (
        Part(0, "G@os:debian and not (N@x or new)", 1),
        Part(1, "G@os:debian", 1),
        Part(1, "not (N@x or new)", 2),
        Part(2, "N@x or new", 1),
        Part(3, "N@x", 0),
        Part(4, "web-2", 0),
        Part(3, "new", 1),
    )


def test_an_empty_index_knows_nobody():
    index = FleetIndex()

    assert asked(index, "*") == asked(index, "not a") == asked(index, "S@::/0") == []
    assert index.get("a") is None
    assert "a" not in index
    index.prepare()


def test_settings_are_an_error_even_where_they_would_not_matter(index: FleetIndex):
    for ask in (index.resolve, index.explain):
        with pytest.raises(SettingsUnavailable, match="I@env:prod asks for settings"):
            ask(parse("nobody and I@env:prod"))


def test_putting_the_same_facts_again_touches_nothing(index: FleetIndex):
    assert index.put("web-1", json.loads(json.dumps(WEB))) == 0


def test_putting_changed_facts_touches_only_the_changed_leaves(index: FleetIndex):
    assert asked(index, "G@roles:web") == ["web-1"]

    changed = index.put("web-1", WEB | {"cpu": {"count": 16}, "new": {"a": 1, "b": 2}})

    assert changed == 4
    assert asked(index, "G@cpu:count:16") == asked(index, "G@new:b:2") == ["web-1"]
    assert asked(index, "G@cpu:count:4") == []


def test_a_list_that_changes_changes_what_it_matches(index: FleetIndex):
    assert asked(index, "G@roles:web and S@10.0.0.1") == ["web-1"]

    index.put("web-1", WEB | {"roles": ["app", "db"], "ipv4": ["10.0.0.9", "10.0.0.2"]})

    assert asked(index, "G@roles:web or S@10.0.0.1") == []
    assert asked(index, "G@roles:db and S@10.0.0.2") == ["db-1", "web-1"]


def test_a_fact_that_becomes_a_map_and_back_is_followed(index: FleetIndex):
    for value, expression in (
        (["x"], "G@os:x"),
        ({"a": "x"}, "G@os:a:x"),
        ({}, "G@*:os"),
        ("x", "G@os:x"),
    ):
        index.put("web-1", {"os": value})
        assert asked(index, f"{expression} and web-1") == ["web-1"]


def test_what_is_no_longer_a_value_is_no_longer_different_from_another(index: FleetIndex):
    for value, meant in (
        (["x"], ["web-1"]),
        ({"a": 1}, []),
        ("x", ["web-1"]),
        ({}, []),
        (None, ["web-1"]),
    ):
        index.put("web-1", {"fact": value})
        assert asked(index, "G@fact:!=y") == meant


def test_a_result_means_the_same_peels_after_they_have_left(index: FleetIndex):
    result = index.resolve(parse("*-1"))

    index.remove("web-1")
    index.put("app-1", {})

    assert result.ids() == ["db-1", "web-1"]
    assert asked(index, "*-1") == ["app-1", "db-1"]


def test_a_peel_that_comes_back_is_there_once(index: FleetIndex):
    assert asked(index, "E@web") == ["web-1"]
    index.remove("web-1")
    assert asked(index, "E@web or web-* or L@web-1 or R@web-[1-2]") == []

    index.put("web-1", WEB)

    assert asked(index, "E@web and web-* and L@web-1 and R@web-[1-2]") == ["web-1"]
    assert index.remove("web-1")
    assert not index.remove("web-1")


def test_answers_that_are_kept_follow_peels_that_come_and_go(index: FleetIndex):
    for expression in ("web-*", "*-1", "E@.*-1", "*"):
        before = asked(index, expression)
        index.put("web-7-1", {})
        assert asked(index, expression) == sorted([*before, "web-7-1"])
        index.remove("web-7-1")
        assert asked(index, expression) == before
    index.forget_answers()
    assert asked(index, "web-*") == ["web-1"]


def test_many_peels_that_come_at_once_and_a_few_that_come_later_stand_in_order():
    index = FleetIndex()
    for number in reversed(range(200)):
        index.put(f"web-{number:03}", {})
    assert asked(index, "web-00?") == [f"web-00{digit}" for digit in range(10)]

    for peel_id in ("web-005x", "a", "z"):
        index.put(peel_id, {})
    index.remove("web-006")

    assert asked(index, "web-00[4-7]*") == ["web-004", "web-005", "web-005x", "web-007"]
    assert index.ids() == asked(index, "*") == sorted(index.ids())


def test_more_patterns_than_are_kept_are_answered_right(index: FleetIndex):
    for number in range(600):
        assert asked(index, f"web-?,x{number}*") == ["web-1"]


def test_facts_that_cannot_travel_change_nothing(index: FleetIndex):
    for peel_id in ("web-1", "bad"):
        with pytest.raises(CodecError):
            index.put(peel_id, {"os": "Other", "deep": {"x": object()}, "more": {"y": [1]}})

    assert index.get("web-1") == WEB
    assert "bad" not in index
    assert asked(index, "G@os:other or G@*:deep or G@*:more") == []
    assert index.put("web-1", WEB) == 0


@pytest.mark.parametrize("words", ["mac", "*", "0"])
def test_a_fact_that_is_kept_closed_is_opened_when_asked_for(words: str):
    index = FleetIndex()
    network = {"interfaces": {"eth0": {"mac": "52:54", "mtu": 1500, "addrs": ["10.0.0.1"]}}}
    index.put("a", {"network": network})
    index.put("b", {"network": network | {"up": True}})
    path = {"mac": "eth0:mac:52:54", "*": "*:mtu:>1000", "0": "eth0:addrs:0:10.*"}[words]

    assert asked(index, f"G@network:interfaces:{path}") == ["a", "b"]
    index.put("b", {"network": {"interfaces": {}}})
    assert asked(index, f"G@network:interfaces:{path}") == ["a"]
    assert asked(index, "G@network:interfaces") == ["a", "b"]
    assert asked(index, "G@network:up") == []


def test_facts_are_read_by_key_in_the_order_of_ids(index: FleetIndex):
    index.put("app", {"disks": [{"gb": 40}], "cpu": 1, "network": {"up": True}})

    rows = index.query(
        index.resolve(parse("*")), ["os", "cpu:count", "cpu", "disks:0:gb", "network:up", "nope"]
    )

    assert rows == [
        ("app", {"cpu": 1, "disks:0:gb": 40, "network:up": True}),
        ("db-1", {"os": "Rocky", "cpu:count": 8, "cpu": {"count": 8}}),
        ("new", {}),
        ("web-1", {"os": "Debian", "cpu:count": 4, "cpu": {"count": 4}}),
    ]


def test_facts_are_read_only_of_the_peels_that_were_asked_for_and_are_there(index: FleetIndex):
    result = index.resolve(parse("web-1,new"))
    index.remove("new")

    assert index.query(result, ["os", "site/rack"], delimiter="/") == [("web-1", {"os": "Debian"})]


@given(
    st.dictionaries(ids(), facts(), max_size=4),
    st.lists(st.sampled_from(["os", "a", "b", "0", "network"]), min_size=1, max_size=3),
)
@settings(deadline=None)
def test_reading_by_key_agrees_with_the_facts_themselves(fleet: dict[str, Any], words: list[str]):
    index = FleetIndex()
    for peel_id, values in fleet.items():
        index.put(peel_id, values)
    key = ":".join(words)

    rows = index.query(index.resolve(parse("*")), [key])

    for peel_id, values in rows:
        found: Any = fleet[peel_id]
        wanted = value_at(found, key)
        assert values == ({} if wanted is MISSING else {key: wanted})


def test_addresses_are_found_in_networks_of_any_length():
    index = FleetIndex()
    for number in range(300):
        index.put(
            f"p{number}",
            {"ipv4": [f"10.0.{number % 256}.{number // 256}"], "ipv6": f"2001:db8::{number:x}"},
        )

    for network, count in (
        ("10.0.0.0/8", 300), ("10.0.0.0/15", 300), ("10.0.7.0/24", 2), ("10.0.0.0/22", 8),
        ("10.0.1.1", 1), ("0.0.0.0/0", 300), ("11.0.0.0/8", 0), ("10.0.0.0/31", 2),
        ("2001:db8::/32", 300), ("::/0", 300),
        ("2001:db8::/120", 256), ("2001:db8::/65", 300), ("2001:db8::1", 1), ("2001:db9::/33", 0),
    ):  # fmt: skip
        assert index.resolve(parse(f"S@{network}")).count == count, network
