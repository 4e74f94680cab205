import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_proto.units import (
    BadUnit,
    did_you_mean,
    few,
    parse_duration,
    parse_size,
    suggest,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30), ("0", 0), ("30s", 30), ("5m", 300), ("1h", 3600), ("1h30m", 5400),
        ("500ms", 0.5), ("1.5h", 5400), (" 7D ", 604_800), ("2w", 1_209_600),
    ],
)  # fmt: skip
def test_a_duration_is_read_as_people_write_it(text: str, seconds: float):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "s", "-5", "5 m", "5x", "1e3", "m5", "inf", "nan", "٣s", "9" * 400]
)
def test_what_is_no_duration_is_refused_with_examples(text: str):
    with pytest.raises(BadUnit) as caught:
        parse_duration(text)
    assert "5m" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512", 512), ("64K", 65_536), ("64KiB", 65_536), ("64kb", 64_000), ("2M", 2 << 20),
        ("1G", 1 << 30), ("1.5k", 1536), ("1 GiB", 1 << 30), ("3t", 3 << 40), ("7B", 7),
    ],
)  # fmt: skip
def test_a_size_is_read_as_people_write_it(text: str, size: int):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "K", "-1K", "1X", "1KiBs", "0x10", "1e3", "9" * 30])
def test_what_is_no_size_is_refused_with_examples(text: str):
    with pytest.raises(BadUnit) as caught:
        parse_size(text)
    assert "64K" in caught.value.hint


@given(st.integers(0, 10**6), st.sampled_from(["s", "m", "h", "d"]))
def test_a_duration_without_a_unit_is_seconds_and_units_multiply(number: int, unit: str):
    factor = {"s": 1, "m": 60, "h": 3600, "d": 86_400}[unit]

    assert parse_duration(f"{number}{unit}") == number * factor
    assert parse_duration(str(number)) == number


def test_a_near_word_is_suggested_and_a_far_one_is_not():
    assert suggest("nats_ulr", ["nats_url", "states_dir"]) == "nats_url"
    assert suggest("NATS_URL", ["nats_url"]) == "nats_url"
    assert suggest("zzz", ["nats_url"]) == ""
    assert did_you_mean("nats_ulr", ["nats_url"]) == "did you mean nats_url?"
    assert did_you_mean("zzz", ["b", "a"]) == "known are a, b"
    assert did_you_mean("zzz", [str(i) * 30 for i in range(100)]) == ""


@pytest.mark.parametrize(
    ("texts", "shown"),
    [([], ""), (["a", "b"], "a; b"), (["a", "b", "c", "d"], "a; b and 2 more")],
)
def test_of_many_texts_the_first_are_shown_and_how_many_more_there_are(
    texts: list[str], shown: str
):
    assert few(texts, 2, between="; ") == shown
