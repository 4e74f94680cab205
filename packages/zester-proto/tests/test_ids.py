import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_proto import ids
from zester_proto.errors import BadId

RESERVED = {"all", "any", "none", "localhost", "master", "masters", "peel", "self"}
peel_ids = st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?", fullmatch=True).filter(
    lambda text: text.isascii() and ".." not in text and text not in RESERVED
)


@given(peel_ids)
def test_a_peel_id_and_its_token_are_one_to_one(peel_id: str):
    token = ids.token(peel_id)

    assert re.fullmatch(r"[-/_=a-zA-Z0-9]+", token)
    assert ids.from_token(token) == peel_id


@given(st.text(max_size=20))
def test_whatever_is_read_as_a_token_is_the_token_of_what_it_gave(text: str):
    try:
        peel_id = ids.from_token(text)
    except BadId:
        return
    assert ids.token(peel_id) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("a" * 300, "300 characters"),
        ("a" * 129, "129 characters"),
        ("Web-1", "upper-case"),
        ("a..b", "two dots"),
        ("a*", r"'\*'"),
        ("a>b", "'>'"),
        ("a b", "' '"),
        ("a\n", r"'\\n'"),
        ("..", "two dots"),
        (".a", "begins or ends"),
        ("a.", "begins or ends"),
        ("-a", "begins or ends"),
        ("a=2eb", "'='"),
        ("all", "reserved"),
        ("localhost", "reserved"),
        ("wéb", "'é'"),
        ("a\u0660", "'\u0660'"),
    ],
)
def test_what_is_no_peel_id_is_refused_with_the_rule_that_it_breaks(text: str, reason: str):
    with pytest.raises(BadId, match=reason) as caught:
        ids.check_peel_id(text)
    assert "1 to 128" in caught.value.hint


@pytest.mark.parametrize("text", ["a.b", "a=2eb", "a=", "=2E", "A", "", "a=2E=2Eb", "*", ">"])
def test_what_is_no_token_is_refused(text: str):
    with pytest.raises(BadId):
        ids.from_token(text)


@pytest.mark.parametrize("text", ["a.b", "", "A", "*", "a>", "a" * 65, "-a"])
def test_what_is_no_operator_is_refused(text: str):
    with pytest.raises(BadId, match="not a valid name"):
        ids.check_operator(text)


def test_an_operator_is_given_back():
    assert ids.check_operator("alice_2") == "alice_2"


def test_jids_are_27_letters_that_sort_by_time():
    early, late = ids.new_jid(lambda: 1_500_000_000.0), ids.new_jid(lambda: 1_500_000_001.0)

    assert len(early) == len(late) == 27
    assert early < late
    assert ids.jid_time(early) == 1_500_000_000.0


@given(st.floats(min_value=1_400_000_000, max_value=5_600_000_000))
def test_every_new_jid_is_a_jid(now: float):
    assert ids.is_jid(ids.new_jid(lambda: now))


@pytest.mark.parametrize(
    "text", ["", "x" * 27, "0" * 26, "0" * 28, "0" * 26 + "-", "0" * 26 + "\n"]
)
def test_what_is_no_jid_is_refused(text: str):
    assert not ids.is_jid(text)
    with pytest.raises(BadId, match="not a job id"):
        ids.check_jid(text)


def test_a_long_text_is_shown_short():
    with pytest.raises(BadId) as caught:
        ids.check_jid("x" * 1000)
    assert len(caught.value.message) < 100


def test_request_ids_and_instances_are_new_each_time():
    assert ids.is_request_id(ids.new_request_id())
    assert not ids.is_request_id("x" * 24)
    assert ids.new_request_id() != ids.new_request_id()
    assert ids.new_instance("12-34-56-78-90-ab-cd").startswith("1234567890ab")
    assert ids.new_instance() != ids.new_instance()


def test_a_function_travels_as_one_token():
    assert ids.dot_token("network.ip_addrs") == "network=2Eip_addrs"
