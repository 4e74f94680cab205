"""Whatever form a secret is written in, it does not come out."""

import base64
import html
import json
import re
import shlex
import subprocess
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zester_proto import codec
from zester_proto.secrets.masker import MASK, Masker

VALUE = 'p4ss: "wörd"/it\'s <&> $1\\ %'
KEY = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ2fKmXo1qWz
c29tZSBtb3JlIG9mIHRoZSBzYW1lIGtl
-----END PRIVATE KEY-----
"""


@pytest.mark.parametrize(
    "written",
    [
        VALUE,
        json.dumps(VALUE),
        json.dumps(VALUE, ensure_ascii=False),
        json.dumps({"inner": json.dumps(VALUE)}),
        json.dumps(VALUE).replace("/", "\\/"),
        repr(VALUE),
        str(KeyError(VALUE)),
        shlex.quote(VALUE),
        quote(VALUE),
        quote(VALUE, safe=""),
        quote_plus(VALUE),
        html.escape(VALUE),
        VALUE.encode().hex(),
        VALUE.encode().hex().upper(),
    ],
)
def test_a_value_is_found_however_it_is_written(written: str) -> None:
    masked = Masker([VALUE]).text(f"before {written} after")
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert MASK in masked
    for part in ("p4ss", "rd", "it's", "7034"):
        assert part not in masked


@given(before=st.binary(max_size=7), after=st.binary(max_size=7), value=st.text(min_size=12))
def test_base64_hides_a_value_wherever_it_begins(before: bytes, after: bytes, value: str) -> None:
    raw = value.encode("utf-8", "surrogatepass")
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        masked = Masker([value]).raw(encode(before + raw + after))
        assert MASK.encode() in masked
        left = len(encode(before)) + len(encode(after)) + 4
        assert len(masked) <= left + len(MASK)


def joined(data: bytes) -> bytes:
    """Give data in which masks side by side are one: how many there are says nothing."""
    return re.sub(rb"[*]+", MASK.encode(), data)


@settings(max_examples=200)
@given(
    value=st.text("ab", min_size=6, max_size=12),
    others=st.lists(st.text("ab", min_size=6, max_size=9), max_size=3),
    text=st.text("ab", max_size=60),
    sizes=st.lists(st.integers(1, 9), min_size=1),
)
def test_pieces_hide_what_the_whole_would(
    value: str, others: list[str], text: str, sizes: list[int]
) -> None:
    masker = Masker([value, *others])
    data = (text + value + text).encode()
    stream = masker.stream()
    out = b""
    at = 0
    for number in range(len(data)):
        size = sizes[number % len(sizes)]
        out += stream.feed(data[at : at + size])
        at += size
    out += stream.end()
    assert joined(out) == joined(masker.raw(data))
    assert value.encode() not in out


def test_a_secret_within_another_does_not_leave_the_rest() -> None:
    masker = Masker(["secret", "secret-and-more", "more-of-it"])
    assert masker.text("a secret-and-more-of-it b") == f"a {MASK} b"
    stream = masker.stream()
    assert stream.feed(b"x secret") + stream.feed(b"-and-more") + stream.end() == b"x ***"


def test_the_lines_of_a_key_are_hidden_wherever_they_are_indented() -> None:
    masked = Masker([KEY]).text("+    " + KEY.replace("\n", "\n+    "))
    assert "MC4CAQ" not in masked
    assert "c29tZSBt" not in masked
    assert "-----BEGIN PRIVATE KEY-----" in masked


def test_short_values_are_left_alone_unless_they_are_named() -> None:
    assert Masker(["12345"]).text("number 12345") == "number 12345"
    assert Masker(["123456"]).text("number 123456") == "number ***"
    assert Masker([], ["123"]).text("number 123, MTIz") == "number ***, MTIz"
    assert Masker([], [""]).text("nothing") == "nothing"


def test_data_is_masked_in_texts_bytes_and_keys_and_else_stays_as_it_is() -> None:
    masker = Masker(["hunter2!"])
    value = {"a hunter2!": [1, None, True, 2.5, b"x\xffhunter2!", {"deep": "hunter2!"}]}
    masked = {"a ***": [1, None, True, 2.5, b"x\xff***", {"deep": "***"}]}
    assert masker.data(value) == masked
    assert codec.unpack(masker.packed(codec.pack(value))) == masked
    innocent = codec.pack({"a": "b"})
    assert masker.packed(innocent) is innocent


def test_a_text_that_was_cut_within_a_secret_does_not_show_its_begin() -> None:
    masker = Masker(["correct horse battery"])
    assert masker.cut(b"it is correct horse bat") == b"it is ***"
    assert masker.cut(b"it is cor") == b"it is cor"
    assert masker.cut(b"correct horse battery it is") == b"*** it is"


def test_what_an_error_shows_of_a_value_does_not_show_its_begin() -> None:
    masker = Masker(["correct horse battery"])
    assert masker.text("'correct hor... is no number") == "'***... is no number"
    assert masker.text("waiting ... cor... done") == "waiting ... cor... done"


def test_nothing_known_is_nothing_done() -> None:
    nobody = Masker()
    assert not nobody.knows
    text = "a text"
    assert nobody.text(text) is text
    assert not nobody.is_in(text)
    assert nobody.stream().feed(b"a piece") == b"a piece"


def test_a_masker_learns_more() -> None:
    masker = Masker(["first-secret"], ["pin"])
    masker.learn(["second-secret"])
    assert masker.text("first-secret second-secret pin") == "*** *** ***"


def test_a_number_is_found_where_it_was_read_as_one() -> None:
    masker = Masker(["123456"], short=["4711", "1"])
    value = {"pin": 4711, "id": [123456], "port": 47110, "yes": True, "one": 1}
    masked = {"pin": MASK, "id": [MASK], "port": 47110, "yes": True, "one": 1}
    assert codec.unpack(masker.packed(codec.pack({"n": [4711, 123456.0]}))) == {"n": [MASK, MASK]}
    assert masker.data(value) == masked


def test_a_stream_masks_what_is_learned_while_it_runs() -> None:
    masker = Masker()
    stream = masker.stream()
    assert stream.feed(b"before; ") == b"before; "
    masker.learn(["correct horse"])
    assert stream.feed(b"a correct ho") + stream.feed(b"rse") + stream.end() == b"a ***"


def test_what_the_echo_of_a_shell_makes_of_escapes_is_found() -> None:
    value = r"C:\new\table\\end"
    said = subprocess.run(["sh", "-c", 'echo "$0"', value], capture_output=True, check=True).stdout
    assert Masker([value]).raw(said) == b"***\n"
