from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_modules.bind import bind, usage
from zester_modules.function import AnyFunction
from zester_modules.registry import BadArgument, Context, Duration, Registry, Value, function


@function("try.plain")
def plain(_context: Context, name: str, count: int = 1, *, force: bool = False) -> object:
    return name, count, force


@function("try.many")
def many(_context: Context, first: int, *rest: int, wait: Duration, **more: Value) -> object:
    return first, rest, wait, more


@function("try.nothing")
def nothing(_context: Context) -> None:
    return None


CONTEXT = Context(registry=Registry())


def call(declared: AnyFunction, *args: Any, **kwargs: Any):
    return bind(declared, args, kwargs).invoke(CONTEXT)


def test_words_become_what_the_signature_asks_for():
    assert call(plain, "a", "5", force="yes") == ("a", 5, True)
    assert call(plain, "a") == ("a", 1, False)
    assert call(plain, name="a", count="7") == ("a", 7, False)
    assert call(plain, "a", force=True) == ("a", 1, True)
    assert call(nothing) is None


def test_further_words_and_any_keyword_go_where_the_signature_has_room():
    assert call(many, "1", "2", "3", wait="5m", x="[a]", y="1") == (
        1, (2, 3), 300, {"x": ["a"], "y": 1},
    )  # fmt: skip


@given(st.lists(st.integers(-9, 9), min_size=1))
def test_every_number_of_further_words_fits(numbers: list[int]):
    words = [str(number) for number in numbers]
    assert call(many, *words, wait="0") == (numbers[0], tuple(numbers[1:]), 0, {})


@given(
    st.sampled_from([plain, many, nothing]),
    st.lists(st.text(max_size=5), max_size=4),
    st.dictionaries(st.sampled_from(["name", "count", "force", "wait", "first", "x"]), st.text()),
)
def test_any_call_is_bound_or_refused_by_name(declared: AnyFunction, args: Any, kwargs: Any):
    error = BadArgument(declared.name, "", "", hint="it was bound")
    try:
        bind(declared, args, kwargs).invoke(CONTEXT)
    except BadArgument as refusal:
        error = refusal
    assert error.function == declared.name
    assert error.message.startswith(declared.name)
    assert error.hint


@pytest.mark.parametrize(
    ("declared", "args", "kwargs", "message", "hint"),
    [
        (plain, ("a", "x"), {}, "try.plain: count: 'x' is no whole number",
         "count takes: whole number, such as 5"),
        (plain, (), {}, "try.plain: name: this argument is missing",
         "usage: try.plain NAME [COUNT] [force=...]"),
        (plain, ("a",), {"namex": "b"}, "try.plain: it has no argument 'namex'",
         "did you mean name?; a word with = in it that is no argument belongs after --"),
        (plain, ("a",), {"zzz": "b"}, "try.plain: it has no argument 'zzz'",
         "known are count, force, name; a word with = in it that is no argument belongs after --"),
        (nothing, (), {"a": "b"}, "try.nothing: it has no argument 'a'",
         "it takes none by name; a word with = in it that is no argument belongs after --"),
        (plain, ("a",), {"name": "b"},
         "try.plain: name: it was given twice, by place and by name",
         "leave name= or one word out"),
        (plain, ("a", "1", "2"), {}, "try.plain: it takes 2 arguments by place, 3 were given",
         "usage: try.plain NAME [COUNT] [force=...]; words with spaces need quotes"),
        (plain, ("a", "1", "forcex=1"), {}, "try.plain: it has no argument 'forcex'",
         "did you mean force?; a word with = in it that is no argument belongs after --"),
        (nothing, ("a",), {}, "try.nothing: it takes no arguments by place, 1 was given",
         "usage: try.nothing; words with spaces need quotes"),
        (many, ("1",), {}, "try.many: wait: this argument is missing",
         "usage: try.many FIRST [REST...] wait=... [KEY=VALUE...]"),
        (many, ("1", "2", "x"), {"wait": "1"}, "try.many: rest: 'x' is no whole number",
         "rest takes: whole number, such as 5"),
    ],
)  # fmt: skip
def test_a_call_that_does_not_fit_says_what_would(
    declared: AnyFunction, args: Any, kwargs: Any, message: str, hint: str
):
    with pytest.raises(BadArgument) as caught:
        bind(declared, args, kwargs)
    assert (caught.value.message, caught.value.hint) == (message, hint)
    assert caught.value.function == declared.name


def test_an_error_knows_its_argument_and_what_was_expected():
    with pytest.raises(BadArgument) as caught:
        call(plain, "a", "x")
    assert (caught.value.argument, caught.value.expects) == ("count", "whole number")


def test_usage_shows_how_each_parameter_is_given():
    assert usage(many) == "try.many FIRST [REST...] wait=... [KEY=VALUE...]"
