"""NATS JWTs: made, read and verified over PyNaCl alone (`ed25519-nkey`, version 2)."""

import base64
import binascii
import hashlib
from collections.abc import Collection, Mapping
from typing import Final, TypeVar

import msgspec

from zester_proto.errors import ZesterError
from zester_proto.identity.claims import (
    TYPE_OF,
    AccountClaims,
    AnyClaims,
    OperatorClaims,
    Scope,
    UserClaims,
    UserNats,
)
from zester_proto.identity.nkeys import BadKey, Kind, NKey, decode_public, verify

JWT_LIMIT: Final = 8 * 1024 * 1024
"""Bytes of the largest JWT that is read: an account with 80,000 revocations."""

USER_JWT_LIMIT: Final = 4096
BOX_TAG: Final = "x25519:"
"""Prefix of the tag in a peel's JWT that carries its X25519 key in lower-case hex (bus.md 2)."""

_HEADER: Final = base64.urlsafe_b64encode(b'{"typ":"JWT","alg":"ed25519-nkey"}').rstrip(b"=")
_ISSUER: Final[dict[type[AnyClaims], Kind]] = {
    OperatorClaims: "operator",
    AccountClaims: "operator",
    UserClaims: "account",
}
_SUBJECT: Final[dict[type[AnyClaims], Kind]] = {
    OperatorClaims: "operator",
    AccountClaims: "account",
    UserClaims: "user",
}
C = TypeVar("C", OperatorClaims, AccountClaims, UserClaims)


class BadJwt(ZesterError):
    """Raised when a text is no JWT, or one that says or is signed by something wrong."""


class _Header(msgspec.Struct, frozen=True):
    typ: str
    alg: str


def sign_jwt(claims: AnyClaims, issuer: NKey) -> str:
    """Give the JWT of claims; `iss` and `jti` are set here."""
    bare = msgspec.structs.replace(claims, iss=issuer.public, jti="")
    number = hashlib.blake2b(msgspec.json.encode(bare), digest_size=32).digest()
    jti = base64.b32encode(number).decode().rstrip("=")
    body = msgspec.json.encode(msgspec.structs.replace(bare, jti=jti))
    signed = _HEADER + b"." + _encode(body)
    return (signed + b"." + _encode(issuer.sign(signed))).decode()


def read_jwt(text: str, kind: type[C]) -> C:
    """Read a JWT whose signature is that of the issuer it names.

    Whether to trust that issuer is the caller's question.

    Raises:
        BadJwt: malformed, of another type, or wrongly signed.
    """
    limit = USER_JWT_LIMIT if kind is UserClaims else JWT_LIMIT
    if len(text) > limit or not text.isascii():
        raise BadJwt(f"not a JWT of ours: {len(text)} characters, at most {limit} of ASCII are")
    parts = text.split(".")
    if len(parts) != 3:
        raise BadJwt("not a JWT: it has not three parts")
    claims = _claims(parts, kind)
    signed = f"{parts[0]}.{parts[1]}".encode()
    try:
        decode_public(claims.sub, _SUBJECT[kind])
        right = verify(claims.iss, _ISSUER[kind], signed, _decode(parts[2]))
    except BadKey as error:
        raise BadJwt(f"the JWT of {claims.name!r} names a wrong key: {error}") from error
    if not right:
        raise BadJwt(f"the signature of the JWT of {claims.name!r} is wrong")
    return claims


def _claims(parts: list[str], kind: type[C]) -> C:
    try:
        header = msgspec.json.decode(_decode(parts[0]), type=_Header)
        claims = msgspec.json.decode(_decode(parts[1]), type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise BadJwt(f"not a JWT of NATS: {error}") from error
    if header.typ.upper() != "JWT" or header.alg != "ed25519-nkey":
        raise BadJwt(f"not a JWT of NATS: its algorithm is {header.alg!r}")
    if claims.nats.type != TYPE_OF[kind] or claims.nats.version != 2:
        raise BadJwt(
            f"the JWT is that of a {claims.nats.type}, version {claims.nats.version}, "
            f"where one of a {TYPE_OF[kind]}, version 2, belongs"
        )
    return claims


def _encode(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise BadJwt("not a JWT: it is not base64") from error


class UserChain(msgspec.Struct, frozen=True, kw_only=True):
    """What a user's JWT is held against."""

    account: str
    """Public key of the account."""
    issuers: Collection[str]
    """The account's signing keys that may have signed it."""
    revocations: Mapping[str, int] = msgspec.field(default_factory=dict[str, int])


def chain_of(account: AccountClaims, role: str = "") -> UserChain:
    """Give the chain of an account's users, or of those whose scope has the given role."""
    issuers = frozenset(
        key.key if isinstance(key, Scope) else key
        for key in account.nats.signing_keys
        if not role or (isinstance(key, Scope) and key.role == role)
    )
    return UserChain(
        account=account.sub, issuers=issuers, revocations=dict(account.nats.revocations)
    )


def verify_user(text: str, chain: UserChain, *, name: str, now: float) -> UserClaims:
    """Read a user's JWT and verify its chain, its name, and that it holds today.

    Args:
        text: the JWT.
        chain: account, issuers and revocations.
        name: the name that the user must have.
        now: Unix time in seconds.

    Raises:
        BadJwt: any of it is not so.
    """
    claims = read_jwt(text, UserClaims)
    if claims.name != name:
        raise BadJwt(f"the JWT is that of {claims.name!r}, not of {name!r}")
    if claims.iss not in chain.issuers or claims.nats.issuer_account != chain.account:
        raise BadJwt(f"the JWT of {name!r} was signed by a key that may not do so")
    if _states_rights(claims.nats):
        raise BadJwt(f"the JWT of {name!r} gives itself rights beside its role's template")
    if claims.exp and claims.exp <= now:
        raise BadJwt(f"the JWT of {name!r} expired at {claims.exp}", hint="renew it")
    revoked = max(chain.revocations.get(claims.sub, -1), chain.revocations.get("*", -1))
    if claims.iat <= revoked:
        raise BadJwt(f"the JWT of {name!r} is revoked")
    return claims


def _states_rights(user: UserNats) -> bool:
    bare = UserNats(type=user.type, version=user.version)
    return user != msgspec.structs.replace(bare, issuer_account=user.issuer_account, tags=user.tags)


def box_tag(public: bytes) -> str:
    """Give the tag that carries a peel's X25519 key."""
    return BOX_TAG + public.hex()


def box_of(claims: UserClaims) -> bytes:
    """Give the X25519 key in a peel's JWT.

    Raises:
        BadJwt: there is none, or more than one.
    """
    found = [tag.removeprefix(BOX_TAG) for tag in claims.nats.tags if tag.startswith(BOX_TAG)]
    try:
        keys = [bytes.fromhex(one) for one in found]
    except ValueError:
        keys = []
    if len(keys) != 1 or len(keys[0]) != 32:
        raise BadJwt(f"the JWT of {claims.name!r} does not carry one X25519 key")
    return keys[0]
