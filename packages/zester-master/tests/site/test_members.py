import time
from pathlib import Path

import pytest

from zester_master.site.admitted import admitted_box
from zester_master.site.layout import AuthPaths, auth_folder
from zester_master.site.masters import MemberExists, add_master, load_master
from zester_master.site.operators import add_operator
from zester_master.site.peels import Admission
from zester_proto.errors import BadId, FileProblem, ZesterError
from zester_proto.identity.bundle import TrustError, TrustStore
from zester_proto.identity.joining import (
    JoinError,
    bundle_text,
    install,
    load_identity,
    new_keys,
    read_bundle,
    request_line,
    save_keys,
)
from zester_proto.identity.jwt import UserChain, verify_user
from zester_proto.permissions import Role
from zester_testing.site import Bus, Site

NOW = time.time()


def test_a_second_master_shares_all_but_its_job_key_and_the_bundle_names_it(
    site: Site, tmp_path: Path
):
    version = site.master.commons.trust.version
    add_master(site.paths.root, "master-2", site.paths.offline, tmp_path / "m2", now=NOW)

    first, second = site.master, load_master(tmp_path / "m2")
    assert second.name == "master-2"
    assert second.keys.job.seed != first.keys.job.seed
    assert second.keys.returning.seed == first.keys.returning.seed
    assert second.keys.settings == first.keys.settings
    assert second.presence.name == "presence-master-2"
    assert second.push is not None
    for trust in (first.commons.trust, second.commons.trust):
        assert trust.version == version + 1
        found = trust.job_key(second.keys.job.id)
        assert found is not None
        assert found.master == "master-2"


def test_a_master_that_is_no_issuer_gets_nothing_that_signs_accounts(site: Site, tmp_path: Path):
    out = tmp_path / "m2"
    add_master(site.paths.master, "m2", site.paths.offline, out, now=NOW, issuer=False)

    assert not (out / "issuer").exists()
    assert load_master(out).push is None


async def test_a_second_master_connects(site: Site, tmp_path: Path):
    add_master(site.paths.root, "master-2", site.paths.offline, tmp_path / "m2", now=NOW)
    second = load_master(tmp_path / "m2")
    with Bus(site) as bus:
        for credentials in (second.credentials, second.presence):
            client = await bus.connect(credentials)
            await client.close()


def test_members_of_one_name_are_refused(site: Site, tmp_path: Path):
    root, keys = site.paths.root, site.paths.offline
    with pytest.raises(MemberExists, match="master-1"):
        add_master(root, "master-1", keys, tmp_path / "x", now=NOW)
    with pytest.raises(MemberExists, match="vera"):
        add_operator(root, "vera", Role.ADMIN, keys, tmp_path / "x", now=NOW)
    with pytest.raises(BadId):
        add_master(root, "a.b", keys, tmp_path / "x", now=NOW)
    with pytest.raises(FileProblem, match="not empty"):
        add_operator(root, "new", Role.ADMIN, keys, site.paths.master, now=NOW)
    assert not (tmp_path / "x").exists()
    assert site.master.commons.trust.version == TrustStore.load(site.offline.trust).version


def test_the_bundle_key_signs_no_version_twice_though_a_master_is_behind(
    site: Site, tmp_path: Path
):
    behind = site.copy_to(tmp_path / "behind")
    add_operator(site.paths.root, "one", Role.VIEWER, site.paths.offline, tmp_path / "1", now=NOW)
    add_operator(behind.paths.root, "two", Role.VIEWER, site.paths.offline, tmp_path / "2", now=NOW)

    trust = TrustStore.load(tmp_path / "2" / "trust")
    assert {"one", "two"} <= trust.operators.keys()
    assert behind.master.commons.trust.version == trust.version


def test_a_lapsed_bundle_key_issues_nothing_more(site: Site, tmp_path: Path):
    with pytest.raises(TrustError, match="was not certified"):
        add_operator(
            site.paths.root,
            "late",
            Role.VIEWER,
            site.paths.offline,
            tmp_path / "x",
            now=NOW + 400 * 86_400,
        )
    assert not (tmp_path / "x").exists()


def test_the_keys_of_another_site_are_refused(site: Site, tmp_path: Path):
    other = Site.make(tmp_path / "other")
    with pytest.raises(ZesterError, match="holds the keys of site"):
        add_operator(
            site.paths.root, "x", Role.VIEWER, other.paths.offline, tmp_path / "x", now=NOW
        )
    assert "x" not in site.master.commons.trust.operators


def test_a_key_that_others_may_read_is_one_clear_error(site: Site, tmp_path: Path):
    key = site.offline.bundle_key
    key.chmod(0o644)
    with pytest.raises(FileProblem, match="others may read") as caught:
        add_operator(site.paths.root, "x", Role.VIEWER, site.paths.offline, tmp_path / "x", now=NOW)
    assert caught.value.hint == f"chmod 600 {key}"

    site.auth.job_key.chmod(0o640)
    with pytest.raises(FileProblem) as caught:
        load_master(site.paths.master)
    assert caught.value.hint == f"chmod 600 {site.auth.job_key}"


def test_a_damaged_certificate_of_the_bundle_key_is_one_clear_error(site: Site, tmp_path: Path):
    site.offline.bundle_certificate.write_bytes(b"junk")
    with pytest.raises(FileProblem, match="no certificate of a bundle key"):
        add_operator(site.paths.root, "x", Role.VIEWER, site.paths.offline, tmp_path / "x", now=NOW)


def test_a_folder_that_is_no_site_is_one_clear_error(tmp_path: Path):
    with pytest.raises(FileProblem, match=r"has no site\.json") as caught:
        auth_folder(tmp_path)
    assert "zester-master init" in caught.value.hint


def test_a_damaged_record_is_one_clear_error(site: Site):
    (site.paths.master / "site.json").write_text("{}")
    with pytest.raises(FileProblem, match="damaged"):
        load_master(site.paths.master)


async def test_a_peel_joins_by_its_line_and_a_file_without_a_secret(site: Site, tmp_path: Path):
    keys, folder = new_keys(), tmp_path / "auth"
    save_keys(folder, keys)
    line = request_line("web-01.example.com", keys, NOW)

    text = bundle_text(Admission.load(site.paths.root).admit(line, now=NOW))

    for secret in (keys.nkey.seed, keys.box.seed):
        assert secret not in text.encode()
    assert keys.nkey.seed_text not in text
    install(folder, read_bundle(text), keys)
    with Bus(site) as bus:
        client = await bus.connect(load_identity(folder).credentials)
        await client.close()


def test_a_peels_jwt_names_it_carries_its_box_key_and_ends(site: Site):
    record = site.master.commons.record
    peel = site.peel("db-1.example")
    chain = UserChain(account=record.accounts["PEELS"], issuers=(record.scoped[Role.PEEL],))

    claims = verify_user(peel.credentials.jwt, chain, name="db-1=2Eexample", now=NOW)

    assert claims.nats.tags[0] == f"x25519:{peel.box.public.hex()}"
    assert admitted_box(site.master.keys.settings, site.master.commons.record.site, claims) == (
        peel.box.public
    )
    assert claims.exp - claims.iat == 30 * 86_400


def test_a_line_for_another_id_is_refused(site: Site):
    admission, line = Admission.load(site.paths.master), request_line("web-01", new_keys(), NOW)

    assert admission.admit(line, now=NOW, peel_id="web-01").id == "web-01"
    with pytest.raises(JoinError, match="not of 'web-02'"):
        admission.admit(line, now=NOW, peel_id="web-02")


@pytest.mark.parametrize("peel_id", ["*", ">", "a b", "a\n", "a..b", "Web", "a" * 300, "", "all"])
def test_no_jwt_is_made_for_a_name_that_is_no_peel_id(site: Site, tmp_path: Path, peel_id: str):
    admission = Admission.load(site.paths.master)
    with pytest.raises(BadId):
        admission.jwt(peel_id, nkey=new_keys().nkey.public, box=bytes(32), now=NOW)
    with pytest.raises(BadId):
        admission.admit_with_key(peel_id, tmp_path / "p", now=NOW)
    assert not (tmp_path / "p").exists()


def test_the_operators_folder_holds_all_that_a_workstation_needs(site: Site):
    folder = site.operator_config(Role.VIEWER).parent
    text = (folder / "operator.yaml").read_text()

    assert 'creds: "vera.creds"' in text
    assert 'trust_dir: "trust"' in text
    assert TrustStore.load(folder / "trust").operators["vera"].role == "viewer"
    assert AuthPaths(folder).ca.read_bytes() == site.ca.read_bytes()
