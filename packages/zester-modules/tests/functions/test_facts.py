import asyncio
import threading
from typing import Any

import pytest

from zester_modules.bind import bind
from zester_modules.call import run_bound
from zester_modules.context import Context
from zester_modules.facts import yamlfile
from zester_modules.function import AnyFunction
from zester_modules.functions import facts
from zester_modules.functions.facts import changed_keys, lookup
from zester_modules.registry import BadArgument, Return

FACTS = {
    "os": "debian",
    "cpu": {"count": 4, "flags": ["a", "b"]},
    "cost:centre": "cc",
    "a.b": {"c": 1},
    "nothing": None,
}


def run(declared: AnyFunction, context: Context, *args: Any, **kwargs: Any) -> Return:
    return run_bound(bind(declared, args, kwargs), context)


def found(answer: Return) -> dict[str, Any]:
    assert answer.facts is not None
    return answer.facts.facts()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("os", "debian"), ("cpu:count", 4), ("cpu.count", 4), ("cpu:flags:1", "b"),
        ("cpu.flags.0", "a"), ("cost:centre", "cc"), ("a.b.c", 1), ("a.b:c", 1), ("nothing", None),
        ("cpu:flags:2", "?"), ("cpu:flags:x", "?"), ("os:x", "?"), ("missing", "?"),
        ("cpu:missing", "?"), ("cpu:", {"count": 4, "flags": ["a", "b"]}), (":cpu", "?"),
    ],
)  # fmt: skip
def test_a_path_walks_into_maps_and_lists(key: str, value: Any):
    assert lookup(FACTS, key, "?") == value


def test_changed_keys_came_or_went_or_differ():
    assert changed_keys({"a": 1, "b": 1, "c": None}, {"a": 1, "b": 2, "d": 3}) == ["b", "c", "d"]


async def test_facts_are_read_in_the_agent(context: Context):
    context.facts = FACTS
    assert await facts.items(context) == FACTS
    assert await facts.keys(context) == sorted(FACTS)
    assert await facts.get(context, "cpu:count") == 4
    assert await facts.get(context, "missing") is None
    assert await facts.get(context, "missing", [1]) == [1]


def test_a_fact_that_was_set_is_there_and_stays(context: Context):
    context.facts_dir.mkdir()
    (context.facts_dir / "a.yaml").write_text("roles: [old]")
    answer = run(facts.set_, context, "roles", "[web, db]")
    assert (answer.value, answer.outcome) == (["web", "db"], "changed")
    assert found(answer)["roles"] == ["web", "db"]
    path = context.facts_dir / "set.yaml"
    assert path.read_text() == 'roles: ["web","db"]\n'
    assert path.stat().st_mode & 0o777 == 0o600
    again = run(facts.set_, context, "roles", "[web, db]")
    assert (again.outcome, again.facts) == ("ok", None)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("100", 100), ("true", True), ("yes", "yes"), ("'100'", "100"), ("{a: [1]}", {"a": [1]}),
        ("1:30", "1:30"), ("hello world", "hello world"), ("0o17", 15), ("", ""),
    ],
)  # fmt: skip
def test_a_value_is_what_the_word_looks_like(context: Context, word: str, value: Any):
    answer = run(facts.set_, context, "x", word)
    assert answer.value == value
    assert found(answer)["x"] == value
    assert type(found(answer)["x"]) is type(value)


def test_one_entry_of_a_map_is_set_and_taken_away(context: Context):
    run(facts.set_, context, "rack:row", "a")
    run(facts.set_, context, "rack:unit", "7")
    path = context.facts_dir / "set.yaml"
    assert yamlfile.load(path.read_text(), "x") == {"rack": {"row": "a", "unit": 7}}
    run(facts.set_, context, "rack:row", "null")
    assert yamlfile.load(path.read_text(), "x") == {"rack": {"unit": 7}}
    answer = run(facts.set_, context, "rack", "null")
    assert answer.outcome == "changed"
    assert "rack" not in found(answer)
    assert path.read_text() == ""
    assert run(facts.set_, context, "rack", "null").outcome == "ok"


def test_a_true_is_not_a_one(context: Context):
    run(facts.set_, context, "x", "1")
    assert run(facts.set_, context, "x", "true").outcome == "changed"


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("os", "os is a built-in fact"),
        ("cpu:count", "cpu is a built-in fact"),
        ("", "'' is no name of a fact"),
        ("a::b", "'a::b' is no name of a fact"),
        ("a\nb", "is no name of a fact"),
    ],
)
def test_a_name_that_cannot_be_set_is_refused(context: Context, key: str, problem: str):
    answer = run(facts.set_, context, key, "x")
    assert answer.outcome == "refused"
    assert problem in answer.error
    assert not context.facts_dir.exists()


def test_an_entry_of_what_is_no_map_is_refused(context: Context):
    run(facts.set_, context, "rack", "a")
    answer = run(facts.set_, context, "rack:row", "b")
    assert answer.error == "facts.set: key: rack is set to 'a', which is no map"
    assert answer.hint == "take it away first: facts.set rack null"


@pytest.mark.parametrize(
    ("content", "problem"), [("a: [", "not YAML"), ("- a", "not a mapping"), ("\xff", "utf-8")]
)
def test_a_file_that_was_broken_by_hand_is_never_overwritten(
    context: Context, content: str, problem: str
):
    context.facts_dir.mkdir()
    path = context.facts_dir / "set.yaml"
    path.write_text(content, "latin-1")
    answer = run(facts.set_, context, "x", "1")
    assert answer.outcome == "refused"
    assert problem in answer.error
    assert path.read_text("latin-1") == content


def test_a_value_that_is_far_too_large_is_refused(context: Context):
    answer = run(facts.set_, context, "x", "y" * 300_000)
    assert "would become larger" in answer.error
    assert not (context.facts_dir / "set.yaml").exists()


def test_a_value_that_the_file_cannot_keep_is_refused(context: Context):
    deep = "[" * 31 + "]" * 31
    assert run(facts.set_, context, "a:b:c", deep).error.startswith("the value cannot be kept: ")
    assert "the value cannot be kept in" in run(facts.set_, context, "x", b"bytes").error
    assert not (context.facts_dir / "set.yaml").exists()


def test_a_folder_that_cannot_be_made_fails(context: Context):
    context.facts_dir.parent.joinpath("facts").write_text("a file in its place")
    answer = run(facts.set_, context, "x", "1")
    assert answer.outcome == "failed"
    assert "cannot write to" in answer.error
    assert answer.hint


def test_a_dry_run_writes_nothing(context: Context):
    context.test = True
    assert run(facts.set_, context, "x", "1").outcome == "would-change"
    assert not context.facts_dir.exists()
    context.facts_dir.mkdir()
    (context.facts_dir / "set.yaml").write_text("x: 1")
    assert run(facts.set_, context, "x", "1").outcome == "ok"


def test_two_that_set_at_once_lose_nothing(context: Context):
    def one(number: int) -> None:
        run(facts.set_, context, f"x{number}", "1")

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    written = yamlfile.load((context.facts_dir / "set.yaml").read_text(), "x")
    assert written == {f"x{number}": 1 for number in range(8)}


def test_a_refresh_tells_what_changed_and_brings_the_new_facts(context: Context):
    context.facts_dir.mkdir()
    (context.facts_dir / "a.yaml").write_text("site: x")
    first = run(facts.refresh, context)
    assert "site" in first.value
    context.facts = found(first)
    (context.facts_dir / "a.yaml").write_text("site: y")
    assert run(facts.refresh, context).value == ["site"]


def test_a_wrong_key_is_an_error_of_that_argument(context: Context):
    with pytest.raises(BadArgument) as caught:
        facts.set_(context, "os", "x")
    assert caught.value.argument == "key"


def test_reading_functions_are_coroutines_for_the_agents_loop(context: Context):
    context.facts = FACTS
    assert asyncio.run(facts.get(context, "os")) == "debian"
