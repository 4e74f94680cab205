from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_modules.facts.collected import Collected
from zester_modules.returns import EDGE, Outcome, Return, pack_return, shorten, unpack_return
from zester_proto import codec
from zester_proto.errors import CodecError


@given(st.text() | st.lists(st.integers(0, 9)) | st.none(), st.sampled_from(list(Outcome)))
def test_a_return_comes_from_a_worker_as_it_was(value: Any, outcome: str):
    facts = Collected(data=codec.pack({"a": 1}), warnings=("w",))
    answer = Return(value, outcome, error="e", hint="h", debug="d", facts=facts)
    found = unpack_return(pack_return(answer))
    assert codec.unpack(bytes(found.value)) == value
    assert (found.outcome, found.error, found.hint, found.debug) == (outcome, "e", "h", "d")
    assert found.facts == facts


def test_bytes_of_a_worker_that_died_in_mid_write_are_an_error():
    with pytest.raises(CodecError):
        unpack_return(pack_return(Return("x" * 1000))[:500])


def test_a_value_that_cannot_travel_is_named_with_its_place():
    with pytest.raises(CodecError, match=r"\$\.a\[1\]"):
        pack_return(Return({"a": [1, object()]}))


def test_a_large_return_is_left_alone_up_to_the_limit():
    packed = codec.pack("x" * 1000)
    assert shorten(packed, len(packed)) == (packed, False)


def test_a_text_that_is_too_large_leaves_its_edges_as_text():
    text = "ä" * 300_000 + "end"
    packed, cut = shorten(codec.pack(text), 1000)
    found = codec.unpack(packed)
    assert cut
    assert found["truncated"] is True
    assert found["length"] == 600_003
    assert found["digest"] == codec.digest(text.encode()).hex()
    assert found["head"] == "ä" * (EDGE // 2)
    assert found["tail"].endswith("äend")
    assert len(found["tail"].encode()) <= EDGE


def test_another_value_that_is_too_large_leaves_the_edges_of_its_bytes():
    whole = codec.pack({"rows": list(range(200_000))})
    packed, cut = shorten(whole, 1000)
    found = codec.unpack(packed)
    assert cut
    assert (found["head"], found["tail"]) == (whole[:EDGE], whole[-EDGE:])
    assert (found["length"], found["digest"]) == (len(whole), codec.digest(whole).hex())
