import base64
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from zester_proto.identity.claims import (
    UNLIMITED,
    AccountClaims,
    AccountLimits,
    AccountNats,
    Export,
    Import,
    OperatorClaims,
    OperatorNats,
    Scope,
    Subjects,
    UserClaims,
    UserLimits,
    UserNats,
)
from zester_proto.identity.jwt import (
    BadJwt,
    UserChain,
    box_of,
    box_tag,
    chain_of,
    read_jwt,
    sign_jwt,
    verify_user,
)
from zester_proto.identity.nkeys import NKey

GOLDEN = Path(__file__).parent / "golden"
NOW = 1_800_000_000


def key(kind: Any, number: int) -> NKey:
    return NKey(kind, bytes([number] * 32))


OPERATOR, OPERATOR_SIGNER = key("operator", 1), key("operator", 2)
ACCOUNT, SCOPED, PLAIN = key("account", 3), key("account", 4), key("account", 5)
USER = key("user", 6)

OPERATOR_CLAIMS = OperatorClaims(
    iat=NOW,
    iss=OPERATOR.public,
    name="site",
    sub=OPERATOR.public,
    nats=OperatorNats(
        signing_keys=(OPERATOR_SIGNER.public,),
        system_account=ACCOUNT.public,
        strict_signing_key_usage=True,
        type="operator",
        version=2,
    ),
)
ACCOUNT_CLAIMS = AccountClaims(
    iat=NOW,
    iss=OPERATOR_SIGNER.public,
    name="PEELS",
    sub=ACCOUNT.public,
    nats=AccountNats(
        imports=(Import(name="i", subject="a.*", account=PLAIN.public, type="service"),),
        exports=(Export(name="e", subject="b.>", type="service", response_threshold=2 * 10**9),),
        limits=AccountLimits(wildcards=True),
        signing_keys=(
            PLAIN.public,
            Scope(
                key=SCOPED.public,
                role="peel",
                template=UserLimits(
                    pub=Subjects(allow=("hb.{{name()}}",), deny=("x",)),
                    sub=Subjects(allow=("cmd.{{name()}}",)),
                    subs=16,
                    data=UNLIMITED,
                    payload=1024,
                ),
            ),
        ),
        revocations={USER.public: NOW - 10},
        type="account",
        version=2,
    ),
)
USER_CLAIMS = UserClaims(
    iat=NOW,
    exp=NOW + 100,
    iss=SCOPED.public,
    name="web-01=2Eexample",
    sub=USER.public,
    nats=UserNats(
        issuer_account=ACCOUNT.public, tags=(box_tag(bytes(32)),), type="user", version=2
    ),
)
CHAIN = chain_of(ACCOUNT_CLAIMS, "peel")

MADE: dict[str, tuple[Any, NKey]] = {
    "operator": (OPERATOR_CLAIMS, OPERATOR),
    "account": (ACCOUNT_CLAIMS, OPERATOR_SIGNER),
    "user": (USER_CLAIMS, SCOPED),
}


@pytest.mark.parametrize("name", MADE)
def test_golden_jwts_keep_their_bytes(name: str):
    claims, issuer = MADE[name]
    text = sign_jwt(claims, issuer)

    assert text == (GOLDEN / f"{name}.jwt").read_text().strip()
    kind = cast("type[UserClaims]", type(claims))
    assert msgspec.structs.replace(read_jwt(text, kind), jti="") == claims


def test_a_jwt_with_fields_that_we_do_not_know_is_read():
    claims: dict[str, Any] = {
        "jti": "X", "iat": NOW, "iss": PLAIN.public, "name": "u", "sub": USER.public, "aud": "NATS",
        "nats": {"pub": {}, "sub": {}, "subs": -1, "src": [], "type": "user", "version": 2},
    }  # fmt: skip
    header = {"typ": "jwt", "alg": "ed25519-nkey", "kid": "1"}
    parts = [
        base64.urlsafe_b64encode(msgspec.json.encode(p)).rstrip(b"=") for p in (header, claims)
    ]
    signed = b".".join(parts)
    text = b".".join([signed, base64.urlsafe_b64encode(PLAIN.sign(signed)).rstrip(b"=")])

    read = read_jwt(text.decode(), UserClaims)

    assert (read.name, read.nats.subs) == ("u", UNLIMITED)


def test_limits_are_written_out_since_to_the_server_absent_is_nothing():
    body = msgspec.json.decode(msgspec.json.encode(AccountLimits()))

    assert body["conn"] == body["imports"] == UNLIMITED
    assert body["streams"] == 0


def test_the_issuer_is_the_key_that_signs():
    assert read_jwt(sign_jwt(USER_CLAIMS, PLAIN), UserClaims).iss == PLAIN.public


def forged(text: str, place: int, data: bytes) -> str:
    parts = text.split(".")
    parts[place] = base64.urlsafe_b64encode(data).decode().rstrip("=")
    return ".".join(parts)


USER_JWT = sign_jwt(USER_CLAIMS, SCOPED)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "three parts"),
        ("a.b", "three parts"),
        ("a.b.c.d", "three parts"),
        ("!.!.!", "not base64"),
        ("ä.b.c", "ASCII"),
        (USER_JWT + "A" * 4096, "characters"),
        (forged(USER_JWT, 0, b'{"typ":"JWT","alg":"none"}'), "algorithm"),
        (forged(USER_JWT, 0, b'{"typ":"JWT","alg":"HS256"}'), "algorithm"),
        (forged(USER_JWT, 1, b"{}"), "missing required field"),
        (forged(USER_JWT, 1, b"\xff"), "not a JWT of NATS"),
        (forged(USER_JWT, 1, b"[" * 1500), "not a JWT of NATS"),
        (forged(USER_JWT, 1, msgspec.json.encode(USER_CLAIMS)), "signature .* is wrong"),
        (forged(USER_JWT, 2, bytes(64)), "signature .* is wrong"),
        (forged(USER_JWT, 2, b""), "signature .* is wrong"),
        (sign_jwt(USER_CLAIMS, OPERATOR), "wrong key"),
        (sign_jwt(msgspec.structs.replace(USER_CLAIMS, sub=ACCOUNT.public), SCOPED), "wrong key"),
        (sign_jwt(ACCOUNT_CLAIMS, OPERATOR), "of a account"),
        (
            sign_jwt(
                msgspec.structs.replace(
                    USER_CLAIMS, nats=msgspec.structs.replace(USER_CLAIMS.nats, version=1)
                ),
                SCOPED,
            ),
            "version 1",
        ),
    ],
)
def test_what_is_no_user_jwt_is_refused(text: str, reason: str):
    with pytest.raises(BadJwt, match=reason):
        read_jwt(text, UserClaims)


def test_a_user_under_the_right_key_is_believed():
    claims = verify_user(USER_JWT, CHAIN, name="web-01=2Eexample", now=NOW)

    assert box_of(claims) == bytes(32)


def test_chains_know_all_signing_keys_or_those_of_one_role():
    assert chain_of(ACCOUNT_CLAIMS).issuers == {PLAIN.public, SCOPED.public}
    assert chain_of(ACCOUNT_CLAIMS, "peel").issuers == {SCOPED.public}
    assert chain_of(ACCOUNT_CLAIMS, "admin").issuers == set()
    assert chain_of(ACCOUNT_CLAIMS).revocations == {USER.public: NOW - 10}


def user(**changes: Any) -> UserClaims:
    return msgspec.structs.replace(USER_CLAIMS, **changes)


def nats(**changes: Any) -> UserClaims:
    return user(nats=msgspec.structs.replace(USER_CLAIMS.nats, **changes))


@pytest.mark.parametrize(
    ("claims", "issuer", "reason"),
    [
        (USER_CLAIMS, PLAIN, "may not do so"),
        (USER_CLAIMS, ACCOUNT, "may not do so"),
        (USER_CLAIMS, key("account", 99), "may not do so"),
        (nats(issuer_account=PLAIN.public), SCOPED, "may not do so"),
        (user(name="web-02"), SCOPED, "not of"),
        (user(name="*"), SCOPED, "not of"),
        (user(exp=NOW), SCOPED, "expired"),
        (user(iat=NOW - 10), SCOPED, "revoked"),
        (user(iat=NOW - 11), SCOPED, "revoked"),
        (nats(pub=Subjects(allow=(">",))), SCOPED, "rights"),
        (nats(subs=-1), SCOPED, "rights"),
        (nats(bearer_token=True), SCOPED, "rights"),
    ],
)
def test_a_user_whose_chain_does_not_hold_is_refused(claims: UserClaims, issuer: NKey, reason: str):
    with pytest.raises(BadJwt, match=reason):
        verify_user(sign_jwt(claims, issuer), CHAIN, name="web-01=2Eexample", now=NOW)


def test_a_jwt_made_after_a_revocation_is_believed_again():
    text = sign_jwt(user(iat=NOW - 9), SCOPED)
    assert verify_user(text, CHAIN, name="web-01=2Eexample", now=NOW)


def test_everybody_can_be_revoked_at_once():
    chain = UserChain(account=ACCOUNT.public, issuers=(SCOPED.public,), revocations={"*": NOW})
    with pytest.raises(BadJwt, match="revoked"):
        verify_user(USER_JWT, chain, name="web-01=2Eexample", now=NOW)


def test_a_jwt_without_an_end_does_not_expire():
    text = sign_jwt(user(exp=0), SCOPED)
    assert verify_user(text, CHAIN, name="web-01=2Eexample", now=NOW * 2)


@pytest.mark.parametrize(
    "tags",
    [(), ("x25519:",), ("x25519:zz",), ("x25519:00",), (box_tag(bytes(32)), box_tag(bytes(32)))],
)
def test_a_jwt_must_carry_one_box_key(tags: tuple[str, ...]):
    with pytest.raises(BadJwt, match="X25519"):
        box_of(nats(tags=tags))
