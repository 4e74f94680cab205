from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_modules.flow import Plain
from zester_modules.words import Duration, Mode, Size, Value, Verbatim, Written, kind_of

FULL = st.text(alphabet=st.characters(exclude_categories=["Cs"]))


def convert(annotation: Any, value: Any) -> Any:
    return kind_of(annotation).convert(value)


def reason(annotation: Any, value: Any) -> str | None:
    """Give "" for what fits, the reason for what does not, None for a refusal without one."""
    try:
        convert(annotation, value)
    except ValueError as error:
        return str(error) or None
    return ""


@given(FULL)
def test_text_stays_exactly_as_it_was_typed(text: str):
    assert convert(str, text) == text
    assert convert(bytes, text) == text.encode()
    assert convert(str | None, text) == text
    assert convert(list[str], [text]) == [text]


@given(st.integers(-(2**63), 2**64 - 1))
def test_every_integer_that_can_travel_is_read_from_its_text(number: int):
    assert convert(int, str(number)) == convert(int, number) == number
    assert convert(Value, str(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_read_from_its_text(number: int):
    assert convert(float, repr(number)) == number


def test_a_word_that_is_fitted_later_keeps_its_text_and_what_was_quoted_is_known():
    assert convert(Written, " 1.10") == " 1.10"
    assert isinstance(convert(Written, "1.10"), Plain)
    quoted, plain = convert(Written, "['1.10', 1.20]")
    assert (type(quoted), type(plain)) == (str, Plain)
    assert convert(Written, Verbatim("[1.10]")) == "[1.10]"
    assert convert(Written, {"a": 1.5}) == {"a": 1.5}


@given(st.integers(0, 0o7777))
def test_a_mode_is_the_octal_reading_of_its_digits(mode: int):
    for form in (f"{mode:o}", f"{mode:04o}", f"0o{mode:o}", int(f"{mode:o}")):
        assert convert(Mode, form) == mode


@given(FULL, st.sampled_from([int, float, bool, Duration, Mode, list[int], dict[str, int]]))
def test_any_word_is_converted_or_refused_with_a_reason(word: str, annotation: Any):
    assert reason(annotation, word) is not None


@given(st.lists(FULL | st.integers() | st.none() | st.booleans()))
def test_any_value_of_a_file_is_converted_or_refused_with_a_reason(value: Any):
    for annotation in (str, int, bool, Duration, Mode, list[str], dict[str, str]):
        assert reason(annotation, value) is not None


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("true", True), ("Yes", True), ("ON", True), ("1", True), (1, True), (True, True),
        ("false", False), ("no", False), ("off", False), ("0", False), (0, False),
    ],
)  # fmt: skip
def test_booleans_are_these_words(word: str, value: Any):
    assert convert(bool, word) is value


@pytest.mark.parametrize(
    ("word", "seconds"),
    [
        ("30", 30), ("1.5", 1.5), ("30s", 30), ("5m", 300), ("1h30m", 5400), ("250ms", 0.25),
        ("2d", 172800), ("1w", 604800), (0, 0), (7, 7), ("0.5", 0.5), ("10 ", 10),
    ],
)  # fmt: skip
def test_durations_are_seconds_or_numbers_with_units(word: str, seconds: float):
    assert convert(Duration, word) == seconds


@pytest.mark.parametrize(
    ("annotation", "bad", "problem"),
    [
        (int, "1_000", "'1_000' is no whole number"),
        (int, "1.0", "no whole number"),
        (int, "\u0663", "no whole number"),
        (int, "18446744073709551616", "no whole number"),
        (int, True, "True is no whole number"),
        (float, "nan", "'nan' is no number"),
        (float, "inf", "no number"),
        (bool, "ja", "'ja' is neither true nor false"),
        (bool, 2, "neither"),
        (bool, None, "neither"),
        (str, True, "True is no text; put it in quotes"),
        (str, None, "None is no text"),
        (str, ["a"], "is no text"),
        (str, b"\xff", "utf-8"),
        (Duration, "-5", "'-5' is no duration"),
        (Duration, "5x", "no duration"),
        (Duration, "s", "no duration"),
        (Duration, "1e99", "no duration"),
        (Duration, "5m 3", "no duration"),
        (Size, "5 parsecs", "'5 parsecs' is no size"),
        (Size, [], "no size"),
        (Mode, "888", "'888' is no mode"),
        (Mode, "17777", "no mode"),
        (Mode, True, "no mode"),
        (list[int], "[1, x]", "'x' is no whole number"),
        (list[str], "[a", "a closing ] is missing"),
        (dict[str, int], "{a: b}", "'b' is no whole number"),
        (dict[str, int], "a", "'a' is no map"),
        (dict[str, str], ["a"], "is no map"),
        (Literal["a", "b"], "c", "'c' is none of a, b"),
        (int | bool, "x", "'x' is no whole number or true or false"),
        (Value, "[a", "a closing ] is missing"),
        (int, "9" * 100, "..."),
    ],
)
def test_what_does_not_fit_is_refused(annotation: Any, bad: Any, problem: str):
    with pytest.raises(ValueError, match=r".") as caught:
        convert(annotation, bad)
    assert problem in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("annotation", "word", "value"),
    [
        (list[str], "a", ["a"]),
        (list[str], "[a, 1.10, yes]", ["a", "1.10", "yes"]),
        (list[str], "", [""]),
        (list[int], "5", [5]),
        (list[int], [1, "2"], [1, 2]),
        (list[Any], "[1, '1', [2]]", [1, "1", [2]]),
        (list, "[1, x]", [1, "x"]),
        (dict[str, str], "{A: 1.10, B: yes}", {"A": "1.10", "B": "yes"}),
        (dict[str, int], {"a": "1"}, {"a": 1}),
        (dict[str, Any], "{a: '1', b: 1, c: {d: 2}}", {"a": "1", "b": 1, "c": {"d": 2}}),
        (dict, "{a: 1}", {"a": 1}),
        (str | list[str], "a", "a"),
        (str | list[str], "[a, b]", ["a", "b"]),
        (str | list[str], "[a", "[a"),
        (dict[str, int] | list[int], "{a: 1}", {"a": 1}),
        (int | str, "5", 5),
        (int | str, "x", "x"),
        (Literal["a", "b"], "b", "b"),
        (str, 5, "5"),
        (str, 1.5, "1.5"),
        (str, b"hi", "hi"),
        (bytes, b"\xff", b"\xff"),
        (Size, "64K", 65_536),
        (Size, 5, 5),
        (Value, {"a": "1"}, {"a": "1"}),
        (Value, ["5"], ["5"]),
    ],
)
def test_lists_and_maps_and_unions_are_converted_inside(annotation: Any, word: str, value: Any):
    found = convert(annotation, word)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "annotation",
    [
        Path,
        dict[int, str],
        object,
        "str",
        tuple[int],
        Annotated[int, "mode"],
        type("value", (), {}),
    ],
)
def test_a_type_that_no_word_can_become_is_a_mistake_of_the_function(annotation: Any):
    with pytest.raises(TypeError, match="no word can be turned into"):
        kind_of(annotation)
