import stat
import subprocess
from pathlib import Path

import pytest

from zester_master.site.certs import CertificateError
from zester_master.site.conf import CONF_FILE
from zester_master.site.init import BUNDLE_KEY_LIFE, InitOptions, init_site
from zester_master.site.layout import AuthPaths, OfflinePaths, SitePaths
from zester_master.site.masters import load_master
from zester_proto.codec import decode
from zester_proto.errors import BadId, FileProblem
from zester_proto.identity.bundle import TrustStore
from zester_proto.identity.creds import read_creds
from zester_proto.identity.keyfile import read_key, read_seed
from zester_proto.identity.signing import SigningKey
from zester_proto.messages.trust import BundleKeyCertificate, Signed
from zester_proto.permissions import OPERATOR_ROLES, Role
from zester_testing.nats import SERVER
from zester_testing.site import Site

NOW = 1_800_000_000.0


def test_every_file_of_a_site_is_made_and_what_is_secret_is_private(site_template: Site):
    root = site_template.paths.root
    files = {
        str(path.relative_to(root)): stat.S_IMODE(path.stat().st_mode)
        for path in root.rglob("*")
        if path.is_file()
    }
    public = {
        "master/ca.crt",
        "master/site.json",
        "master/trust/bundle.1",
        "master/trust/root.pub",
        "nats/accounts.conf",
        "nats/ca.crt",
        "nats/nats-server.conf",
        "nats/server.crt",
        "offline/bundle.cert",
        "offline/ca.crt",
        "offline/trust/bundle.1",
        "offline/trust/root.pub",
        "operators/admin/ca.crt",
        "operators/admin/operator.yaml",
        "operators/admin/trust/bundle.1",
        "operators/admin/trust/root.pub",
    }
    secret = {
        "master/issuer/operator-signing.seed",
        "master/issuer/push.creds",
        "master/job.key",
        "master/master.creds",
        "master/presence.creds",
        "master/return.key",
        "master/settings.key",
        *(f"master/signing/{role}.seed" for role in (Role.PEEL, *OPERATOR_ROLES)),
        "nats/server.key",
        *(f"offline/accounts/{name}.seed" for name in ("SYS", "ZESTER", "PEELS", "OPS")),
        "offline/accounts/SYS-signing.seed",
        "offline/accounts/ZESTER-signing.seed",
        "offline/bundle.key",
        "offline/ca.key",
        "offline/operator.seed",
        "offline/root.key",
        "operators/admin/admin.creds",
    }
    assert public | secret <= files.keys()
    assert {name for name, mode in files.items() if mode == 0o600} >= secret
    assert all(mode == 0o600 for name, mode in files.items() if name.endswith(".creds"))
    assert all(files[name] == 0o644 for name in public)
    folders = [path for path in root.rglob("*") if path.is_dir()]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o700 for path in (root, *folders))


def test_the_first_bundle_names_master_operator_keys_and_ca(tmp_path: Path):
    paths = init_site(tmp_path / "site", InitOptions(master="m-1", operator="ada"), now=NOW)
    root = SigningKey.from_seed(read_key(OfflinePaths(paths.offline).root_key, "site-root"))
    trust = TrustStore.load(AuthPaths(paths.master).trust)
    bundle = trust.bundle

    assert trust.root == root.public
    assert (bundle.version, bundle.previous, bundle.issued) == (1, b"", NOW)
    master = load_master(paths.master)
    assert [(one.master, one.public) for one in bundle.job_keys] == [
        ("m-1", master.keys.job.public)
    ]
    assert bundle.return_keys == (master.keys.returning.public,)
    assert bundle.cas == ((paths.nats / "ca.crt").read_text(),)
    creds = read_creds(paths.operators / "ada" / "ada.creds")
    assert [(one.name, one.nkey, one.role) for one in bundle.operators] == [
        ("ada", creds.key.public, "admin")
    ]


def test_the_root_certifies_the_bundle_key_for_a_year_from_two_days_before(tmp_path: Path):
    offline = OfflinePaths(init_site(tmp_path / "site", now=NOW).offline)
    signed = decode(offline.bundle_certificate.read_bytes(), Signed)
    certificate = decode(signed.body, BundleKeyCertificate)

    assert certificate.not_before == NOW - 2 * 86_400
    assert certificate.not_after == NOW + BUNDLE_KEY_LIFE
    assert certificate.public == SigningKey.from_seed(read_key(offline.bundle_key, "bundle")).public


def test_what_signs_users_is_in_the_record_by_its_public_key(site_template: Site):
    record = site_template.master.commons.record
    auth, offline = site_template.auth, site_template.offline

    for role in (Role.PEEL, *OPERATOR_ROLES):
        assert read_seed(auth.scoped_seed(role), "account").public == record.scoped[role]
    for name, public in record.signers.items():
        assert read_seed(offline.signer_seed(name), "account").public == public
    for name, public in record.accounts.items():
        assert read_seed(offline.account_seed(name), "account").public == public
    assert read_seed(offline.operator_seed, "operator").public == record.operator
    assert (read_seed(auth.operator_signer, "operator").public,) == record.operator_signers


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path: Path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(FileProblem, match="not empty"):
        init_site(tmp_path)
    with pytest.raises(FileProblem, match="not empty"):
        init_site(tmp_path / "mine")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_an_empty_folder_that_is_there_already_is_taken(tmp_path: Path):
    assert init_site(tmp_path).root == tmp_path


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (InitOptions(master="M 1"), BadId),
        (InitOptions(operator="a.b"), BadId),
        (InitOptions(hosts=()), CertificateError),
        (InitOptions(hosts=("bad host",)), CertificateError),
    ],
)
def test_what_cannot_be_made_leaves_nothing_behind(
    tmp_path: Path, options: InitOptions, error: type[Exception]
):
    with pytest.raises(error):
        init_site(tmp_path, options)
    assert list(tmp_path.iterdir()) == []


def test_the_address_of_the_bus_is_that_of_the_first_host(tmp_path: Path):
    options = InitOptions(hosts=("::1", "localhost"), client_port=4333)
    assert load_master(init_site(tmp_path / "a", options).master).commons.record.nats_url == (
        "tls://[::1]:4333"
    )
    named = options._replace(nats_url="tls://bus.example:1")
    assert load_master(init_site(tmp_path / "b", named).master).commons.record.nats_url == (
        "tls://bus.example:1"
    )


def test_the_server_takes_the_configuration_even_of_an_odd_name_and_path(tmp_path: Path):
    folder = tmp_path / 'with "quotes" and späces'
    options = InitOptions(name='x"\ny', hosts=("localhost", "::1"), listen="::")
    paths: SitePaths = init_site(folder, options._replace(store=tmp_path / "my store"))

    command = [SERVER, "-t", "-c", paths.nats / CONF_FILE]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
