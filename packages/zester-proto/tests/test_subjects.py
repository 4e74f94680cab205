from collections.abc import Callable

import pytest

from zester_proto import subjects
from zester_proto.errors import BadId

JID = "2YBXZJakptNW58H9jk6WpVOPxbn"


def test_subjects_of_a_peel_carry_its_id_as_one_token():
    made = [
        subjects.cmd_peel("a.b"),
        subjects.ack(JID, "a.b"),
        subjects.heartbeat("a.b"),
        subjects.peel_asks("a.b", "hello"),
        subjects.event("a.b", "x.y"),
        subjects.audit("peel", "connect", "a.b"),
        subjects.return_key(JID, "a.b", 3),
    ]

    assert made == [
        "zester.cmd.peel.a=2Eb",
        f"zester.ack.{JID}.a=2Eb",
        "zester.hb.a=2Eb",
        "zester.peel.a=2Eb.hello",
        "zester.event.a=2Eb.x.y",
        "zester.audit.peel.connect.a=2Eb",
        f"{JID}.a=2Eb.3",
    ]


def test_what_is_made_is_read_back():
    assert subjects.parse_ack(subjects.ack(JID, "a.b")) == (JID, "a.b")
    assert subjects.parse_heartbeat(subjects.heartbeat("a.b")) == "a.b"
    assert subjects.parse_peel_asks(subjects.peel_asks("a.b", "hello")) == ("a.b", "hello")
    assert subjects.parse_api(subjects.api("alice", "run")) == ("alice", "run")
    assert subjects.parse_return_key(subjects.return_key(JID, "a.b")) == (JID, "a.b", 0)
    assert subjects.parse_return_key(subjects.return_key(JID, "a.b", 12)) == (JID, "a.b", 12)


@pytest.mark.parametrize(
    ("read", "subject"),
    [
        (subjects.parse_ack, f"zester.ack.{JID}"),
        (subjects.parse_ack, "zester.ack.no-jid.a"),
        (subjects.parse_ack, f"zester.ack.{JID}.A"),
        (subjects.parse_heartbeat, "zester.hb.a.b"),
        (subjects.parse_heartbeat, "other.hb.a"),
        (subjects.parse_peel_asks, "zester.peel.a"),
        (subjects.parse_api, "zester.api.alice"),
        (subjects.parse_api, "zester.api.Alice.run"),
        (subjects.parse_return_key, JID),
        (subjects.parse_return_key, f"{JID}.a.b.c"),
        (subjects.parse_return_key, f"{JID}.a.x"),
        (subjects.parse_return_key, f"{JID}.a.0"),
        (subjects.parse_return_key, f"{JID}.a.01"),
        (subjects.parse_return_key, f"{JID}.a.12345"),
        (subjects.parse_return_key, f"{JID}.a.\u0663"),
        (subjects.parse_return_key, "x.a"),
    ],
)
def test_what_is_no_such_subject_is_refused(read: Callable[[str], object], subject: str):
    with pytest.raises(BadId):
        read(subject)


def test_an_operator_with_a_dot_gets_no_subject():
    with pytest.raises(BadId):
        subjects.api("a.b", "run")
    with pytest.raises(BadId):
        subjects.page("*", "x")


def test_the_other_subjects_are_those_of_the_design():
    assert subjects.page("alice", "r1") == "zester.page.alice.r1"
    assert subjects.acks_of(JID) == f"zester.ack.{JID}.*"
    assert subjects.note("trust") == "zester.note.trust"
    assert subjects.job_event(JID, "closed") == f"zester.job.{JID}.closed"
    assert subjects.audit("auth", "failure") == "zester.audit.auth.failure"
    assert subjects.kv("facts", "a") == "$KV.facts.a"
    assert subjects.direct_get("facts", "a") == "$JS.API.DIRECT.GET.KV_facts.$KV.facts.a"
    assert subjects.inbox("a=2Eb") == "_INBOX_a=2Eb"
