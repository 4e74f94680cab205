"""What pushes of account JWTs do on the real server, and who may push."""

import json
import time

from zester_master.site.accounts import account_jwt
from zester_proto.identity.creds import Credentials
from zester_proto.identity.keyfile import read_seed
from zester_proto.identity.nkeys import NKey
from zester_testing.raw import Raw, Refused
from zester_testing.site import Bus

UPDATE = "$SYS.REQ.CLAIMS.UPDATE"


async def push(bus: Bus, jwt: str) -> int:
    master = bus.site.master
    assert master.push is not None
    async with await bus.raw(master.push) as raw:
        answer = await raw.request(UPDATE, jwt.encode(), inbox="_INBOX_push-master-1")
    said = json.loads(answer.data)
    return said.get("data", said.get("error"))["code"]


def peels(bus: Bus, *, issued: int, **revoked: Credentials) -> str:
    signer = read_seed(bus.site.auth.operator_signer, "operator")
    revocations = {who.key.public: issued for who in revoked.values()}
    record = bus.site.master.commons.record
    return account_jwt(record, "PEELS", signer, issued=issued, revocations=revocations)


async def gets_in(bus: Bus, who: Credentials) -> bool:
    try:
        raw = await bus.raw(who)
    except Refused:
        return False
    await raw.close()
    return True


async def test_a_revoked_peel_is_cut_off_and_stays_out_when_the_server_restarts(own_bus: Bus):
    bad, good = (own_bus.site.peel(name).credentials for name in ("bad", "good"))
    now = int(time.time()) + 1
    async with await own_bus.raw(bad) as cut, await own_bus.raw(good) as kept:
        assert await push(own_bus, peels(own_bus, issued=now, bad=bad)) == 200
        assert "User Authentication Revoked" in await cut.closed()
        assert await kept.settle() == []
    assert not await gets_in(own_bus, bad)
    assert await gets_in(own_bus, good)

    own_bus.server.stop()
    own_bus.server.start_again()

    # The preload in accounts.conf is older than what was pushed, and must not undo it.
    assert not await gets_in(own_bus, bad)
    assert await gets_in(own_bus, good)


async def test_the_server_takes_an_older_account_so_nobody_but_the_push_user_may_push(own_bus: Bus):
    """The hazard for which accounts are verified before a push and compared after it."""
    bad = own_bus.site.peel("bad").credentials
    now = int(time.time()) + 1
    old = peels(own_bus, issued=now - 10)
    await push(own_bus, peels(own_bus, issued=now, bad=bad))
    assert not await gets_in(own_bus, bad)

    master = own_bus.site.master
    for who in (master.credentials, master.presence, own_bus.site.peel("evil").credentials):
        async with await own_bus.raw(who) as raw:
            raw.publish(UPDATE, old.encode())
            assert "Permissions Violation" in (await raw.settle())[0]
    assert not await gets_in(own_bus, bad)

    assert await push(own_bus, old) == 200
    assert await gets_in(own_bus, bad)


def wrongly_signed(bus: Bus, signer: NKey) -> str:
    record = bus.site.master.commons.record
    return account_jwt(record, "PEELS", signer, issued=int(time.time()) + 1)


async def test_an_account_that_the_operators_identity_signed_is_refused(own_bus: Bus):
    identity = read_seed(own_bus.site.offline.operator_seed, "operator")

    assert await push(own_bus, wrongly_signed(own_bus, identity)) != 200
    assert await gets_in(own_bus, own_bus.site.peel("web-01").credentials)


async def test_an_account_that_a_stranger_signed_locks_out_at_the_next_load_until_the_right_one(
    own_bus: Bus,
):
    """The hazard for which masters compare what every server holds each minute (bus.md 8)."""
    one, two = (own_bus.site.peel(name).credentials for name in ("one", "two"))
    async with await own_bus.raw(one) as kept:
        stranger = wrongly_signed(own_bus, NKey.generate("operator"))
        assert await push(own_bus, stranger) == 200
        assert await kept.settle() == []
        assert await gets_in(own_bus, two)

    own_bus.server.stop()
    own_bus.server.start_again()
    assert not await gets_in(own_bus, two)

    assert await push(own_bus, peels(own_bus, issued=int(time.time()) + 2)) == 200
    assert await gets_in(own_bus, two)


async def test_a_peel_that_comes_and_goes_is_seen_by_presence(own_bus: Bus):
    peel, master = own_bus.site.peel("web-01").credentials, own_bus.site.master
    account = master.commons.record.accounts["PEELS"]
    async with await own_bus.raw(master.presence) as presence:
        for what in ("CONNECT", "DISCONNECT"):
            presence.subscribe(f"$SYS.ACCOUNT.{account}.{what}")
        assert await presence.settle() == []
        raw: Raw = await own_bus.raw(peel)
        came = json.loads((await presence.next_on(f"$SYS.ACCOUNT.{account}.CONNECT")).data)
        asked = json.dumps({"auth": True, "acc": account, "limit": 100}).encode()
        connz = json.loads(
            (
                await presence.request(
                    "$SYS.REQ.SERVER.PING.CONNZ", asked, inbox="_INBOX_presence-master-1"
                )
            ).data
        )
        await raw.close()
        went = json.loads((await presence.next_on(f"$SYS.ACCOUNT.{account}.DISCONNECT")).data)

    assert came["client"]["user"] == went["client"]["user"] == peel.key.public
    assert [one["authorized_user"] for one in connz["data"]["connections"]] == [peel.key.public]
