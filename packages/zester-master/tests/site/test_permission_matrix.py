"""Every subject of the table against every role, on the real server."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import pytest

from zester_proto.identity.creds import Credentials
from zester_proto.ids import token
from zester_proto.permissions import ADMIN_VERBS, OPERATOR_ROLES, TABLE, VERBS, Flow, Role, Row
from zester_testing.raw import Raw
from zester_testing.site import OPERATORS, Bus

PEEL = "web-01.example"
OWN = token(PEEL)
OTHERS = ("web-01", "example", "db-01")
"""Other peels: two of them would be reached if an id were more than one token."""


class Probe(NamedTuple):
    """Something that a user tries."""

    action: Literal["publish", "subscribe"]
    subject: str


def both(subject: str) -> tuple[Probe, Probe]:
    return Probe("publish", subject), Probe("subscribe", subject)


def concrete(row: Row, name: str) -> Iterator[str]:
    """Give subjects that a row of the table means for a name."""
    filled = row.subject.replace("{id}", name)
    if row.account == "OPS" and row.flow is Flow.TO_MASTERS:
        yield from (filled.replace("*", verb) for verb in (*sorted(ADMIN_VERBS), "nonsense"))
    else:
        yield filled.replace("*", "x1").replace(">", "y.z")


def rows(own: str, others: tuple[str, ...]) -> Iterator[tuple[Row, str, str]]:
    """Give row, name and subject for every row and every name."""
    for row in TABLE:
        for name in (own, *others):
            for subject in concrete(row, name):
                yield row, name, subject


FOR_NOBODY_ABROAD = (
    ">", "*", "*.*", "zester.>", "zester.cmd.>", "zester.cmd.*", "zester.cmd.peel.*",
    "zester.hb.*", "zester.ack.>", "zester.api.>", "zester.page.>", "zester.page.*.*",
    "zester.job.x1.dispatch", "zester.job.x1.closed", "zester.audit.peel.quarantined",
    "$KV.>", "$KV.*.>", "$KV.jobs.x1", "$KV.secrets.x1", "$KV.trust.bundle.2", "$KV.site.account.a",
    f"$KV.secrets.{OWN}", "$KV.job-returns.>", "$KV.facts.*",
    "$JS.>", "$JS.API.>", "$JS.API.INFO", "$JS.API.STREAM.LIST", "$JS.API.STREAM.INFO.KV_trust",
    "$JS.API.STREAM.CREATE.x", "$JS.API.STREAM.UPDATE.KV_facts", "$JS.API.STREAM.DELETE.KV_facts",
    "$JS.API.STREAM.PURGE.KV_facts", "$JS.API.STREAM.MSG.GET.KV_trust",
    "$JS.API.STREAM.MSG.DELETE.KV_facts", "$JS.API.CONSUMER.CREATE.KV_trust",
    "$JS.API.CONSUMER.CREATE.KV_trust.c.$KV.trust.>", "$JS.API.CONSUMER.DURABLE.CREATE.KV_trust.c",
    "$JS.API.CONSUMER.MSG.NEXT.KV_trust.c", "$JS.API.DIRECT.GET.KV_trust",
    "$JS.API.DIRECT.GET.KV_state-files", "$JS.API.DIRECT.GET.KV_secrets",
    "$JS.API.DIRECT.GET.KV_secrets.$KV.secrets.*", "$JS.API.DIRECT.GET.KV_secrets.$KV.secrets.>",
    f"$JS.API.DIRECT.GET.KV_facts.$KV.facts.{OWN}",
    f"$JS.API.DIRECT.GET.KV_basket.$KV.basket.{OWN}.x1",
    f"$JS.API.DIRECT.GET.KV_job-returns.$KV.job-returns.x1.{OWN}",
    "$JS.API.DIRECT.GET.KV_trust.$KV.facts.x1", "$JS.API.DIRECT.GET.job-events.zester.audit.a.b",
    "$JS.ACK.KV_trust.c.1.1.1.1.1", "$JS.FC.x",
    "$SYS.>", "$SYS.REQ.CLAIMS.UPDATE", "$SYS.REQ.SERVER.PING", "$SYS.REQ.SERVER.PING.CONNZ",
    "$SYS.REQ.USER.INFO", "_INBOX.x1", "_INBOX.>", "_INBOX_master-1.x1", "_INBOX_other.x1",
    "_INBOX_other.>", "_R_.x1", "_R_.>",
)  # fmt: skip
"""What no peel and no operator may publish or subscribe to."""


async def tried(raw: Raw, probes: list[Probe]) -> dict[Probe, bool]:
    """Give what the server lets a user do."""
    allowed: dict[Probe, bool] = {}
    for probe in probes:
        sid = 0
        if probe.action == "publish":
            raw.publish(probe.subject, b"x")
        else:
            sid = raw.subscribe(probe.subject)
        errors = await raw.settle()
        assert all("Permissions Violation" in error for error in errors), (probe, errors)
        allowed[probe] = not errors
        if sid:
            raw.unsubscribe(sid)
    return allowed


async def check(bus: Bus, who: Credentials, expected: dict[Probe, bool]) -> None:
    async with await bus.raw(who) as raw:
        assert await tried(raw, list(expected)) == expected


def nothing_of(subjects: tuple[str, ...]) -> dict[Probe, bool]:
    # A wildcard is no subject to publish on; the server ends nothing for it, and denies nothing.
    probes = (probe for subject in subjects for probe in both(subject))
    return {probe: False for probe in probes if not is_wild(probe)}


def is_wild(probe: Probe) -> bool:
    words = probe.subject.split(".")
    return probe.action == "publish" and bool({"*", ">"} & set(words))


async def test_a_peel_speaks_and_hears_for_itself_alone(bus: Bus):
    expected = nothing_of(FOR_NOBODY_ABROAD)
    for row, name, subject in rows(OWN, OTHERS):
        mine = row.account == "PEELS" and (name == OWN or "{id}" not in row.subject)
        expected[Probe("publish", subject)] = mine and row.flow is Flow.TO_MASTERS
        expected[Probe("subscribe", subject)] = mine and row.flow is Flow.FROM_MASTERS
    expected |= {
        Probe("subscribe", f"_INBOX_{OWN}.x1"): True,
        Probe("subscribe", f"_INBOX_{OWN}.>"): True,
        Probe("publish", f"_INBOX_{OWN}.x1"): False,
    }

    await check(bus, bus.site.peel(PEEL).credentials, expected)


@pytest.mark.parametrize("role", OPERATOR_ROLES)
async def test_an_operator_asks_what_its_role_may_and_hears_its_own_pages(bus: Bus, role: Role):
    own, others = OPERATORS[role], tuple(n for n in OPERATORS.values() if n != OPERATORS[role])
    expected = nothing_of(FOR_NOBODY_ABROAD)
    for row, name, subject in rows(own, (*others, OWN)):
        mine = row.account == "OPS" and name == own
        verb = subject.rpartition(".")[2]
        asks = mine and row.flow is Flow.TO_MASTERS and verb in VERBS[role]
        expected[Probe("publish", subject)] = asks
        expected[Probe("subscribe", subject)] = mine and row.flow is Flow.FROM_MASTERS
    expected |= {
        Probe("subscribe", f"_INBOX_{own}.x1"): True,
        Probe("publish", f"_INBOX_{own}.x1"): False,
        Probe("subscribe", f"_INBOX_{others[0]}.x1"): False,
    }

    await check(bus, bus.site.operator(role), expected)


async def test_a_master_does_its_work_in_its_account_and_cannot_delete_a_stream(bus: Bus):
    expected: dict[Probe, bool] = {}
    for _, _, subject in rows(OWN, ("vera",)):
        expected[Probe("publish", subject)] = True
        expected[Probe("subscribe", subject)] = not subject.startswith("$JS.")
    expected |= {probe: True for subject in ("zester.>", "$KV.>") for probe in both(subject)}
    expected |= {
        Probe("subscribe", "_INBOX_master-1.>"): True,
        Probe("publish", "$JS.API.STREAM.CREATE.x"): True,
        Probe("publish", "$JS.API.STREAM.DELETE.x"): False,
        Probe("subscribe", "$JS.API.>"): False,
        Probe("subscribe", "$JS.EVENT.ADVISORY.>"): False,
        Probe("subscribe", "_INBOX_master-2.>"): False,
        Probe("subscribe", "_INBOX.>"): False,
        Probe("subscribe", "_R_.>"): False,
        Probe("subscribe", ">"): False,
        Probe("publish", "$SYS.REQ.CLAIMS.UPDATE"): False,
        Probe("publish", "$SYS.REQ.SERVER.PING.CONNZ"): False,
        Probe("subscribe", "$SYS.>"): False,
        Probe("publish", "other.subject"): False,
        Probe("subscribe", "other.subject"): False,
    }
    usable = {probe: may for probe, may in expected.items() if not is_wild(probe)}

    await check(bus, bus.site.master.credentials, usable)


def system(bus: Bus) -> dict[Probe, bool]:
    """Give what both SYS users are denied: all of the table, and most of SYS."""
    accounts = bus.site.master.commons.record.accounts
    subjects = [subject for _, _, subject in rows(OWN, ("vera",))]
    subjects += [
        "$SYS.REQ.SERVER.PING", "$SYS.REQ.SERVER.PING.VARZ", "$SYS.REQ.SERVER.PING.JSZ",
        "$SYS.REQ.SERVER.X.SHUTDOWN", "$SYS.REQ.SERVER.X.RELOAD", "$SYS.REQ.SERVER.X.KICK",
        "$SYS.REQ.CLAIMS.DELETE", "$SYS.REQ.ACCOUNT.X.CONNZ", "$SYS.REQ.USER.INFO",
        f"$SYS.ACCOUNT.{accounts['OPS']}.CONNECT", f"$SYS.ACCOUNT.{accounts['ZESTER']}.CONNECT",
        "$SYS.ACCOUNT.*.CONNECT", "$SYS.ACCOUNT.>", "$SYS.SERVER.*.CLIENT.AUTH.ERR", "$SYS.>", ">",
        "$JS.API.INFO", "_INBOX.x1", "_INBOX_other.x1",
    ]  # fmt: skip
    return nothing_of(tuple(subjects))


async def test_presence_sees_who_connects_and_does_nothing_else(bus: Bus):
    master = bus.site.master
    peels = master.commons.record.accounts["PEELS"]
    expected = system(bus) | {
        Probe("subscribe", f"$SYS.ACCOUNT.{peels}.CONNECT"): True,
        Probe("subscribe", f"$SYS.ACCOUNT.{peels}.DISCONNECT"): True,
        Probe("publish", f"$SYS.ACCOUNT.{peels}.DISCONNECT"): False,
        Probe("publish", "$SYS.REQ.SERVER.PING.CONNZ"): True,
        Probe("publish", "$SYS.REQ.CLAIMS.UPDATE"): False,
        Probe("subscribe", "_INBOX_presence-master-1.>"): True,
    }

    await check(bus, master.presence, expected)


async def test_the_user_that_pushes_accounts_does_nothing_else(bus: Bus):
    master = bus.site.master
    assert master.push is not None
    expected = system(bus) | {
        Probe("publish", "$SYS.REQ.CLAIMS.LIST"): True,
        Probe("publish", "$SYS.REQ.ACCOUNT.X.CLAIMS.LOOKUP"): True,
        Probe("publish", "$SYS.REQ.CLAIMS.UPDATE"): True,
        Probe("publish", "$SYS.REQ.SERVER.PING.CONNZ"): False,
        Probe("subscribe", "_INBOX_push-master-1.>"): True,
    }

    await check(bus, master.push, expected)


async def test_what_peels_and_operators_say_reaches_masters_under_their_name(bus: Bus):
    users = {
        "PEELS": (OWN, bus.site.peel(PEEL).credentials),
        "OPS": ("admin", bus.site.operator(Role.ADMIN)),
    }
    async with await bus.raw(bus.site.master.credentials) as master:
        for subject in ("zester.>", "$KV.>"):
            master.subscribe(subject)
        await master.settle()
        for row in TABLE:
            name, who = users[row.account]
            if row.flow is Flow.FROM_MASTERS or row.subject.startswith("$JS."):
                continue
            subject = next(concrete(row, name))
            async with await bus.raw(who) as raw:
                raw.publish(subject, b"said", reply=f"_INBOX_{name}.r")
                assert await raw.settle() == []
            heard = await master.next_on(subject)
            assert heard.data == b"said"
            # The reply is the server's own way back, never the subject that the sender chose.
            assert heard.reply.startswith("_R_.")


async def test_what_masters_say_reaches_whom_it_is_for_and_nobody_else(bus: Bus):
    peels = {name: bus.site.peel(name).credentials for name in (PEEL, "web-01")}
    async with (
        await bus.raw(bus.site.master.credentials) as master,
        await bus.raw(peels[PEEL]) as one,
        await bus.raw(peels["web-01"]) as two,
        await bus.raw(bus.site.operator(Role.VIEWER)) as vera,
        await bus.raw(bus.site.operator(Role.ADMIN)) as admin,
    ):
        for raw, name in ((one, OWN), (two, "web-01")):
            for subject in ("zester.cmd.all", f"zester.cmd.peel.{name}", "zester.note.*"):
                raw.subscribe(subject)
        vera.subscribe("zester.page.vera.*")
        admin.subscribe("zester.page.admin.*")
        listeners = (one, two, vera, admin)
        for raw in listeners:
            assert await raw.settle() == []

        said = (f"zester.cmd.peel.{OWN}", "zester.page.vera.r1", "zester.note.x", "zester.cmd.all")
        for subject in said:
            master.publish(subject, b"said")
        master.publish("zester.page.admin.end", b"")
        await master.settle()
        await one.next_on("zester.cmd.all")
        await two.next_on("zester.cmd.all")
        await vera.next_on("zester.page.vera.r1")
        await admin.next_on("zester.page.admin.end")

        for raw in listeners:
            await raw.settle()
        assert [message.subject for message in one.heard] == [said[0], "zester.note.x"]
        assert [message.subject for message in two.heard] == ["zester.note.x"]
        assert vera.heard == admin.heard == []
