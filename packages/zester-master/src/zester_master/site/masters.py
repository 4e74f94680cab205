"""Masters: what lies in an auth folder, and how one more master comes to a site."""

from pathlib import Path
from typing import NamedTuple

import msgspec

from zester_master.site.issuing import next_bundle, publish_bundle
from zester_master.site.layout import (
    AuthPaths,
    Commons,
    OfflinePaths,
    auth_folder,
    read_site,
    write_site,
)
from zester_master.site.users import master_user, presence_user, push_user
from zester_proto.errors import FileProblem, ZesterError
from zester_proto.files import make_private_folder, read_file, write_atomic
from zester_proto.identity.bundle import TrustStore
from zester_proto.identity.creds import Credentials, read_creds, write_creds
from zester_proto.identity.keyfile import read_key, read_seed, write_key, write_seed
from zester_proto.identity.nkeys import NKey
from zester_proto.identity.sealing import BoxKey
from zester_proto.identity.signing import SigningKey
from zester_proto.ids import check_operator
from zester_proto.messages.trust import MasterKey
from zester_proto.permissions import OPERATOR_ROLES, Role

SCOPED_ROLES = (Role.PEEL, *OPERATOR_ROLES)


class MemberExists(ZesterError):
    """Raised when a master or an operator of that name belongs to the site already."""


class MasterKeys(NamedTuple):
    """The secrets of a master; all but the job key are shared."""

    job: SigningKey
    returning: BoxKey
    settings: bytes
    scoped: dict[str, NKey]
    """Role to the key that signs its users."""
    operator_signer: NKey | None
    """Masters marked `issuer` alone."""
    settings_next: bytes | None = None
    settings_old: bytes | None = None
    """While the settings key is rotated: `site.keyring`."""

    @property
    def also(self) -> tuple[bytes, ...]:
        """Keys that open what `settings` has not sealed."""
        return tuple(one for one in (self.settings_next, self.settings_old) if one is not None)


class MasterIdentity(NamedTuple):
    """What a master needs to connect, to decide and to be believed."""

    name: str
    commons: Commons
    keys: MasterKeys
    credentials: Credentials
    presence: Credentials
    push: Credentials | None
    """Masters marked `issuer` alone."""


def write_master(
    paths: AuthPaths,
    commons: Commons,
    name: str,
    keys: MasterKeys,
    *,
    signers: dict[str, NKey],
    now: float,
) -> None:
    """Write the auth folder of a master.

    Args:
        paths: where; made if it is missing.
        commons: record, CA and trust of the site.
        name: the master's.
        keys: its secrets.
        signers: of SYS and ZESTER, which sign its users.
        now: Unix time.

    Raises:
        FileProblem: a file cannot be written.
        BadId: the name is none.
    """
    record = commons.record
    make_private_folder(paths.folder)
    make_private_folder(paths.folder / "signing")
    write_key(paths.job_key, "job", keys.job.seed)
    write_key(paths.return_key, "return", keys.returning.seed)
    write_key(paths.settings_key, "settings", keys.settings)
    for path, key in (
        (paths.settings_next, keys.settings_next),
        (paths.settings_old, keys.settings_old),
    ):
        if key is not None:
            write_key(path, "settings", key)
    for role, signer in keys.scoped.items():
        write_seed(paths.scoped_seed(role), signer)
    write_creds(paths.presence_creds, presence_user(record, name, signers["SYS"], now))
    if keys.operator_signer is not None:
        make_private_folder(paths.operator_signer.parent)
        write_seed(paths.operator_signer, keys.operator_signer)
        write_creds(paths.push_creds, push_user(record, name, signers["SYS"], now))
    write_atomic(paths.ca, commons.ca, 0o644)
    commons.trust.save(paths.trust, all_versions=True)
    write_site(paths.folder, record)
    write_creds(paths.creds, master_user(record, name, signers["ZESTER"], now))


def load_commons(auth: Path) -> Commons:
    """Read what is public in the auth folder of a master.

    Raises:
        FileProblem: a file is missing or damaged.
        TrustError: the trust bundles are not valid.
    """
    paths = AuthPaths(auth)
    return Commons(read_site(auth), read_file(paths.ca), TrustStore.load(paths.trust))


def load_master(auth: Path) -> MasterIdentity:
    """Read the auth folder of a master.

    Raises:
        FileProblem: a file is missing, damaged or open to others.
        TrustError: the trust bundles are not valid.
    """
    paths = AuthPaths(auth)
    commons = load_commons(auth)
    credentials = read_creds(paths.creds)
    return MasterIdentity(
        name=credentials.name,
        commons=commons,
        keys=load_master_keys(paths),
        credentials=credentials,
        presence=read_creds(paths.presence_creds),
        push=read_creds(paths.push_creds) if paths.push_creds.exists() else None,
    )


def load_master_keys(paths: AuthPaths) -> MasterKeys:
    """Read the secrets in the auth folder of a master.

    Raises:
        FileProblem: a file is missing, damaged or open to others.
    """
    issuer = paths.operator_signer
    return MasterKeys(
        job=SigningKey.from_seed(read_key(paths.job_key, "job")),
        returning=BoxKey.from_seed(read_key(paths.return_key, "return")),
        settings=read_key(paths.settings_key, "settings"),
        scoped={role: read_seed(paths.scoped_seed(role), "account") for role in SCOPED_ROLES},
        operator_signer=read_seed(issuer, "operator") if issuer.exists() else None,
        settings_next=_key_if_there(paths.settings_next),
        settings_old=_key_if_there(paths.settings_old),
    )


def _key_if_there(path: Path) -> bytes | None:
    return read_key(path, "settings") if path.exists() else None


def add_master(
    folder: Path, name: str, keys: Path, out: Path, *, now: float, issuer: bool = True
) -> None:
    """Make the auth folder of one more master, and the trust bundle that names its job key.

    Args:
        folder: the site's folder, or the auth folder of a master.
        name: the new master's.
        keys: the offline folder of `init`.
        out: becomes the new auth folder; must not exist or be empty.
        now: Unix time.
        issuer: let it sign accounts and push them.

    Raises:
        MemberExists: a master of that name is there.
        FileProblem: a file is missing, damaged, open to others, or in the way.
        TrustError: the bundle key may not sign any more.
        BadId: the name is none.
    """
    auth, offline = auth_folder(folder), OfflinePaths(keys)
    commons, shared = load_commons(auth), load_master_keys(AuthPaths(auth))
    check_operator(name)
    refuse_used(out)
    if any(one.master == name for one in commons.trust.bundle.job_keys):
        raise MemberExists(f"the site has a master {name!r} already", hint="choose another name")
    mine = shared._replace(job=SigningKey.generate())
    if not issuer:
        mine = mine._replace(operator_signer=None)
    signers = {one: read_seed(offline.signer_seed(one), "account") for one in ("SYS", "ZESTER")}
    bundle = next_bundle(offline, now)
    job_key = MasterKey(master=name, public=mine.job.public)
    bundle = msgspec.structs.replace(bundle, job_keys=(*bundle.job_keys, job_key))
    trust = publish_bundle(offline, bundle, auth, now)
    site = commons._replace(trust=trust)
    write_master(AuthPaths(out), site, name, mine, signers=signers, now=now)


def refuse_used(folder: Path) -> None:
    """Refuse to write where something is.

    Raises:
        FileProblem: the folder holds something.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileProblem(f"{folder} is not empty", hint="give a new folder")
