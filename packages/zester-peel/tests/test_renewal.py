"""What a peel does with answers to its question for a new JWT."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from zester_master.site.users import DAY, peel_jwt
from zester_proto.codec import decode, encode
from zester_proto.identity.claims import UserClaims
from zester_proto.identity.creds import read_creds
from zester_proto.identity.jwt import box_of, read_jwt
from zester_proto.identity.nkeys import NKey
from zester_proto.identity.sealing import BoxKey
from zester_proto.identity.signing import SigningKey, sign
from zester_proto.link import Message
from zester_proto.messages.presence import Renew, Renewed
from zester_proto.permissions import Role
from zester_proto.subjects import RENEW_ALL
from zester_testing.peels import Peel, eventually
from zester_testing.raw_master import RawMaster
from zester_testing.site import Bus

ID = "aged-1"
Answers = Callable[[RawMaster, Renew], bytes]


def jwt(master: RawMaster, ask: Renew, *, key: str = "", box: bytes = b"", name: str = ID) -> str:
    claims = read_jwt(ask.jwt, UserClaims)
    return peel_jwt(
        master.identity.commons.record, master.identity.keys.scoped[Role.PEEL], time.time(),
        peel_id=name, public=key or claims.sub, box=box or box_of(claims),
        admitting=master.identity.keys.settings,
    )  # fmt: skip


def said(master: RawMaster, ask: Renew, text: str, nonce: bytes = b"", peel_id: str = ID) -> bytes:
    answer = Renewed(site=master.site, id=peel_id, nonce=nonce or ask.nonce, jwt=text)
    return master.signed("answer", answer)


def refusal(master: RawMaster, ask: Renew) -> bytes:
    answer = Renewed(site=master.site, id=ID, nonce=ask.nonce, refused="we know you not")
    return master.signed("answer", answer)


def by_another(master: RawMaster, ask: Renew) -> bytes:
    body = encode(Renewed(site=master.site, id=ID, nonce=ask.nonce, jwt=jwt(master, ask)))
    return encode(sign(SigningKey.generate(), "answer", master.site, body))


OTHER_KEY, OTHER_BOX = NKey.generate("user").public, BoxKey.generate().public
BAD: dict[str, tuple[Answers, str]] = {
    "a refusal": (refusal, "we know you not"),
    "another's key": (lambda m, a: said(m, a, jwt(m, a, key=OTHER_KEY)), "of no use"),
    "another box": (lambda m, a: said(m, a, jwt(m, a, box=OTHER_BOX)), "other keys"),
    "another name": (lambda m, a: said(m, a, jwt(m, a, name="other")), "another name"),
    "the same one": (lambda m, a: said(m, a, a.jwt), "not hold longer"),
    "another nonce": (lambda m, a: said(m, a, jwt(m, a), b"old"), "another question"),
    "another peel's": (lambda m, a: said(m, a, jwt(m, a), peel_id="other"), "another question"),
    "a stranger's": (by_another, "no master's"),
    "garbage": (lambda _m, _a: b"\xc1", "malformed"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_answer_is_a_condition_and_the_old_jwt_stays(
    bus: Bus, tmp_path: Path, name: str
) -> None:
    answers, reason = BAD[name]
    old = bus.site.peel(ID, now=time.time() - 20 * DAY).credentials
    async with RawMaster.up(bus) as master:

        async def answer(message: Message) -> None:
            await master.link.publish(message.reply, answers(master, decode(message.data, Renew)))

        subscription = await master.link.subscribe(RENEW_ALL, answer)
        await master.link.flush()
        with Peel.up(bus, ID, tmp_path) as peel:
            await eventually(lambda: told(peel, reason), f"a condition that says {reason!r}")

            assert (await master.run(peel.identity, "test.ping")).value is True
        await master.link.unsubscribe(subscription)

    assert read_creds(bus.site.peel_folder(ID) / "peel.creds").jwt == old.jwt


async def told(peel: Peel, reason: str) -> bool:
    return reason in (await asyncio.to_thread(peel.conditions)).get("not-renewed", "")
