from typing import Any

import msgspec

from zester_master.site.accounts import account_jwt, account_jwts, operator_jwt
from zester_proto.identity.claims import AccountClaims, OperatorClaims, Scope
from zester_proto.identity.jwt import read_jwt
from zester_proto.identity.keyfile import read_seed
from zester_proto.permissions import ACCOUNTS, OPERATOR_ROLES, TABLE, Account, Flow, Role
from zester_testing.site import Site


def claims_of(site: Site, account: Account, **options: Any) -> AccountClaims:
    signer = read_seed(site.auth.operator_signer, "operator")
    record = site.master.commons.record
    return read_jwt(account_jwt(record, account, signer, issued=100, **options), AccountClaims)


def test_zester_exports_and_the_others_import_the_table_and_nothing_else(site_template: Site):
    exports = claims_of(site_template, "ZESTER").nats.exports
    accounts = site_template.master.commons.record.accounts

    assert len(exports) == len(TABLE)
    for account in ACCOUNTS:
        claims = claims_of(site_template, account)
        imported = {(one.subject, one.type) for one in claims.nats.imports}
        rows = [row for row in TABLE if row.account == account]
        assert imported == {(row.subject.replace("{id}", "*"), row.flow.value) for row in rows}
        assert imported <= {(one.subject, one.type) for one in exports}
        assert all(one.account == accounts["ZESTER"] for one in claims.nats.imports)
        assert not claims.nats.exports or account == "ZESTER"


def test_ways_back_are_forgotten_in_time(site_template: Site):
    thresholds = {
        one.subject: one.response_threshold / 10**9
        for one in claims_of(site_template, "ZESTER").nats.exports
        if one.type == Flow.TO_MASTERS.value
    }
    assert all(
        seconds == (15 if subject.startswith(("$", "zester.event")) else 2)
        for subject, seconds in thresholds.items()
    )


def test_only_zester_has_streams_and_nobody_may_carry_a_bearer_token(site_template: Site):
    for account in ACCOUNTS:
        limits = claims_of(site_template, account).nats.limits
        stores = (limits.streams, limits.disk_storage, limits.mem_storage, limits.consumer)
        assert stores == ((-1,) * 4 if account == "ZESTER" else (0,) * 4)
        assert limits.disallow_bearer


def test_users_of_peels_and_ops_get_their_rights_from_scopes_that_allow_no_responses(
    site_template: Site,
):
    record = site_template.master.commons.record
    roles = {"PEELS": (Role.PEEL,), "OPS": OPERATOR_ROLES}
    for account in ("PEELS", "OPS"):
        scopes = claims_of(site_template, account).nats.signing_keys
        assert all(isinstance(one, Scope) for one in scopes)
        found = {one.role: one for one in scopes if isinstance(one, Scope)}
        assert {role: one.key for role, one in found.items()} == {
            str(role): record.scoped[role] for role in roles[account]
        }
        assert all(b"resp" not in msgspec.json.encode(one) for one in scopes)
        publish = found[str(roles[account][0])].template.pub.allow
        assert all("{{name()}}" in one for one in publish if "DIRECT.GET" not in one)


def test_an_account_is_built_anew_from_the_record_each_time(site_template: Site):
    revoked = claims_of(site_template, "PEELS", revocations={"U": 5})

    assert (revoked.iat, revoked.nats.revocations) == (100, {"U": 5})
    bare = claims_of(site_template, "PEELS")
    assert msgspec.structs.replace(revoked.nats, revocations={}) == bare.nats


def test_without_a_time_accounts_are_issued_now(site_template: Site):
    signer = read_seed(site_template.auth.operator_signer, "operator")
    jwts = account_jwts(site_template.master.commons.record, signer)

    assert all(read_jwt(one, AccountClaims).iat > 1_700_000_000 for one in jwts.values())


def test_the_operator_lets_only_its_signing_keys_sign_accounts(site_template: Site):
    key = read_seed(site_template.offline.operator_seed, "operator")
    record = site_template.master.commons.record

    claims = read_jwt(operator_jwt(record, key, 100), OperatorClaims)

    assert claims.nats.strict_signing_key_usage
    assert claims.nats.signing_keys == record.operator_signers
    assert claims.nats.system_account == record.accounts["SYS"]
