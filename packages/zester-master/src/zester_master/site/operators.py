"""Operators: a workstation's folder, and how one more operator comes to a site."""

import json
from pathlib import Path

import msgspec

from zester_master.site.issuing import next_bundle, publish_bundle
from zester_master.site.layout import AuthPaths, Commons, OfflinePaths, auth_folder
from zester_master.site.masters import MemberExists, load_commons, refuse_used
from zester_master.site.users import OPERATOR_DAYS, operator_jwt
from zester_proto.files import make_private_folder, write_atomic
from zester_proto.identity.creds import make_credentials, write_creds
from zester_proto.identity.keyfile import read_seed
from zester_proto.identity.nkeys import NKey
from zester_proto.ids import check_operator
from zester_proto.messages.trust import OperatorEntry
from zester_proto.permissions import Role

CONFIG_FILE = "operator.yaml"


def write_operator(
    folder: Path,
    commons: Commons,
    entry: OperatorEntry,
    key: NKey,
    *,
    signer: NKey,
    now: float,
    days: int = OPERATOR_DAYS,
) -> None:
    """Write what an operator takes to a workstation; the folder may be moved whole.

    Args:
        folder: made if it is missing.
        commons: record, CA and trust of the site.
        entry: the operator as the trust bundle names it.
        key: its nkey.
        signer: the scoped key of its role.
        now: Unix time.
        days: how long the credentials hold.

    Raises:
        FileProblem: a file cannot be written.
        BadId: the name is none.
    """
    record, name = commons.record, entry.name
    jwt = operator_jwt(record, signer, now, name=name, public=key.public, days=days)
    make_private_folder(folder)
    commons.trust.save(folder / "trust")
    write_atomic(folder / "ca.crt", commons.ca, 0o644)
    write_creds(folder / f"{name}.creds", make_credentials(jwt, key))
    write_atomic(folder / CONFIG_FILE, config_text(name, record.nats_url).encode(), 0o644)


def config_text(name: str, nats_url: str, below: Path = Path()) -> str:
    """Give `operator.yaml`; its paths are relative to the folder in which it lies.

    Args:
        name: the operator's.
        nats_url: where the bus is; several by commas.
        below: where the operator's folder is, seen from that of the file.
    """
    fields = {
        "name": name,
        "nats_url": nats_url,
        "creds": str(below / f"{name}.creds"),
        "ca": str(below / "ca.crt"),
        "trust_dir": str(below / "trust"),
    }
    lines = (f"{key}: {json.dumps(value)}" for key, value in fields.items())
    return "# For ZESTER_CONFIG; paths are relative to this file.\n" + "\n".join(lines) + "\n"


def add_operator(folder: Path, name: str, role: Role, keys: Path, out: Path, *, now: float) -> None:
    """Make the folder of one more operator, and the trust bundle that names its key.

    Args:
        folder: the site's folder, or the auth folder of a master.
        name: the new operator's.
        role: viewer, operator or admin.
        keys: the offline folder of `init`.
        out: becomes the operator's folder; must not exist or be empty.
        now: Unix time.

    Raises:
        MemberExists: an operator of that name is there.
        FileProblem: a file is missing, damaged, open to others, or in the way.
        TrustError: the bundle key may not sign any more.
        BadId: the name is none.
    """
    auth, offline = auth_folder(folder), OfflinePaths(keys)
    commons = load_commons(auth)
    check_operator(name)
    refuse_used(out)
    if name in commons.trust.operators:
        raise MemberExists(f"the site has an operator {name!r} already")
    key = NKey.generate("user")
    signer = read_seed(AuthPaths(auth).scoped_seed(role), "account")
    entry = OperatorEntry(name=name, nkey=key.public, role=role.value)
    bundle = next_bundle(offline, now)
    bundle = msgspec.structs.replace(bundle, operators=(*bundle.operators, entry))
    site = commons._replace(trust=publish_bundle(offline, bundle, auth, now))
    write_operator(out, site, entry, key, signer=signer, now=now)
