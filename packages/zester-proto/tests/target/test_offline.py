import json
from typing import Any

import pytest

from zester_proto.target import Part, TargetError
from zester_proto.target.offline import FleetError, answer, read_fleet, read_groups

FLEET: list[dict[str, Any]] = [
    {"id": "web-2", "facts": {"os": "Debian"}, "settings": {"env": "prod"}},
    {"id": "web-1", "facts": {"os": "Rocky"}, "settings": {"env": "test"}},
    {"id": "DB(1)@x", "facts": {"os": "Debian"}},
    {"id": "bare"},
]


def test_the_ids_come_sorted():
    assert answer("web-* or bare", FLEET).ids == ("bare", "web-1", "web-2")


def test_each_part_comes_with_its_own_count():
    found = answer("G@os:debian and not (N@web or I@env:test)", FLEET, {"web": "web-*"})

    assert found.ids == ("DB(1)@x",)
    assert found.parts == (
        Part(0, "G@os:debian and not (N@web or I@env:test)", 1),
        Part(1, "G@os:debian", 2),
        Part(1, "not (N@web or I@env:test)", 2),
        Part(2, "N@web or I@env:test", 2),
        Part(3, "N@web", 2),
        Part(4, "web-*", 2),
        Part(3, "I@env:test", 1),
    )


@pytest.mark.parametrize("expression", ["DB(1)@x", "L@DB(1)@x", "DB*", r"E@DB\(", '"DB(1)@x"'])
def test_an_id_is_any_text_without_white_space(expression: str):
    assert answer(expression, FLEET).ids == ("DB(1)@x",)


def test_nobody_matches_in_an_empty_fleet():
    found = answer("*", [])

    assert (found.ids, found.parts) == ((), (Part(0, "*", 0),))


def test_a_malformed_target_is_an_error_even_for_an_empty_fleet():
    with pytest.raises(TargetError):
        answer("web-* and", [])


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ({"facts": {}}, "host 2 .* id must be a text without white space"),
        ({"id": 1234}, "id must be a text"),
        ({"id": ""}, "id must be a text"),
        ({"id": "a b"}, "without white space"),
        ({"id": "web-2"}, "web-2 is there twice"),
        ({"id": "x", "facts": []}, "x: facts must be a map"),
        ({"id": "x", "settings": None}, "x: settings must be a map"),
    ],
)
def test_a_host_that_is_none_is_an_error_that_names_it(host: dict[str, Any], reason: str):
    with pytest.raises(FleetError, match=reason):
        answer("*", [FLEET[0], host])


def test_a_fleet_is_read_from_json_lines():
    lines = [json.dumps(FLEET[0]), "", "  ", json.dumps(FLEET[3])]

    assert list(read_fleet(lines, "fleet.jsonl")) == [FLEET[0], FLEET[3]]


@pytest.mark.parametrize(
    ("line", "reason"),
    [("{", "line 2: not JSON"), ("[1]", "line 2: not a host"), ("[" * 100_000, "line 2")],
)
def test_a_line_that_is_no_host_is_named(line: str, reason: str):
    with pytest.raises(FleetError, match=f"fleet.jsonl, {reason}"):
        list(read_fleet(['{"id": "a"}', line], "fleet.jsonl"))


def test_groups_are_read_from_json():
    groups = read_groups('{"web": "web-*", "two": ["web-1", "bare"]}', "groups.json")

    assert answer("N@web and N@two", FLEET, groups).ids == ("web-1",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "not a map of groups"),
        ('{"a": 1}', "the group `a` is neither"),
        ('{"a": []}', "the group `a` is neither"),
        ('{"a": ["b", 1]}', "the group `a` is neither"),
    ],
)
def test_groups_that_are_none_are_refused(text: str, reason: str):
    with pytest.raises(FleetError, match=f"groups.json: {reason}"):
        read_groups(text, "groups.json")
