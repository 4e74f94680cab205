import pytest

from zester_proto.link import AlreadyThere, BadReply, StoreFull, StoreRefused, WrongRevision
from zester_proto.link.errors import store_error
from zester_proto.link.jsapi import read_ack, read_direct, read_headers
from zester_proto.link.options import Message
from zester_proto.link.watch import read_place

HEADERS = {
    "Nats-Stream": "KV_facts", "Nats-Subject": "$KV.facts.web", "Nats-Sequence": "7",
    "Nats-Time-Stamp": "2026-02-10T14:30:00.123456789Z",
}  # fmt: skip


def direct(**over: str) -> Message:
    return Message("_INBOX.x", b"value", "", HEADERS | over)


def test_a_direct_answer_is_an_entry():
    entry = read_direct(direct(), "facts")

    assert entry is not None
    assert (entry.key, entry.value, entry.revision, entry.operation) == ("web", b"value", 7, "put")
    assert entry.created == pytest.approx(1770733800.123456)


@pytest.mark.parametrize(
    "headers",
    [{"KV-Operation": "DEL"}, {"KV-Operation": "PURGE"}, {"Nats-Marker-Reason": "MaxAge"}],
)
def test_a_mark_of_deletion_is_no_value(headers: dict[str, str]):
    entry = read_direct(direct(**headers), "facts")

    assert entry is not None
    assert entry.operation == "delete"


@pytest.mark.parametrize(
    "over",
    [
        {"Nats-Subject": "$KV.secrets.web"}, {"Nats-Subject": ""}, {"Nats-Stream": "KV_secrets"},
        {"Nats-Sequence": "x"}, {"Nats-Time-Stamp": "yesterday"}, {"Nats-Subject": "facts.web"},
    ],
)  # fmt: skip
def test_an_answer_that_is_not_from_the_bucket_is_not_used(over: dict[str, str]):
    with pytest.raises(BadReply):
        read_direct(direct(**over), "facts")
    with pytest.raises(BadReply):
        read_direct(Message("_INBOX.x", b"forged"), "facts")


def test_the_servers_own_words_are_told():
    assert read_direct(Message("x", b"", "", {"Status": "404"}), "facts") is None
    headers = {"Status": "408", "Description": "Bad Request"}
    with pytest.raises(StoreRefused, match="Bad Request") as caught:
        read_direct(Message("x", b"", "", headers), "facts")
    assert caught.value.status == 408


@pytest.mark.parametrize(
    ("err_code", "text", "kind"),
    [
        (10077, "maximum messages per subject exceeded", AlreadyThere),
        (10077, "maximum bytes exceeded", StoreFull),
        (10047, "insufficient storage resources available", StoreFull),
        (10023, "insufficient resources", StoreFull),
        (10071, "wrong last sequence: 3", WrongRevision),
        (10164, "wrong last sequence", WrongRevision),
        (10054, "message size exceeds maximum allowed", StoreRefused),
        (10111, "rollup not permitted", StoreRefused),
    ],
)
def test_jetstreams_numbers_have_names(err_code: int, text: str, kind: type[StoreRefused]):
    error = store_error("put x", 503, err_code, text)

    assert type(error) is kind
    assert (error.status, error.err_code) == (503, err_code)
    assert text in error.message


@pytest.mark.parametrize("data", [b"", b"no json", b"[]", b"{}", b'{"stream":"KV_x","seq":1}',
                                  b'{"stream":"KV_facts","seq":0}', b"[" * 5000])  # fmt: skip
def test_an_ack_that_makes_no_sense_is_none(data: bytes):
    with pytest.raises(BadReply):
        read_ack(Message("x", data), "KV_facts", "put x")


def test_headers_of_a_stored_message_are_read():
    block = b"NATS/1.0\r\nKV-Operation: DEL\r\nA:b: c\r\nnonsense\r\n\r\n"

    assert read_headers(block) == {"KV-Operation": "DEL", "A": "b: c"}
    assert read_headers(b"") == {}


def test_a_place_in_a_stream_is_read_in_both_forms():
    short = read_place("$JS.ACK.KV_x.c.1.30.20.1500000000500000000.10")
    long = read_place("$JS.ACK.hub.acc.KV_x.c.1.30.20.1500000000500000000.10.rnd")

    assert short == long
    assert (short.stream, short.consumer, short.created, short.pending) == (30, 20, 1.5e9 + 0.5, 10)
    for text in ("", "a.b", "$JS.ACK.s.c.1.2.3.4", "$JS.ACK.s.c.1.x.3.4.5", "X.ACK.s.c.1.2.3.4.5"):
        with pytest.raises(BadReply):
            read_place(text)
