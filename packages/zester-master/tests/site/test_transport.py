"""No way in without TLS 1.3, the site's CA, and a JWT that holds, on the real server."""

import asyncio
import ssl
import time
from typing import Any

import msgspec
import pytest

from zester_master.site.users import master_user, operator_jwt, peel_jwt
from zester_proto.identity.claims import Subjects, UserClaims
from zester_proto.identity.creds import Credentials, make_credentials
from zester_proto.identity.jwt import read_jwt, sign_jwt
from zester_proto.identity.keyfile import read_seed
from zester_proto.identity.nkeys import NKey
from zester_proto.permissions import Role
from zester_testing.raw import Raw, Refused
from zester_testing.site import Bus, tls_context

NOW = time.time()


async def test_tls_1_3_with_the_sites_ca_connects(bus: Bus):
    async with await Raw.open(bus.server.port, bus.tls()) as raw:
        assert raw.info["auth_required"]
        assert raw.info["max_payload"] == 8 * 1024 * 1024


async def test_tls_1_2_is_refused_by_the_protocol(bus: Bus):
    old = tls_context(bus.site.ca)
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError, match=r"(?i)protocol.version"):
        await Raw.open(bus.server.port, old)


async def test_a_plain_connection_hears_nothing_not_even_who_the_server_is(bus: Bus):
    reader, writer = await asyncio.open_connection("127.0.0.1", bus.server.port)
    writer.write(b'CONNECT {"verbose":false}\r\nPING\r\n')
    said = await reader.read()
    writer.close()

    assert b"INFO" not in said
    assert b"PONG" not in said


async def test_a_server_with_another_ca_is_not_spoken_to(bus: Bus):
    with pytest.raises(ssl.SSLCertVerificationError):
        await Raw.open(bus.server.port, ssl.create_default_context())


async def test_nobody_gets_in_without_credentials(bus: Bus):
    with pytest.raises(Refused, match="Authorization Violation"):
        await bus.raw(None)
    for words in ({"user": "admin", "pass": "admin"}, {"auth_token": "x"}):
        with pytest.raises(Refused, match="Authorization Violation"):
            await bus.raw(None, **words)


async def test_a_jwt_without_its_key_does_not_get_in(bus: Bus):
    peel = bus.site.peel("web-01").credentials
    with pytest.raises(Refused, match="Authorization Violation"):
        await bus.raw(peel._replace(key=NKey.generate("user")))
    with pytest.raises(Refused, match="Authorization Violation"):
        await bus.raw(None, jwt=peel.jwt)
    with pytest.raises(Refused, match="Authorization Violation"):
        await bus.raw(None, jwt=peel.jwt, nkey=peel.key.public)


def resigned(who: Credentials, signer: NKey, **changes: Any) -> Credentials:
    claims = msgspec.structs.replace(who.claims, **changes)
    return make_credentials(sign_jwt(claims, signer), who.key)


async def test_a_jwt_that_another_key_signed_does_not_get_in(bus: Bus):
    peel = bus.site.peel("web-01").credentials
    site, offline = bus.site.auth, bus.site.offline
    wrong = [
        NKey.generate("account"),
        read_seed(site.scoped_seed(Role.ADMIN), "account"),
        read_seed(offline.signer_seed("ZESTER"), "account"),
        read_seed(offline.account_seed("ZESTER"), "account"),
    ]
    for signer in wrong:
        with pytest.raises(Refused, match="Authorization Violation"):
            await bus.raw(resigned(peel, signer))


async def test_the_identity_of_an_account_signs_no_users(bus: Bus):
    for account in ("PEELS", "ZESTER", "SYS"):
        signer = read_seed(bus.site.offline.account_seed(account), "account")
        made = master_user(bus.site.master.commons.record, "m-9", signer, NOW)
        nats = made.claims.nats
        bare = resigned(made, signer, nats=type(nats)(type="user", version=2))
        with pytest.raises(Refused, match="Authorization Violation"):
            await bus.raw(bare)


async def test_rights_beside_the_template_of_a_scoped_key_do_not_get_in(bus: Bus):
    peel = bus.site.peel("web-01").credentials
    signer = read_seed(bus.site.auth.scoped_seed(Role.PEEL), "account")
    replace, nats = msgspec.structs.replace, peel.claims.nats
    for wrong in (
        replace(nats, pub=Subjects(allow=(">",))),
        replace(nats, subs=-1),
        replace(nats, bearer_token=True),
    ):
        more = resigned(peel, signer, nats=wrong)
        with pytest.raises(Refused, match="Authorization Violation"):
            await bus.raw(more)


async def test_an_expired_jwt_does_not_get_in(bus: Bus):
    record, auth = bus.site.master.commons.record, bus.site.auth
    key = NKey.generate("user")
    old = NOW - 40 * 86_400
    peel = read_seed(auth.scoped_seed(Role.PEEL), "account")
    viewer = read_seed(auth.scoped_seed(Role.VIEWER), "account")
    for jwt in (
        peel_jwt(
            record, peel, old, peel_id="web-09", public=key.public, box=bytes(32), admitting=b"k"
        ),
        operator_jwt(record, viewer, old, name="old", public=key.public, days=30),
    ):
        with pytest.raises(Refused, match=r"Authorization Violation|Authentication Expired"):
            await bus.raw(make_credentials(jwt, key))


async def test_a_jwt_that_ends_takes_its_connection_along(bus: Bus):
    who = bus.site.peel("web-01").credentials
    signer = read_seed(bus.site.auth.scoped_seed(Role.PEEL), "account")
    short = resigned(who, signer, exp=int(time.time()) + 2)
    async with await bus.raw(short) as raw:
        assert "User Authentication Expired" in await raw.closed()


async def test_a_peel_reads_no_more_than_its_name_from_its_jwt(bus: Bus):
    claims = read_jwt(bus.site.peel("web-01").credentials.jwt, UserClaims)
    assert len(bus.site.peel("web-01").credentials.jwt) < 1024
    assert (claims.nats.pub, claims.nats.sub) == (Subjects(), Subjects())
