import contextlib
import datetime as dt
import math
from pathlib import PurePosixPath
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_proto import codec
from zester_proto.errors import CodecError
from zester_proto.messages.jobs import Ack

plain = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.binary()
values = st.recursive(
    plain | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(values)
def test_a_value_comes_back_as_it_went(value: Any):
    assert codec.unpack(codec.pack(value)) == value


@given(st.dictionaries(st.text(), st.integers(0, 9)))
def test_equal_maps_have_equal_bytes_whatever_their_order(value: dict[str, int]):
    backwards = dict(reversed(value.items()))

    assert codec.pack(backwards) == codec.pack(value)


@given(st.sets(st.text()))
def test_sets_become_lists_with_stable_bytes(value: set[str]):
    assert codec.pack(value) == codec.pack(frozenset(list(value)[::-1]))


@given(values)
def test_normalising_twice_changes_nothing(value: Any):
    once = codec.normalise(value)

    assert codec.normalise(once) == once


@pytest.mark.parametrize(
    ("value", "normal"),
    [
        ((1, 2), [1, 2]),
        ({7: "a", None: 2, True: 3, 1.5: 4}, {"7": "a", "null": 2, "true": 3, "1.5": 4}),
        (2**64, str(2**64)),
        (-(2**63) - 1, str(-(2**63) - 1)),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (dt.date(2026, 11, 24), "2026-11-24"),
        (dt.datetime(2026, 11, 24, 1, 2, 3, tzinfo=dt.UTC), "2026-11-24T01:02:03Z"),
        (dt.datetime(2026, 11, 24, 1, 2, 3), "2026-11-24T01:02:03Z"),  # noqa: DTZ001 - the case
        (dt.time(1, 2), "01:02:00"),
        (PurePosixPath("/etc/hosts"), "/etc/hosts"),
        (bytearray(b"x"), b"x"),
        (memoryview(b"x"), b"x"),
        (frozenset({"b", "a"}), ["a", "b"]),
        ("bad \udcff byte", "bad \\xff byte"),
        (
            dt.datetime(2026, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2))),
            "2026-01-01T00:00:00+02:00",
        ),
    ],
)
def test_what_does_not_travel_as_it_is_takes_its_documented_form(value: Any, normal: Any):
    assert codec.normalise(value) == normal
    assert codec.unpack(codec.pack(value)) == normal


def test_a_subclass_travels_as_its_base():
    class Name(str):
        __slots__ = ()

    class Count(int):
        pass

    normal = codec.normalise({Name("a"): Count(3)})

    assert normal == {"a": 3}
    assert type(normal["a"]) is int


def test_a_struct_travels_as_a_map():
    assert codec.normalise(Ack(instance="i", epoch=3)) == {"v": 1, "instance": "i", "epoch": 3}


def test_what_cannot_travel_is_refused_with_its_path():
    with pytest.raises(CodecError, match=r"type object cannot travel, at \$\.a\[1\]"):
        codec.pack({"a": [1, object()]})


def test_a_key_that_is_no_text_or_number_is_refused():
    with pytest.raises(CodecError, match="a key of type tuple cannot travel"):
        codec.pack({(1, 2): 3})


def test_two_keys_with_one_text_are_refused():
    with pytest.raises(CodecError, match="two keys with the text '1'"):
        codec.pack({1: "a", "1": "b"})


def test_a_value_that_holds_itself_is_refused():
    loop: list[Any] = []
    loop.append(loop)

    with pytest.raises(CodecError, match="64 levels deep"):
        codec.pack(loop)


def test_a_value_that_was_not_normal_is_refused():
    with pytest.raises(CodecError, match="cannot pack"):
        codec.pack_normal({"a": object()})


def test_bytes_that_nest_too_deep_are_refused_by_both_decoders():
    deep = b"\x91" * 100_000 + b"\xc0"

    with pytest.raises(CodecError, match="not a valid value"):
        codec.unpack(deep)
    with pytest.raises(CodecError, match="not a valid"):
        codec.decode(deep, Ack)


def test_a_deep_unknown_field_is_refused_or_ignored_but_never_kills():
    message = b"\x82\xa1t\xa3ack\xa1x" + b"\x91" * 100_000 + b"\xc0"

    with pytest.raises(CodecError):
        codec.decode(message, Ack)


@given(st.binary())
def test_no_bytes_crash_the_decoders(data: bytes):
    with contextlib.suppress(CodecError):
        codec.unpack(data)
    with contextlib.suppress(CodecError):
        codec.decode(data, Ack)


def test_what_is_too_large_is_refused_before_it_is_read():
    with pytest.raises(CodecError, match="11 bytes is larger than the limit of 10"):
        codec.unpack(b"\xc0" * 11, limit=10)
    with pytest.raises(CodecError, match="larger than the limit"):
        codec.decode(b"\xc0" * 11, Ack, limit=10)


def test_unknown_fields_are_ignored_and_missing_ones_take_defaults():
    data = msgspec.msgpack.encode({"t": "ack", "instance": "i", "epoch": 1, "new": [1]})

    assert codec.decode(data, Ack) == Ack(instance="i", epoch=1)


def test_a_message_of_another_kind_is_refused():
    with pytest.raises(CodecError, match="not a valid Ack"):
        codec.decode(msgspec.msgpack.encode({"t": "job", "instance": "i", "epoch": 1}), Ack)


def test_an_envelope_that_msgpack_cannot_carry_is_refused():
    with pytest.raises(CodecError, match="cannot encode a Ack"):
        codec.encode(Ack(instance="i", epoch=2**70))


def test_a_digest_has_32_bytes():
    assert len(codec.digest(b"")) == 32
