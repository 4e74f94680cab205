import pytest

from zester_proto import permissions
from zester_proto.permissions import Flow, Role


def test_a_peel_may_say_and_hear_what_the_design_lists_and_nothing_more():
    template = permissions.scoped_template(Role.PEEL)

    assert set(template.subscribe) == {
        "zester.cmd.all",
        "zester.cmd.peel.{{name()}}",
        "zester.note.*",
        "_INBOX_{{name()}}.>",
    }
    assert all("{{name()}}" in one or "DIRECT.GET" in one for one in template.publish)
    assert template.payload == 512 * 1024
    assert template.subscriptions == 16


def test_each_role_of_operators_may_all_that_the_one_before_may():
    viewer, operator, admin = (
        set(permissions.scoped_template(role).publish) for role in permissions.OPERATOR_ROLES
    )

    assert viewer < operator < admin
    assert "zester.api.{{name()}}.run" in operator - viewer


def test_operators_touch_no_bucket():
    for role in permissions.OPERATOR_ROLES:
        template = permissions.scoped_template(role)
        assert not [s for s in template.publish + template.subscribe if "$" in s]


def test_no_master_deletes_a_stream():
    assert "$JS.API.STREAM.DELETE.>" in permissions.master_template("m1").publish_deny


def test_presence_sees_connections_of_peels_and_nothing_else():
    template = permissions.presence_template("presence", "ABC")

    assert template.publish == ("$SYS.REQ.SERVER.PING.CONNZ",)
    assert template.subscribe[:2] == ("$SYS.ACCOUNT.ABC.CONNECT", "$SYS.ACCOUNT.ABC.DISCONNECT")


def test_every_crossing_is_bounded_and_named_once():
    crossings = permissions.crossings()

    assert len({c.subject for c in crossings}) == len(crossings)
    assert all("{" not in c.subject for c in crossings)
    assert {c.threshold for c in crossings if c.flow is Flow.TO_MASTERS} == {2.0, 15.0}


@pytest.mark.parametrize("subject", ["$KV.facts.*", "$KV.job-returns.*.*.*"])
def test_what_a_stream_answers_is_waited_for_as_long_as_a_leaders_loss_takes(subject: str):
    found = next(c for c in permissions.crossings() if c.subject == subject)

    assert found.threshold == 15.0
