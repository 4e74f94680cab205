"""What a master says to requests that are none, and that it goes on with the right ones."""

import time
from typing import Any, NamedTuple

import msgspec

from zester_proto.codec import Raw, decode, encode, pack
from zester_proto.identity.signing import SigningKey, sign
from zester_proto.ids import new_request_id
from zester_proto.messages.operators import Answer, Request, TargetAsk
from zester_proto.messages.trust import Signed
from zester_proto.permissions import Role
from zester_proto.subjects import ack, api, heartbeat, peel_asks
from zester_testing.masters import Master, Operator, eventually
from zester_testing.raw_peel import RawPeel
from zester_testing.site import Bus

VERB = "target"


def request(here: str, /, **changes: Any) -> Request:
    now = time.time()
    fields: dict[str, Any] = {
        "site": here,
        "id": new_request_id(),
        "verb": VERB,
        "issued": now,
        "expires": now + 30,
        "arguments": Raw(encode(TargetAsk(target="*"))),
    }
    return Request(**fields | changes)


class Case(NamedTuple):
    """A wrong request, and what is said to it."""

    data: bytes
    code: str
    text: str


def deep(levels: int) -> bytes:
    return b"\x91" * levels + b"\xc0"


def signed(here: str, key: SigningKey, /, **changes: Any) -> bytes:
    return encode(sign(key, "request", here, encode(request(here, **changes))))


def not_requests(site: str, key: SigningKey) -> dict[str, Case]:
    signed_none = encode(sign(key, "request", site, deep(50_000)))
    return {
        "nothing": Case(b"", "usage", "not a request"),
        "no msgpack": Case(b"\xc1\xff\x00", "usage", "not a request"),
        "too deep": Case(deep(100_000), "usage", "not a request"),
        "too large": Case(pack("x" * 500_000), "usage", "not a request"),
        "a body that is none": Case(signed_none, "usage", "not a request"),
        "arguments too deep": Case(signed(site, key, arguments=Raw(deep(500))), "usage", "do"),
    }


def of_somebody_else(site: str, key: SigningKey) -> dict[str, Case]:
    body, right = encode(request(site)), sign(key, "request", site, encode(request(site)))
    texts = {
        "another's signature": signed(site, SigningKey.generate()),
        "no signature": encode(msgspec.structs.replace(right, sig=b"")),
        "another body": encode(msgspec.structs.replace(right, body=body)),
        "signed as a page": encode(sign(key, "page", site, body)),
        "signed for another site": encode(sign(key, "request", "0" * 32, body)),
    }
    return {name: Case(data, "role", "not signed by admin") for name, data in texts.items()}


def out_of_place(site: str, key: SigningKey) -> dict[str, Case]:
    other_site = signed(site, key, site="0" * 32)
    other_verb = signed(site, key, verb="run")
    return {
        "another site inside": Case(other_site, "usage", "is for site 000"),
        "another verb": Case(other_verb, "usage", "a request to run came as one to target"),
        "no id": Case(signed(site, key, id="../../etc"), "usage", "no valid id"),
    }


def out_of_time(site: str, key: SigningKey) -> dict[str, Case]:
    now = time.time()
    old = signed(site, key, issued=now - 3600, expires=now - 3570)
    early = signed(site, key, issued=now + 86_400, expires=now + 86_430)
    life = "lives 60 s at most"
    return {
        "an hour old": Case(old, "stale", "+36"),
        "of tomorrow": Case(early, "stale", "-86"),
        "for a year": Case(signed(site, key, expires=now + 3e7), "usage", life),
        "for ever": Case(signed(site, key, expires=float("inf")), "usage", life),
        "no time": Case(signed(site, key, issued=float("nan")), "usage", life),
    }


async def answered(operator: Operator, data: bytes, verb: str = VERB) -> Answer:
    message = await operator.client.link.request(api("admin", verb), data, seconds=20)
    body = operator.client.trust.verify_master(decode(message.data, Signed), "answer")[0]
    return decode(body, Answer)


async def test_what_is_no_request_gets_one_clear_no_and_the_next_one_is_answered(bus: Bus):
    key = SigningKey.from_seed(bus.site.operator(Role.ADMIN).key.seed)
    async with Master.up(bus) as master, Operator.up(bus) as operator:
        site = operator.client.site
        cases = (
            not_requests(site, key)
            | of_somebody_else(site, key)
            | out_of_place(site, key)
            | out_of_time(site, key)
        )
        for name, case in cases.items():
            answer = await answered(operator, case.data)
            assert answer.problem is not None, name
            assert (answer.problem.code, case.text in answer.problem.text) == (case.code, True), (
                name,
                answer.problem,
            )
        assert (await answered(operator, signed(site, key))).problem is None
        assert master.conditions() == {}


async def test_a_replayed_request_gets_the_same_words_and_does_nothing(bus: Bus):
    key = SigningKey.from_seed(bus.site.operator(Role.ADMIN).key.seed)
    async with Master.up(bus) as master, RawPeel.up(bus, "replay-1") as peel:
        await master.sees(peel.id)
        async with Operator.up(bus) as operator:
            ask = operator.ask(peel.id, "test.ping", follow=False)
            data = signed(operator.client.site, key, verb="run", arguments=Raw(encode(ask)))
            first = await answered(operator, data, "run")
            told = await operator.follow(ask.jid)
            again = await answered(operator, data, "run")

            assert first.problem is None
            assert encode(again) == encode(first)
            assert told.outcomes == {peel.id: "ok"}
            assert [job.jid for job in peel.jobs] == [ask.jid]


async def test_what_a_peel_says_wrongly_is_dropped_counted_and_harms_nobody(bus: Bus):
    async with (
        Master.up(bus) as master,
        RawPeel.up(bus, "rubbish-1") as peel,
        RawPeel.up(bus, "steady-1") as other,
    ):
        await master.sees(peel.id, other.id)
        jid = "0" * 27
        for rubbish in (b"", b"\xc1", deep(100_000), pack({"v": 99}), b"\x00" * 100_000):
            for subject in (
                heartbeat(peel.id), peel_asks(peel.id, "hello"), ack(jid, peel.id)
            ):  # fmt: skip
                await peel.link.publish(subject, rubbish)
        await peel.link.flush()

        def dropped() -> bool:
            counts = [
                master.metric(f'zester_dropped_total{{reason="{reason}"}}')
                for reason in ("heartbeat", "hello")
            ]
            return counts == [5, 5]

        await eventually(dropped, "all of it is counted")
        async with Operator.up(bus) as operator:
            told = await operator.run(f"L@{peel.id},{other.id}")
        assert told.outcomes == {peel.id: "ok", other.id: "ok"}
