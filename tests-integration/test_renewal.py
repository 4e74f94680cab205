"""A peel's JWT is renewed at half of its life, by a real master, for a real peel."""

import asyncio
import stat
import time
from pathlib import Path

import pytest

from zester_master.site.users import DAY, peel_jwt
from zester_proto.codec import decode, encode
from zester_proto.identity.creds import Credentials, read_creds
from zester_proto.identity.jwt import box_of
from zester_proto.identity.nkeys import NKey
from zester_proto.messages.presence import Renew, Renewed
from zester_proto.messages.trust import Signed
from zester_proto.permissions import Role
from zester_proto.subjects import peel_asks
from zester_testing.masters import Master, Operator, eventually
from zester_testing.peels import Peel
from zester_testing.raw_peel import RawPeel
from zester_testing.site import Bus, Site

LIFE = 12.0
"""Seconds of a short life: enough to start in, on a busy machine."""


def credentials(site: Site, peel_id: str) -> Credentials:
    return read_creds(site.peel_folder(peel_id) / "peel.creds")


async def test_a_jwt_past_its_half_is_renewed_and_nothing_else_changes(bus: Bus, tmp_path: Path):
    old = bus.site.peel("half-1", now=time.time() - 20 * DAY).credentials
    async with Master.up(bus) as master:
        with Peel.up(bus, "half-1", tmp_path) as peel:
            await eventually(lambda: credentials(bus.site, peel.id).jwt != old.jwt, "a new JWT")
            await master.sees(peel.id)
            async with Operator.up(bus) as operator:
                assert (await operator.run(peel.id)).outcomes == {peel.id: "ok"}

    new = credentials(bus.site, "half-1")
    assert new.claims.exp - new.claims.iat == 30 * DAY
    assert new.claims.iat >= old.claims.iat + 19 * DAY
    assert (new.name, new.key.public, new.claims.sub) == (old.name, old.key.public, old.claims.sub)
    assert box_of(new.claims) == box_of(old.claims)
    file = bus.site.peel_folder("half-1") / "peel.creds"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_peel_outlives_its_jwt(bus: Bus, tmp_path: Path):
    first = bus.site.peel("short-1", days=LIFE / DAY).credentials
    async with Master.up(bus) as master:
        with Peel.up(bus, "short-1", tmp_path) as peel:
            await eventually(lambda: credentials(bus.site, peel.id).jwt != first.jwt, "a new JWT")
            # the server ends a connection when its JWT does
            await eventually(lambda: peel.lines("disconnected"), "the first JWT ends")
            await eventually(lambda: len(peel.lines("connected")) >= 2, "it comes back")
            await master.sees(peel.id)
            async with Operator.up(bus) as operator:
                assert (await operator.run(peel.id)).outcomes == {peel.id: "ok"}

    assert credentials(bus.site, "short-1").claims.exp > first.claims.exp


def made(
    bus: Bus,
    peel_id: str,
    key: str,
    *,
    now: float,
    signer: NKey | None = None,
    admitting: bytes = b"",
) -> str:
    master, box = bus.site.master, bus.site.peel("asks-1").box.public
    return peel_jwt(
        master.commons.record, signer or master.keys.scoped[Role.PEEL], now,
        peel_id=peel_id, public=key, box=box, admitting=admitting or master.keys.settings,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("another's", "not of 'asks-1'"),
        ("expired", "expired"),
        ("by another key", "may not do so"),
        ("by no master", "no master admitted"),
        ("cut", "not a JWT"),
    ],
)
async def test_only_a_present_jwt_of_its_own_is_renewed(bus: Bus, what: str, reason: str):
    identity = bus.site.peel("asks-1")
    key, now = identity.credentials.key.public, time.time()
    jwt = {
        "another's": made(bus, "asks-2", key, now=now),
        "expired": made(bus, "asks-1", key, now=now - 31 * DAY),
        "by another key": made(bus, "asks-1", key, now=now, signer=NKey.generate("account")),
        "by no master": made(bus, "asks-1", key, now=now, admitting=b"the settings key of nobody"),
        "cut": identity.credentials.jwt[:-200],
    }[what]
    async with Master.up(bus), RawPeel.up(bus, "asks-1") as peel:
        renewed = await asked(peel, jwt)

    assert reason in renewed.refused
    assert renewed.jwt == ""


async def test_a_question_that_is_none_gets_no_answer_and_the_next_one_does(bus: Bus):
    async with Master.up(bus) as master, RawPeel.up(bus, "asks-1") as peel:
        await peel.link.publish(peel_asks(peel.id, "renew"), b"\xc1")
        await peel.link.publish(peel_asks(peel.id, "renew"), b"x" * 20_000)
        renewed = await asked(peel, peel.identity.credentials.jwt)
        assert renewed.refused == ""
        assert master.metric('zester_dropped_total{reason="renew"}') == 2


async def asked(peel: RawPeel, jwt: str) -> Renewed:
    question = encode(Renew(nonce=b"n", jwt=jwt))
    async with asyncio.timeout(30):
        answer = await peel.link.request(peel_asks(peel.id, "renew"), question, seconds=30)
    signed = decode(answer.data, Signed)
    return decode(peel.identity.trust.verify_master(signed, "answer")[0], Renewed)
