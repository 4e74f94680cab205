"""Makes a new site: every key, account, certificate and first member (bus.md 2)."""

import shutil
import time
from pathlib import Path
from typing import Final, NamedTuple

from zester_master.site.accounts import account_jwts, operator_jwt
from zester_master.site.conf import (
    ACCOUNTS_FILE,
    CONF_FILE,
    ServerConf,
    accounts_text,
    conf_text,
)
from zester_master.site.layout import AuthPaths, Commons, OfflinePaths, SitePaths, SiteRecord
from zester_master.site.masters import SCOPED_ROLES, MasterKeys, refuse_used, write_master
from zester_master.site.operators import write_operator
from zester_proto.codec import encode
from zester_proto.files import make_private_folder, read_file, write_atomic
from zester_proto.identity.bundle import TrustStore, certify, sign_bundle
from zester_proto.identity.keyfile import write_key, write_seed
from zester_proto.identity.nkeys import NKey
from zester_proto.identity.sealing import BoxKey
from zester_proto.identity.signing import SigningKey, site_id
from zester_proto.ids import check_operator
from zester_proto.messages.trust import MasterKey, OperatorEntry, Signed, TrustBundle
from zester_proto.permissions import ACCOUNTS, Role

_DAY: Final = 86_400
EARLY: Final = 2 * _DAY
"""Seconds by which a certificate begins before now, for clocks that are behind (bus.md 5)."""

BUNDLE_KEY_LIFE: Final = 365 * _DAY


class InitOptions(NamedTuple):
    """What a new site is called and where its server listens."""

    name: str = "zester"
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "::1")
    """Names and addresses in the server's certificate; the first is in `nats_url`."""
    listen: str = "0.0.0.0"
    client_port: int = 4222
    monitor_port: int = 8222
    nats_url: str = ""
    """Without it `tls://<first host>:<client port>`."""
    master: str = "master-1"
    operator: str = "admin"
    store: Path | None = None
    """JetStream keeps its files in `jetstream` below it; without it in the site's folder."""
    ports_folder: Path | None = None


class SiteKeys(NamedTuple):
    """What is made once for a site and then goes offline, or to masters."""

    root: SigningKey
    bundle: SigningKey
    operator: NKey
    operator_signer: NKey
    accounts: dict[str, NKey]
    """The identity of each account."""
    signers: dict[str, NKey]
    """What signs the users of SYS and ZESTER."""
    scoped: dict[str, NKey]
    """What signs the users of each role in PEELS and OPS."""


def init_site(
    folder: Path, options: InitOptions | None = None, *, now: float | None = None
) -> SitePaths:
    """Make a site in an empty or new folder.

    Args:
        folder: becomes the site's.
        options: names and ports.
        now: Unix time; the clock's, if not given.

    Raises:
        FileProblem: the folder is not empty, or cannot be written.
        BadId: the master's or the operator's name is none.
        CertificateError: a host is neither a name nor an address.
    """
    target, chosen = folder.absolute(), options or InitOptions()
    check_operator(chosen.master)
    check_operator(chosen.operator)
    refuse_used(target)
    make_private_folder(target)
    try:
        _make(SitePaths(target), chosen, time.time() if now is None else now)
    except BaseException:
        for made in target.iterdir():
            shutil.rmtree(made, ignore_errors=True)
        raise
    return SitePaths(target)


def make_keys() -> SiteKeys:
    """Make every key of a site but those of its members."""
    return SiteKeys(
        root=SigningKey.generate(),
        bundle=SigningKey.generate(),
        operator=NKey.generate("operator"),
        operator_signer=NKey.generate("operator"),
        accounts={name: NKey.generate("account") for name in ACCOUNTS},
        signers={name: NKey.generate("account") for name in ("SYS", "ZESTER")},
        scoped={role: NKey.generate("account") for role in SCOPED_ROLES},
    )


def _make(paths: SitePaths, options: InitOptions, now: float) -> None:
    keys = make_keys()
    record = _record(keys, options)
    offline = OfflinePaths(paths.offline)
    certificate = certify(keys.root, keys.bundle.public, now - EARLY, now + BUNDLE_KEY_LIFE)
    _write_offline(offline, keys, certificate)
    ca = _make_certificates(paths, offline, options, now)
    _write_server(paths, options, record, keys, now)
    secrets = MasterKeys(
        job=SigningKey.generate(),
        returning=BoxKey.generate(),
        settings=SigningKey.generate().seed,
        scoped=keys.scoped,
        operator_signer=keys.operator_signer,
    )
    nkey = NKey.generate("user")
    operator = OperatorEntry(name=options.operator, nkey=nkey.public, role=Role.ADMIN.value)
    bundle = TrustBundle(
        site=record.site,
        version=1,
        issued=now,
        job_keys=(MasterKey(master=options.master, public=secrets.job.public),),
        return_keys=(secrets.returning.public,),
        cas=(ca.decode(),),
        operators=(operator,),
    )
    trust = TrustStore(keys.root.public)
    trust.accept(sign_bundle(bundle, keys.bundle, certificate), now=now)
    trust.save(offline.trust, all_versions=True)
    commons = Commons(record, ca, trust)
    master = AuthPaths(paths.master)
    write_master(master, commons, options.master, secrets, signers=keys.signers, now=now)
    make_private_folder(paths.operators)
    folder, signer = paths.operators / options.operator, keys.scoped[Role.ADMIN]
    write_operator(folder, commons, operator, nkey, signer=signer, now=now)


def _record(keys: SiteKeys, options: InitOptions) -> SiteRecord:
    host = options.hosts[0] if options.hosts else "localhost"
    shown = f"[{host}]" if ":" in host else host
    return SiteRecord(
        name=options.name,
        site=site_id(keys.root.public),
        operator=keys.operator.public,
        operator_signers=(keys.operator_signer.public,),
        accounts={name: key.public for name, key in keys.accounts.items()},
        signers={name: key.public for name, key in keys.signers.items()},
        scoped={role: key.public for role, key in keys.scoped.items()},
        nats_url=options.nats_url or f"tls://{shown}:{options.client_port}",
    )


def _write_offline(paths: OfflinePaths, keys: SiteKeys, certificate: Signed) -> None:
    make_private_folder(paths.folder)
    make_private_folder(paths.folder / "accounts")
    write_key(paths.root_key, "site-root", keys.root.seed)
    write_key(paths.bundle_key, "bundle", keys.bundle.seed)
    write_atomic(paths.bundle_certificate, encode(certificate), 0o644)
    write_seed(paths.operator_seed, keys.operator)
    for name, key in keys.accounts.items():
        write_seed(paths.account_seed(name), key)
    for name, key in keys.signers.items():
        write_seed(paths.signer_seed(name), key)


def _make_certificates(
    paths: SitePaths, offline: OfflinePaths, options: InitOptions, now: float
) -> bytes:
    from zester_master.site.certs import (  # noqa: PLC0415  # 60 ms that only init pays
        make_ca,
        make_server_certificate,
    )

    make_private_folder(paths.nats)
    make_ca(offline.ca, offline.ca_key, options.name, now)
    make_server_certificate(
        paths.nats / "server.crt",
        paths.nats / "server.key",
        ca_certificate=offline.ca,
        ca_key=offline.ca_key,
        hosts=options.hosts,
        now=now,
    )
    ca = read_file(offline.ca)
    write_atomic(paths.nats / "ca.crt", ca, 0o644)
    return ca


def _write_server(
    paths: SitePaths, options: InitOptions, record: SiteRecord, keys: SiteKeys, now: float
) -> None:
    conf = ServerConf(
        name=f"nats-{options.name}",
        folder=paths.nats,
        host=options.listen,
        port=options.client_port,
        monitor_port=options.monitor_port,
        store=options.store,
        ports_folder=options.ports_folder,
    )
    accounts = accounts_text(
        options.name,
        operator=operator_jwt(record, keys.operator, int(now)),
        system=record.accounts["SYS"],
        accounts=account_jwts(record, keys.operator_signer, int(now)),
    )
    write_atomic(paths.nats / ACCOUNTS_FILE, accounts.encode(), 0o644)
    write_atomic(paths.nats / CONF_FILE, conf_text(conf, options.name).encode(), 0o644)
