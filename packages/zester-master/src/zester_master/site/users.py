"""Users of the bus: who gets a JWT, under which key, for how long."""

from typing import Final

from zester_master.site.accounts import limits_of
from zester_master.site.admitted import admitted_tag
from zester_master.site.layout import SiteRecord
from zester_proto.identity.claims import UserClaims, UserNats
from zester_proto.identity.creds import Credentials, make_credentials
from zester_proto.identity.jwt import box_tag, sign_jwt
from zester_proto.identity.nkeys import NKey
from zester_proto.ids import check_operator, token
from zester_proto.permissions import Template, master_template, presence_template

DAY: Final = 86_400.0
PEEL_DAYS: Final = 30
"""A peel renews its JWT at half of that (bus.md 8)."""

OPERATOR_DAYS: Final = 365


def master_user(record: SiteRecord, name: str, signer: NKey, now: float) -> Credentials:
    """Make the user of a master in account ZESTER, with a key of its own."""
    template = master_template(check_operator(name))
    return _own_rights(record, signer, now, account="ZESTER", name=name, template=template)


def presence_user(record: SiteRecord, master: str, signer: NKey, now: float) -> Credentials:
    """Make the SYS user of a master that sees who of the peels is connected."""
    name = f"presence-{check_operator(master)}"
    template = presence_template(name, record.accounts["PEELS"])
    return _own_rights(record, signer, now, account="SYS", name=name, template=template)


def push_template(name: str) -> Template:
    """Give what the SYS user may do that pushes account JWTs and reads them back (bus.md 8)."""
    return Template(
        publish=(
            "$SYS.REQ.CLAIMS.UPDATE",
            "$SYS.REQ.CLAIMS.LIST",
            "$SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP",
        ),
        subscribe=(f"_INBOX_{name}.>",),
    )


def push_user(record: SiteRecord, master: str, signer: NKey, now: float) -> Credentials:
    """Make the SYS user of an issuing master that pushes account JWTs."""
    name = f"push-{check_operator(master)}"
    template = push_template(name)
    return _own_rights(record, signer, now, account="SYS", name=name, template=template)


def _own_rights(
    record: SiteRecord, signer: NKey, now: float, *, account: str, name: str, template: Template
) -> Credentials:
    key = NKey.generate("user")
    limits = limits_of(template)
    claims = UserClaims(
        iat=int(now),
        iss=signer.public,
        sub=key.public,
        name=name,
        nats=UserNats(
            pub=limits.pub,
            sub=limits.sub,
            subs=limits.subs,
            data=limits.data,
            payload=limits.payload,
            issuer_account=record.accounts[account],
            type="user",
            version=2,
        ),
    )
    return make_credentials(sign_jwt(claims, signer), key)


def operator_jwt(
    record: SiteRecord, signer: NKey, now: float, *, name: str, public: str, days: int
) -> str:
    """Give the JWT of an operator.

    Args:
        record: the site.
        signer: the scoped key of its role.
        now: Unix time.
        name: its name.
        public: its nkey.
        days: how long it holds.

    Raises:
        BadId: the name is none.
    """
    check_operator(name)
    return _scoped(record, signer, now, account="OPS", name=name, public=public, days=days)


def peel_jwt(
    record: SiteRecord,
    signer: NKey,
    now: float,
    *,
    peel_id: str,
    public: str,
    box: bytes,
    admitting: bytes,
    days: float = PEEL_DAYS,
) -> str:
    """Give the JWT of a peel, for a name that is computed here from its id (bus.md 2).

    Args:
        record: the site.
        signer: the scoped key of role `peel`.
        now: Unix time.
        peel_id: checked again here; never a name that came from elsewhere.
        public: the peel's nkey.
        box: its X25519 public key.
        admitting: the masters' common key, which says that these keys are admitted.
        days: how long it holds.

    Raises:
        BadId: the id is none.
    """
    name = token(peel_id)
    tags = (box_tag(box), admitted_tag(admitting, record.site, name, public, box))
    return _scoped(
        record, signer, now, account="PEELS", name=name, public=public, days=days, tags=tags
    )


def _scoped(
    record: SiteRecord,
    signer: NKey,
    now: float,
    *,
    account: str,
    name: str,
    public: str,
    days: float,
    tags: tuple[str, ...] = (),
) -> str:
    """Rights come from the template of the signing key; the JWT states none."""
    claims = UserClaims(
        iat=int(now),
        exp=int(now) + int(days * DAY),
        iss=signer.public,
        sub=public,
        name=name,
        nats=UserNats(issuer_account=record.accounts[account], tags=tags, type="user", version=2),
    )
    return sign_jwt(claims, signer)
