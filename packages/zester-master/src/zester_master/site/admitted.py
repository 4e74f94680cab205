"""What shows that a master admitted a peel's keys: a word that no signing key of NATS can forge.

The key that signs JWTs of peels decides who is on the bus. Whom secrets are sealed for is held by
a keyed digest beside the X25519 key, under the key that the masters share: whoever has the signing
key alone makes users of the bus, and reads nothing.
"""

import hashlib
import hmac
from collections.abc import Container, Iterable
from typing import Final

from zester_proto.codec import pack
from zester_proto.identity.claims import UserClaims
from zester_proto.identity.jwt import BadJwt, box_of

TAG: Final = "admitted:"
"""Prefix of the tag in a peel's JWT."""

_WHAT: Final = b"zester/admit/v1"


class NotAdmitted(BadJwt):
    """Raised when a JWT holds, and no master admitted its keys under its name.

    Attributes:
        keys: the nkey and the X25519 key that it names.
    """

    def __init__(self, claims: UserClaims, box: bytes) -> None:
        super().__init__(
            f"no master admitted the keys in the JWT of {claims.name!r}",
            hint="run `zester-peel keys` on that host, then `zester-master peel add` and "
            "`zester-peel join`; if it did join, somebody holds the signing key of peels",
        )
        self.keys = (claims.sub, box)


def admitted_tag(key: bytes, site: str, name: str, public: str, box: bytes) -> str:
    """Give the tag for the keys of a peel.

    Args:
        key: the masters' common one.
        site: its name.
        name: the peel's in its JWT.
        public: its nkey.
        box: its X25519 key.
    """
    what = pack([site, name, public, box])
    return TAG + hashlib.blake2b(what, digest_size=32, key=key, person=_WHAT).hexdigest()


def admitted_box(
    key: bytes,
    site: str,
    claims: UserClaims,
    also: Iterable[bytes] = (),
    vouched: Container[str] = frozenset(),
) -> bytes:
    """Give the X25519 key in a verified JWT of a peel, if a master admitted it.

    Args:
        key: the masters' common one.
        site: its name.
        claims: of the JWT.
        also: other keys of the masters, while theirs is rotated.
        vouched: tags of what was admitted before it was.

    Raises:
        NotAdmitted: none did.
        BadJwt: there is no such key, or more than one.
    """
    box = box_of(claims)
    tags = [tag for tag in claims.nats.tags if tag.isascii()]
    for one in (key, *also):
        right = admitted_tag(one, site, claims.name, claims.sub, box)
        if right in vouched or any(hmac.compare_digest(right, tag) for tag in tags):
            return box
    raise NotAdmitted(claims, box)
