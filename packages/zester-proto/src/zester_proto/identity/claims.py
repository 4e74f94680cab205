"""The claims of NATS JWTs, version 2, as far as Zester uses them (nats-io/jwt v2).

Field names are the wire's. A number that is left out is 0, and to the server 0 allows nothing:
what has no limit says -1. Times are Unix seconds.
"""

from typing import Any, Final, Literal

import msgspec

UNLIMITED: Final = -1


class _Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of the claims."""


class Subjects(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """Which subjects are allowed, and which of them are denied all the same."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


class UserLimits(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """What a user may do; in a scoped signing key it is the template of its users."""

    pub: Subjects = Subjects()
    sub: Subjects = Subjects()
    subs: int = 0
    """Subscriptions of one connection."""
    data: int = 0
    """Bytes; not enforced by the server (nats.md J)."""
    payload: int = 0
    """Bytes of one message."""


class Scope(_Part, frozen=True, kw_only=True, omit_defaults=False):
    """A signing key all of whose users have the rights of one template."""

    kind: Literal["user_scope"] = "user_scope"
    key: str
    role: str
    template: UserLimits


class Export(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """A subject that other accounts may import."""

    name: str
    subject: str
    type: Literal["stream", "service"]
    response_threshold: int = 0
    """Nanoseconds after which the server forgets the way back of an answer."""


class Import(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """A subject of another account."""

    name: str
    subject: str
    account: str
    type: Literal["stream", "service"]


class AccountLimits(_Part, frozen=True, kw_only=True, omit_defaults=False):
    """What an account may use."""

    subs: int = UNLIMITED
    data: int = UNLIMITED
    payload: int = UNLIMITED
    imports: int = UNLIMITED
    exports: int = UNLIMITED
    conn: int = UNLIMITED
    leaf: int = UNLIMITED
    wildcards: bool = False
    disallow_bearer: bool = False
    mem_storage: int = 0
    disk_storage: int = 0
    streams: int = 0
    consumer: int = 0


class OperatorNats(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """The NATS half of an operator's claims."""

    signing_keys: tuple[str, ...] = ()
    system_account: str = ""
    strict_signing_key_usage: bool = False
    type: str
    version: int


class AccountNats(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """The NATS half of an account's claims."""

    imports: tuple[Import, ...] = ()
    exports: tuple[Export, ...] = ()
    limits: AccountLimits
    signing_keys: tuple[str | Scope, ...] = ()
    revocations: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    """User key (or `*`) to the second up to which its JWTs are void."""
    type: str
    version: int


class UserNats(UserLimits, frozen=True, kw_only=True, omit_defaults=True):
    """The NATS half of a user's claims; under a scoped key it states no rights of its own."""

    issuer_account: str = ""
    bearer_token: bool = False
    tags: tuple[str, ...] = ()
    type: str
    version: int


class Claims(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """What every JWT says."""

    jti: str = ""
    iat: int
    iss: str
    name: str
    sub: str
    exp: int = 0
    """0 is never."""


class OperatorClaims(Claims, frozen=True, kw_only=True, omit_defaults=True):
    """An operator: who signs accounts."""

    nats: OperatorNats


class AccountClaims(Claims, frozen=True, kw_only=True, omit_defaults=True):
    """An account: who signs its users, what it shares, and whom it threw out."""

    nats: AccountNats


class UserClaims(Claims, frozen=True, kw_only=True, omit_defaults=True):
    """A user: one key that may connect."""

    nats: UserNats


AnyClaims = OperatorClaims | AccountClaims | UserClaims

TYPE_OF: Final[dict[type[Any], str]] = {
    OperatorClaims: "operator",
    AccountClaims: "account",
    UserClaims: "user",
}
