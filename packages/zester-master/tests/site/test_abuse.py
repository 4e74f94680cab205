"""Every abuse that subject permissions alone do not stop, against every bucket and stream."""

import json
from collections.abc import AsyncGenerator

import pytest

from zester_proto.buckets import BUCKETS
from zester_proto.codec import decode
from zester_proto.errors import CodecError
from zester_proto.messages.trust import Signed
from zester_proto.permissions import (
    PEEL_PAYLOAD,
    PEEL_SUBSCRIPTIONS,
    READABLE,
    TABLE,
    Flow,
    Role,
)
from zester_testing.raw import Heard, Raw
from zester_testing.site import Bus
from zester_testing.stores import INBOX, ask, make_stores_of, put, stored

EVIL = "_INBOX_evil"
ABROAD = [
    *(f"$KV.{bucket.name}.victim" for bucket in BUCKETS),
    *(f"$KV.{bucket.name}.victim.x" for bucket in BUCKETS),
    "$KV.job-returns.x1.victim", "$KV.secrets.evil", "zester.job.x.closed", "zester.audit.a.b",
    "zester.event.victim.a", "zester.event.evil.a", "zester.api.admin.run", "zester.api.vera.run",
    "zester.ack.x1.victim", "zester.hb.victim", "zester.peel.victim.hello", "zester.masters",
    "zester.page.admin.r1", "zester.page.vera.r1", "zester.note.trust",
    "$JS.API.STREAM.PURGE.KV_facts", "$JS.API.STREAM.DELETE.KV_facts", "$JS.API.STREAM.LIST",
    "$SYS.REQ.CLAIMS.UPDATE", "_INBOX_master-1.x", "_INBOX_admin.x",
]  # fmt: skip
"""Reply subjects that an attacker names so that the server itself writes there."""

COMMANDS = ("zester.cmd.peel.victim", "zester.cmd.all")


@pytest.fixture(scope="module")
def stores(bus: Bus) -> Bus:
    """The bus of this file, with every bucket and stream and something of a victim in each."""
    make_stores_of(bus)
    return bus


@pytest.fixture
async def master(stores: Bus) -> AsyncGenerator[Raw]:
    async with await stores.raw(stores.site.master.credentials) as raw:
        yield raw


@pytest.fixture
async def evil(stores: Bus) -> AsyncGenerator[Raw]:
    async with await stores.raw(stores.site.peel("evil").credentials) as raw:
        yield raw


class Watch:
    """Whoever would notice if something forged came through."""

    def __init__(self, master: Raw, victim: Raw, admin: Raw) -> None:
        self.master, self.victim, self.admin = master, victim, admin

    async def listen(self) -> None:
        for subject in ("zester.>", "$KV.>", f"{INBOX}.x"):
            self.master.subscribe(subject)
        for subject in COMMANDS:
            self.victim.subscribe(subject)
        for subject in ("zester.page.admin.*", "_INBOX_admin.>"):
            self.admin.subscribe(subject)
        for raw in (self.master, self.victim, self.admin):
            assert await raw.settle() == []

    async def heard(self) -> tuple[set[str], list[Heard], list[Heard]]:
        """Give the subjects that the master heard, and what the victim and the admin heard."""
        for raw in (self.master, self.victim, self.admin):
            assert await raw.settle() == []
        return {one.subject for one in self.master.heard}, self.victim.heard, self.admin.heard


@pytest.fixture
async def watch(stores: Bus) -> AsyncGenerator[Watch]:
    site = stores.site
    async with (
        await stores.raw(site.master.credentials) as master,
        await stores.raw(site.peel("victim").credentials) as victim,
        await stores.raw(site.operator(Role.ADMIN)) as admin,
    ):
        watch = Watch(master, victim, admin)
        await watch.listen()
        yield watch


def is_droppable(message: Heard) -> bool:
    """Say whether a peel knows at sight that this is no command: by its header, or its bytes."""
    if "Nats-Stream:" in message.headers or message.headers.startswith("NATS/1.0 "):
        return True
    with pytest.raises(CodecError):
        decode(message.data, Signed)
    return True


@pytest.mark.parametrize(
    ("subject", "writes"),
    [
        ("$KV.facts.evil", {"KV_facts"}),
        ("$KV.basket.evil.x", {"KV_basket"}),
        ("$KV.update-status.evil.x", {"KV_update-status"}),
        ("$KV.job-returns.x9.evil", {"KV_job-returns"}),
        ("zester.event.evil.x", {"events"}),
        ("$JS.API.DIRECT.GET.KV_secrets.$KV.secrets.evil", set[str]()),
        *((f"$JS.API.DIRECT.GET.KV_{b}.$KV.{b}.victim", set[str]()) for b in READABLE),
        *((f"$JS.API.DIRECT.GET.KV_{b}.$KV.{b}.none", set[str]()) for b in READABLE),
    ],
)
async def test_a_reply_subject_of_a_peels_choosing_writes_nothing_anywhere(
    master: Raw, evil: Raw, watch: Watch, subject: str, writes: set[str]
):
    before = await stored(master)
    for target in (*ABROAD, *COMMANDS):
        evil.publish(subject, b'{"forged":true}', reply=target)
    assert await evil.settle() == []
    await evil.request(subject, b"last", inbox=EVIL)  # answered after all that came before

    after = await stored(master)
    assert {name for name in after if after[name] != before[name]} <= writes
    for name in writes:
        new = after[name].subjects.keys() - before[name].subjects.keys()
        assert new <= {subject}
    heard, victim, admin = await watch.heard()
    assert heard <= {subject}
    assert admin == []
    assert {one.subject for one in victim} <= set(COMMANDS)
    assert all(is_droppable(one) for one in victim), victim


async def test_what_masters_answer_lands_in_no_other_account(master: Raw, evil: Raw, watch: Watch):
    before, subject = await stored(master), "zester.peel.evil.hello"
    targets = (*ABROAD, *COMMANDS)
    for target in targets:
        evil.publish(subject, b"hello", reply=target)
    await evil.settle()
    for _ in targets:
        asked = await watch.master.next_on(subject)
        watch.master.publish(asked.reply, b"answer")
    await watch.master.settle()
    await watch.victim.next_on(COMMANDS[-1])

    assert await stored(master) == before
    heard, victim, admin = await watch.heard()
    assert (heard, admin) == (set(), [])
    assert all(is_droppable(one) for one in victim)


async def test_a_reply_subject_of_an_operators_choosing_writes_nothing_anywhere(
    stores: Bus, master: Raw, watch: Watch
):
    before, subject = await stored(master), "zester.api.vera.whoami"
    async with await stores.raw(stores.site.operator(Role.VIEWER)) as vera:
        for target in (*ABROAD, *COMMANDS):
            vera.publish(subject, b"whoami", reply=target)
        await vera.settle()
        for _ in (*ABROAD, *COMMANDS):
            asked = await watch.master.next_on(subject)
            watch.master.publish(asked.reply, b"answer")
        await watch.master.settle()
        await watch.admin.next_on("zester.page.admin.r1")

    assert await stored(master) == before
    heard, victim, admin = await watch.heard()
    assert (heard, victim) == (set(), [])
    # What operators share is an account: a master's own answer may land on another's pages, where
    # its signature is that of an answer and not of a page.
    assert {one.data for one in admin} <= {b"answer"}


OWN_KEYS = [
    "$KV.facts.evil",
    "$KV.basket.evil.x",
    "$KV.update-status.evil.x",
    "$KV.job-returns.x2.evil",
    "$KV.job-returns.x2.evil.1",
    "zester.event.evil.x",
]


def test_the_keys_that_a_peel_writes_are_those_of_the_table():
    stores = {
        row.subject.replace("{id}", "evil").replace("jobs.*", "x").split(".evil")[0]
        for row in TABLE
        if row.account == "PEELS" and row.flow is Flow.TO_MASTERS
        if row.subject.startswith(("$KV.", "zester.event."))
    }
    assert {key.split(".evil")[0].replace(".x2", ".*") for key in OWN_KEYS} == stores


@pytest.mark.parametrize("subject", OWN_KEYS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Nats_Rollup": "all"},
        {"Nats_Rollup": "sub"},
        {"Nats_TTL": "1s"},
        {"Nats_Incr": "+1"},
        {"Nats_Batch_Id": "b", "Nats_Batch_Sequence": "1", "Nats_Batch_Commit": "1"},
        {"Nats_Schedule": "@at 2020-01-01T00:00:00Z", "Nats_Schedule_Target": "$KV.facts.victim"},
    ],
    ids=lambda headers: next(iter(headers)),
)
async def test_a_header_that_reaches_beyond_its_message_is_refused(
    master: Raw, evil: Raw, subject: str, headers: dict[str, str]
):
    before = await stored(master)

    ack = await put(evil, subject, b"1", EVIL, **headers)

    assert "error" in ack, ack
    assert await stored(master) == before


async def test_message_ids_of_one_peel_drop_nothing_of_another(stores: Bus, evil: Raw):
    ids = [f"x3.victim.{n}" for n in range(20)]
    for name in ids:
        evil.publish("$KV.facts.evil", b"poison", reply=f"{EVIL}.z", Nats_Msg_Id=name)
    await evil.settle()
    async with await stores.raw(stores.site.peel("victim").credentials) as victim:
        ack = await put(victim, "$KV.facts.victim", b"mine", "_INBOX_victim")
    assert ack["stream"] == "KV_facts"
    assert "duplicate" not in ack


async def test_a_return_is_written_once_whatever_its_writer_tries(master: Raw, evil: Raw):
    key = "$KV.job-returns.x4.evil"
    assert "error" not in await put(evil, key, b"first", EVIL)

    for headers in ({}, {"KV_Operation": "DEL"}, {"KV_Operation": "PURGE"}):
        ack = await put(evil, key, b"second", EVIL, **headers)
        assert ack["error"]["err_code"] == 10077
    ack = await put(evil, key, b"", EVIL, KV_Operation="PURGE", Nats_Rollup="sub")
    assert ack["error"]["err_code"] == 10111
    assert (await stored(master))["KV_job-returns"].subjects[key] == 1


async def test_a_trace_tells_nobody_anything(master: Raw, evil: Raw, watch: Watch):
    before = await stored(master)
    for target in {*ABROAD, *COMMANDS} - {"zester.event.evil.a"}:
        evil.publish("zester.hb.evil", b"x", Nats_Trace_Dest=target, Nats_Trace_Only="true")
        evil.publish("zester.hb.evil", b"x", traceparent="00-1-1-01", Nats_Trace_Dest=target)
    errors = await evil.settle()
    assert all("Permissions Violation" in one for one in errors)

    assert await stored(master) == before
    heard, victim, admin = await watch.heard()
    assert heard <= {"zester.hb.evil"}
    assert (victim, admin) == ([], [])


@pytest.mark.parametrize(
    "body",
    [
        {"seq": 1},
        {"last_by_subj": "$KV.secrets.victim"},
        {"next_by_subj": "$KV.secrets.>", "seq": 1},
        {"multi_last": ["$KV.secrets.>"]},
        {"batch": 100, "seq": 1, "next_by_subj": ">"},
    ],
    ids=lambda body: next(iter(body)),
)
async def test_the_body_of_a_read_widens_it_nowhere(evil: Raw, body: dict[str, object]):
    data = json.dumps(body).encode()
    for subject in (
        "$JS.API.DIRECT.GET.KV_secrets.$KV.secrets.evil",
        "$JS.API.DIRECT.GET.KV_trust.$KV.trust.victim",
    ):
        answer = await evil.request(subject, data, inbox=EVIL)
        assert answer.headers.startswith("NATS/1.0 408"), answer
        assert answer.data == b""


async def test_a_peel_reads_its_own_secret_and_says_so_in_the_answer(master: Raw, evil: Raw):
    await put(master, "$KV.secrets.evil", b"mine", INBOX)
    subject = "$JS.API.DIRECT.GET.KV_secrets.$KV.secrets.evil"

    answer = await evil.request(subject, inbox=EVIL)

    assert answer.data == b"mine"
    assert "Nats-Subject: $KV.secrets.evil\r\n" in answer.headers


async def test_an_empty_last_word_reads_nothing_else(evil: Raw):
    for bucket in READABLE:
        subject = f"$JS.API.DIRECT.GET.KV_{bucket}.$KV.secrets.victim"
        evil.publish(subject, reply=f"{EVIL}.z")
        assert len(await evil.settle()) == 1


async def test_no_peel_ever_held_a_consumer(master: Raw, evil: Raw):
    for bucket in READABLE:
        for what in (f"CREATE.KV_{bucket}", f"CREATE.KV_{bucket}.c.$KV.{bucket}.>"):
            body = {"stream_name": f"KV_{bucket}", "config": {"deliver_subject": COMMANDS[0]}}
            evil.publish(f"$JS.API.CONSUMER.{what}", json.dumps(body).encode(), reply=f"{EVIL}.z")
    assert len(await evil.settle()) == 2 * len(READABLE)
    for bucket in BUCKETS:
        assert (await ask(master, f"STREAM.INFO.KV_{bucket.name}"))["state"]["consumer_count"] == 0


async def test_acks_of_a_masters_puts_cannot_be_forged(master: Raw, evil: Raw):
    for subject in ("$KV.secrets.evil", "$KV.secrets.>", "_INBOX_master-1.>", "_R_.>"):
        evil.subscribe(subject)
        evil.publish("_INBOX_master-1.1", b'{"stream":"KV_secrets","seq":9}')
    assert len(await evil.settle()) == 8

    ack = await put(
        master, "$KV.secrets.evil", b"x", INBOX, Nats_Expected_Last_Subject_Sequence="999"
    )
    assert ack["error"]["err_code"] == 10071
    assert evil.heard == []


async def test_a_message_too_large_ends_the_peels_connection(evil: Raw):
    evil.publish("$KV.facts.evil", bytes(PEEL_PAYLOAD + 1))
    assert "Maximum Payload Violation" in await evil.closed()


async def test_a_message_of_the_size_allowed_passes_the_peels_limit(evil: Raw):
    evil.publish("zester.hb.evil", bytes(PEEL_PAYLOAD))
    assert await evil.settle() == []


async def test_more_subscriptions_than_a_peel_needs_are_refused(evil: Raw):
    for n in range(PEEL_SUBSCRIPTIONS):
        evil.subscribe(f"{EVIL}.{n}")
    assert await evil.settle() == []
    evil.subscribe(f"{EVIL}.more")
    assert await evil.settle() == ["maximum subscriptions exceeded"]


async def test_values_beyond_a_buckets_limits_are_refused_and_nothing_else_is_lost(
    master: Raw, evil: Raw
):
    before = await stored(master)
    for subject, size in (
        ("$KV.facts.evil", 192 * 1024 + 1),
        ("$KV.update-status.evil.x", 16 * 1024 + 1),
        ("$KV.basket.evil.x", 256 * 1024 + 1),
        ("zester.event.evil.x", 64 * 1024 + 1),
    ):
        ack = await put(evil, subject, bytes(size), EVIL)
        assert ack["error"]["err_code"] == 10054, ack
    assert await stored(master) == before


async def test_a_peel_named_like_the_first_word_of_another_does_not_reach_it(stores: Bus):
    async with await stores.raw(stores.site.peel("web").credentials) as web:
        for subject in (
            "$KV.basket.web=2Eexample.x",
            "$KV.basket.web.example.x",
            "$KV.facts.web.example",
            "zester.hb.web.example",
            "zester.hb.web=2Eexample",
        ):
            web.publish(subject, b"x")
            assert len(await web.settle()) == 1, subject
