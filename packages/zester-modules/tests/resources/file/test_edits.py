"""States that edit files are held to the law, and write what they say."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zester_modules.host.machine import HostProblem
from zester_modules.host.real import RealMachine
from zester_proto.errors import ZesterError
from zester_testing.resource_law import params_for, scope_on
from zester_testing.state_trees import RESOURCES

ROWS: list[tuple[str, dict[str, Any], str, str]] = [
    ("append", {"text": "b"}, "a\n", "a\nb\n"),
    ("append", {"text": "b"}, "a", "a\nb\n"),
    ("append", {"text": "a"}, "ab\n", "ab\na\n"),
    ("append", {"text": "a"}, "# a\n", "# a\na\n"),
    ("append", {"text": ["a", "b", "b"]}, "b\n", "b\na\n"),
    ("append", {"text": "a  b"}, " a b\n", " a b\n"),
    ("append", {"text": "a  b", "ignore_whitespace": False}, "a b\n", "a b\na  b\n"),
    ("append", {"text": "x\ny\n"}, "y\nx\n", "y\nx\nx\ny\n"),
    ("prepend", {"text": "b"}, "a\n", "b\na\n"),
    ("prepend", {"text": "b", "header": True}, "a\nb\n", "b\na\nb\n"),
    ("replace", {"pattern": "a+", "repl": "b"}, "a aa\n", "b b\n"),
    ("replace", {"pattern": "^x$", "repl": r"\g<0>y"}, "x\nxx\n", "xy\nxx\n"),
    ("replace", {"pattern": "^a", "repl": "b", "count": 1}, "a\nc", "b\nc"),
    ("replace", {"pattern": "A", "repl": "b", "flags": ["ignorecase"]}, "a", "b"),
    ("replace", {"pattern": "a", "repl": r"\n", "backslash_literal": True}, "a", r"\n"),
    ("replace", {"pattern": "q", "repl": "b", "append_if_not_found": True}, "a", "a\nb\n"),
    ("replace", {"pattern": "q", "repl": "b", "prepend_if_not_found": True}, "a\n", "b\na\n"),
    (
        "replace",
        {"pattern": "^q=", "repl": "q=1", "append_if_not_found": True, "not_found_content": "n"},
        "a\n",
        "a\nn\n",
    ),
    ("comment", {"regex": "^bind"}, "bind 1\n  bind 2\n#bind 3\n", "#bind 1\n  bind 2\n#bind 3\n"),
    ("comment", {"regex": "bind", "char": "//"}, "  bind\n", "  //bind\n"),
    ("uncomment", {"regex": "^bind"}, "  #bind 1\n##bind\n", "  bind 1\n##bind\n"),
    ("uncomment", {"regex": "^bind"}, "# bind 1\n", " bind 1\n"),
    ("line", {"content": "b", "after": "^a"}, "a\nc\n", "a\nb\nc\n"),
    ("line", {"content": "b", "before": "^c"}, "  a\n  c\n", "  a\n  c\n"),
    ("line", {"content": "b", "before": "c"}, "  a\n  c\n", "  a\n  b\n  c\n"),
    ("line", {"content": "b"}, "a", "a\nb"),
    ("line", {"content": "b", "location": "start", "mode": "insert"}, "a\n", "b\na\n"),
    ("line", {"content": "b=2", "match": "^b="}, "a\nb=1\n", "a\nb=2\n"),
    ("line", {"content": "b=2", "match": "^b=", "mode": "replace"}, "b=1\nb=3\n", "b=2\nb=2\n"),
    ("line", {"match": "b", "mode": "delete"}, "a\nb\nbb\n", "a\n"),
    ("line", {"content": "b", "mode": "delete"}, "a\nb\nbb\n", "a\nbb\n"),
    (
        "blockreplace",
        {"content": "x", "marker_start": "<", "marker_end": ">"},
        "<\ny\n>\nz",
        "<\nx\n>\nz",
    ),
    (
        "blockreplace",
        {"content": "x", "marker_start": "<", "marker_end": ">", "append_if_not_found": True},
        "a",
        "a\n<\nx\n>\n",
    ),
    (
        "blockreplace",
        {"content": "x\n", "marker_start": "<", "marker_end": ">", "insert_after_match": "^a"},
        "a\nb\n",
        "a\n<\nx\n>\nb\n",
    ),
    ("keyvalue", {"key": "a", "value": "2"}, "a=1\nb=1\n", "a=2\nb=1\n"),
    ("keyvalue", {"key": "a", "value": "2"}, "  a = 1\n", "  a = 2\n"),
    (
        "keyvalue",
        {"key_values": {"a": 1, "n": True}, "append_if_not_found": True},
        "a=1\n",
        "a=1\nn=True\n",
    ),
    ("keyvalue", {"key": "a", "value": "2", "uncomment": "#"}, "# a=2\n", "a=2\n"),
    ("keyvalue", {"key": "A", "value": "2", "key_ignore_case": True}, "a=1\n", "a=2\n"),
    ("keyvalue", {"key": "a", "value": "2", "separator": ": "}, "a:1\n", "a: 2\n"),
]


@pytest.mark.parametrize(("function", "given", "before", "after"), ROWS)
def test_an_edit_writes_what_it_says(
    law: Any, place: Path, function: str, given: dict[str, Any], before: str, after: str
):
    (place / "f").write_text(before)
    (place / "f").chmod(0o640)
    if after == before or given.get("before") == "^c":
        refused = given.get("before") == "^c"
        if refused:
            with pytest.raises(HostProblem, match="no line"):
                law(f"file.{function}", "f", **given)
        else:
            assert law(f"file.{function}", "f", **given).leaves == ()
    else:
        done = law(f"file.{function}", "f", **given)
        assert [leaf.path for leaf in done.leaves] == [f"{place / 'f'}:contents"]
    assert (place / "f").read_text() == after
    assert (place / "f").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("function", "given", "why"),
    [
        ("replace", {"pattern": "a", "repl": "b"}, "there is no file"),
        ("comment", {"regex": "a"}, "there is no file"),
        (
            "replace",
            {"pattern": "a(", "repl": "b"},
            r"pattern 'a\(' is no regular expression: missing \), .* at character 2",
        ),
        ("comment", {"regex": "^("}, r"regex '\^\(' is no regular expression: .* at character 2"),
        ("keyvalue", {"key": "a"}, "no value"),
        ("line", {"content": "a\nb"}, "more than one line"),
        ("blockreplace", {"content": "a"}, "there is no file"),
    ],
)
def test_an_edit_that_cannot_be_says_why(
    law: Any, place: Path, function: str, given: dict[str, Any], why: str
):
    with pytest.raises(ZesterError, match=why):
        law(f"file.{function}", "f", **given)
    assert list(place.iterdir()) == []


def test_what_stands_in_for_a_match_has_to_fit(law: Any, place: Path):
    (place / "f").write_text("a")
    with pytest.raises(HostProblem, match=r"which has 1 group: invalid group reference 2"):
        law("file.replace", "f", pattern="(a)", repl=r"\2")
    with pytest.raises(ZesterError, match="insert_before_match '\\[' is no regular"):
        law("file.blockreplace", "f", content="x", insert_before_match="[")


def test_half_a_block_is_refused(law: Any, place: Path):
    (place / "f").write_text("#-- start managed zone --\nx\n")
    with pytest.raises(HostProblem, match="one marker without the other"):
        law("file.blockreplace", "f", content="y", append_if_not_found=True)
    assert (place / "f").read_text() == "#-- start managed zone --\nx\n"


def test_bytes_that_are_no_text_stay(law: Any, place: Path):
    (place / "f").write_bytes(b"\xff\xfe\r\n")
    law("file.append", "f", text="a")
    assert (place / "f").read_bytes() == b"\xff\xfe\r\na\n"


def test_an_edit_that_never_rests_warns(place: Path, tmp_path: Path):
    from zester_modules.host.real import RealMachine
    from zester_testing.resource_law import params_for, scope_on
    from zester_testing.state_trees import RESOURCES

    (place / "f").write_text("a")
    resource = RESOURCES.find("file.replace")
    assert resource is not None
    params = params_for(resource, str(place / "f"), {"pattern": "a", "repl": "aa"})
    plan = resource.check(params, scope_on(RealMachine(tmp_path), tmp_path / "run"))
    assert "does not come to rest" in plan.warnings[0]


LINES = st.lists(st.sampled_from(["a", "b", " a", "#a", "a b", ""]), max_size=5)


@given(there=LINES, wanted=LINES.filter(any), ends=st.booleans())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_appending_anything_to_anything_rests(
    law: Any, place: Path, there: list[str], wanted: list[str], *, ends: bool
):
    (place / "f").write_text("\n".join(there) + ("\n" if ends and there else ""))
    law("file.append", "f", text=wanted)
    lines = {" ".join(line.split()) for line in (place / "f").read_text().split("\n")}
    assert {" ".join(one.split()) for one in wanted} <= lines | {""}


def test_pruned_are_all_lines_that_begin_with_no_key(law: Any, place: Path):
    (place / "f").write_text("# note\nport=1\n\n#user=a\nportal=x\nold=2\n")
    given = {"key_values": {"port": "2", "user": "b"}, "uncomment": "#", "prune": True}
    law("file.keyvalue", "f", **given)
    # as in Salt, what goes on behind a key counts as that key
    assert (place / "f").read_text() == "port=2\nuser=b\nportal=x\n"


def test_a_diff_of_added_lines_is_shown_unless_it_is_not_to_be(place: Path, tmp_path: Path):
    scope = scope_on(RealMachine(tmp_path), tmp_path / "run")
    resource = RESOURCES.find("file.append")
    assert resource is not None
    for shown in (True, False):
        given = {"text": "secret", "show_changes": shown}
        plan = resource.check(params_for(resource, str(place / "f"), given), scope)
        assert ("+secret" in plan.diff) is shown
