"""Peels that were revoked: one sealed record each in the bucket `site` (bus.md 8).

| key | value |
| --- | --- |
| `account.peel.<token of the id>` | a sealed `Revocation` |

A record is never taken back: a host that is admitted again has other keys and a younger JWT.
"""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from zester_master.site.keyring import open_any
from zester_proto.codec import decode, encode
from zester_proto.errors import CodecError, ZesterError
from zester_proto.identity.claims import UserClaims
from zester_proto.identity.jwt import box_tag
from zester_proto.identity.sealing import SealError, seal_with
from zester_proto.ids import token
from zester_proto.link import NatsLink, WrongRevision, kv

BUCKET: Final = "site"
PREFIX: Final = "account.peel."
LIFE: Final = 31 * 86_400.0
"""Seconds after which no JWT lives that was made before a revocation: 30 days, and one to spare."""

FOR_EVER: Final = 253_402_300_799
"""What the account's JWT says of a revoked key: also a younger JWT does not let it in again."""

_TRIES: Final = 10


class BadRevocation(ZesterError):
    """Raised for a stored record that no master of this site wrote."""


class Revocation(msgspec.Struct, frozen=True, kw_only=True, tag="revocation", tag_field="t"):
    """What is not believed of a peel any more."""

    peel: str
    at: int
    """Unix second; JWTs in this name that are not younger are void."""
    nkeys: dict[str, int] = {}
    """Keys of NATS that are never let in again, and when each was revoked."""
    boxes: tuple[bytes, ...] = ()
    """X25519 keys that nothing is sealed for any more."""
    by: str = ""
    why: str = ""
    pushed: int = 0
    """`iat` of an account JWT that shuts out all of `nkeys`; 0 until there is one."""

    def voids(self, claims: UserClaims) -> bool:
        """Say whether a JWT in this peel's name is void."""
        if claims.iat <= self.at or claims.sub in self.nkeys:
            return True
        return any(box_tag(one) in claims.nats.tags for one in self.boxes)

    def is_followed_by(self, other: "Revocation") -> bool:
        """Say whether another record of this peel holds all that this one does."""
        return self.at <= other.at and self.nkeys.keys() <= other.nkeys.keys()

    def and_also(self, other: "Revocation") -> "Revocation":
        """Give what holds when a peel is revoked once more."""
        return msgspec.structs.replace(
            other, at=max(self.at, other.at), nkeys={**other.nkeys, **self.nkeys},
            boxes=tuple(dict.fromkeys((*self.boxes, *other.boxes))), pushed=0,
        )  # fmt: skip


def revocation_key(peel_id: str) -> str:
    """Give the key of a peel's record in the bucket."""
    return PREFIX + token(peel_id)


def opened_revocation(
    settings_key: bytes, key: str, data: bytes, also: Iterable[bytes] = ()
) -> Revocation:
    """Open a record from the store; `also` are other keys that may have sealed it.

    Raises:
        BadRevocation: it was not sealed by a master of this site, or for another peel.
    """
    try:
        record = decode(open_any(settings_key, also, revocation_aad(key), data), Revocation)
    except (SealError, CodecError) as error:
        raise BadRevocation(f"the stored revocation {key} cannot be read: {error}") from error
    if revocation_key(record.peel) != key:
        raise BadRevocation(f"the stored revocation {key} is that of another peel")
    return record


def sealed_revocation(settings_key: bytes, record: Revocation) -> bytes:
    """Seal a record for the store."""
    return seal_with(settings_key, revocation_aad(revocation_key(record.peel)), encode(record))


async def change(
    link: NatsLink,
    settings_key: bytes,
    peel_id: str,
    make: Callable[[Revocation | None], Revocation | None],
    also: tuple[bytes, ...] = (),
) -> Revocation | None:
    """Put another record in the place of a peel's, by compare-and-set; give it.

    Args:
        link: a connection in account ZESTER.
        settings_key: the masters'.
        peel_id: whose record.
        make: gives the new one for the old one, or nothing to leave it; called again when somebody
            else was first.
        also: other keys that may have sealed what lies there.

    Raises:
        BadRevocation: what lies there is none of this site.
        LinkError: it is not stored.
    """
    key = revocation_key(peel_id)
    for _ in range(_TRIES):
        entry = await kv.get(link, BUCKET, key, fresh=True)
        old = opened_revocation(settings_key, key, entry.value, also) if entry is not None else None
        new = make(old)
        if new is None:
            return None
        value = sealed_revocation(settings_key, new)
        try:
            if entry is None:
                await kv.create(link, BUCKET, key, value)
            else:
                await kv.update(link, BUCKET, key, value, entry.revision)
        except WrongRevision:
            continue
        return new
    raise WrongRevision(f"others keep changing {key}")


def revocation_aad(key: str) -> bytes:
    """Give what binds a sealed record to its key in the bucket."""
    return f"zester/revocation/v1/{key}".encode()
