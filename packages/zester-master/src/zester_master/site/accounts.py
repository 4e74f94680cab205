"""The operator and the four accounts as JWTs, built anew from the record and the table each time.

An account JWT is never edited: bus.md 8.
"""

import time
from collections.abc import Mapping
from typing import Final

from zester_master.site.layout import SiteRecord
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
    UserLimits,
)
from zester_proto.identity.jwt import sign_jwt
from zester_proto.identity.nkeys import NKey
from zester_proto.permissions import (
    ACCOUNTS,
    OPERATOR_ROLES,
    Account,
    Crossing,
    Flow,
    Role,
    Template,
    crossings,
    scoped_template,
)

_NANOSECONDS: Final = 1_000_000_000
_SCOPED: Final[dict[str, tuple[Role, ...]]] = {"PEELS": (Role.PEEL,), "OPS": OPERATOR_ROLES}
SCOPED_ROLES: Final = (Role.PEEL, *OPERATOR_ROLES)


def limits_of(template: Template) -> UserLimits:
    """Give a template of the table as claims."""
    return UserLimits(
        pub=Subjects(allow=template.publish, deny=template.publish_deny),
        sub=Subjects(allow=template.subscribe),
        subs=template.subscriptions,
        data=UNLIMITED,
        payload=template.payload,
    )


def operator_jwt(record: SiteRecord, key: NKey, issued: int) -> str:
    """Give the operator's JWT; its own key signs it, and names those that sign accounts."""
    claims = OperatorClaims(
        iat=issued,
        iss=key.public,
        sub=key.public,
        name=record.name,
        nats=OperatorNats(
            signing_keys=record.operator_signers,
            system_account=record.accounts["SYS"],
            strict_signing_key_usage=True,
            type="operator",
            version=2,
        ),
    )
    return sign_jwt(claims, key)


def account_jwt(
    record: SiteRecord,
    account: Account,
    signer: NKey,
    *,
    issued: int,
    revocations: Mapping[str, int] | None = None,
) -> str:
    """Give an account's JWT.

    Args:
        record: the site.
        account: which of the four.
        signer: a signing key of the operator.
        issued: Unix seconds; a later one must have a higher number.
        revocations: user key to the second up to which its JWTs are void.
    """
    claims = AccountClaims(
        iat=issued,
        iss=signer.public,
        sub=record.accounts[account],
        name=account,
        nats=AccountNats(
            imports=_imports(record, account),
            exports=_exports() if account == "ZESTER" else (),
            limits=_limits(account),
            signing_keys=_signing_keys(record, account),
            revocations=dict(revocations or {}),
            type="account",
            version=2,
        ),
    )
    return sign_jwt(claims, signer)


def account_jwts(record: SiteRecord, signer: NKey, issued: int | None = None) -> dict[str, str]:
    """Give the JWTs of all four accounts by their keys, with nobody revoked."""
    when = int(time.time()) if issued is None else issued
    return {
        record.accounts[name]: account_jwt(record, name, signer, issued=when) for name in ACCOUNTS
    }


def _limits(account: Account) -> AccountLimits:
    """Only ZESTER has streams."""
    store = UNLIMITED if account == "ZESTER" else 0
    return AccountLimits(
        wildcards=True,
        disallow_bearer=True,
        mem_storage=store,
        disk_storage=store,
        streams=store,
        consumer=store,
    )


def _signing_keys(record: SiteRecord, account: Account) -> tuple[str | Scope, ...]:
    if account in _SCOPED:
        return tuple(
            Scope(key=record.scoped[role], role=role, template=limits_of(scoped_template(role)))
            for role in _SCOPED[account]
        )
    return (record.signers[account],)


def _name(crossing: Crossing) -> str:
    return f"{crossing.account} {crossing.subject}"


def _exports() -> tuple[Export, ...]:
    """The same subject serves two accounts in no row, so each row is one export."""
    return tuple(
        Export(
            name=_name(one),
            subject=one.subject,
            type=one.flow.value,
            response_threshold=(
                int(one.threshold * _NANOSECONDS) if one.flow is Flow.TO_MASTERS else 0
            ),
        )
        for one in crossings()
    )


def _imports(record: SiteRecord, account: Account) -> tuple[Import, ...]:
    return tuple(
        Import(
            name=_name(one),
            subject=one.subject,
            account=record.accounts["ZESTER"],
            type=one.flow.value,
        )
        for one in crossings()
        if one.account == account
    )
