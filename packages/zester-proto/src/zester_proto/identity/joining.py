"""How a peel comes to a site: one signed line from the peel, one file without a secret back.

`zester-peel keys` makes the keys and the line, `zester-master peel add` reads it and makes the
file, `zester-peel join` installs it. The same folder serves both sides: an auth folder of a peel
holds `peel.creds box.key ca.crt trust/ site.json`, and before it joined `peel.seed box.key`.
"""

import base64
import binascii
from pathlib import Path
from typing import Final, NamedTuple

from zester_proto.codec import decode, encode
from zester_proto.errors import BadId, CodecError, FileProblem, ZesterError
from zester_proto.files import make_private_folder, write_atomic
from zester_proto.identity.bundle import TrustError, TrustStore
from zester_proto.identity.claims import UserClaims
from zester_proto.identity.creds import (
    Credentials,
    make_credentials,
    read_creds,
    write_creds,
)
from zester_proto.identity.joined import PeelSite, joined_as, read_joined, write_joined
from zester_proto.identity.jwt import BadJwt, box_of, read_jwt
from zester_proto.identity.keyfile import read_key, read_seed, write_key, write_seed
from zester_proto.identity.nkeys import BadKey, NKey, decode_public
from zester_proto.identity.sealing import BoxKey
from zester_proto.identity.signing import BadSignature, SigningKey, sign, site_id, verify
from zester_proto.ids import check_peel_id, token
from zester_proto.messages.trust import JoinBundle, JoinRequest, Signed

LINE: Final = "zester-join-1:"
"""What the line that a peel prints begins with."""

FILE: Final = "zester-join-bundle-1:"
"""What the file that a master makes begins with."""

_LINE_LIMIT: Final = 4096
_WIDTH: Final = 76

SEED_FILE: Final = "peel.seed"
BOX_FILE: Final = "box.key"
CREDS_FILE: Final = "peel.creds"
CA_FILE: Final = "ca.crt"
TRUST_FOLDER: Final = "trust"


class JoinError(ZesterError):
    """Raised when a line or a bundle of a join is not what it should be."""


class PeelKeys(NamedTuple):
    """The two private keys of a peel; made on its host."""

    nkey: NKey
    box: BoxKey


class PeelIdentity(NamedTuple):
    """What a peel needs to connect and to be believed, and whom it believes."""

    id: str
    credentials: Credentials
    box: BoxKey
    trust: TrustStore
    site: PeelSite
    ca: Path


def new_keys() -> PeelKeys:
    """Make the keys of a peel."""
    return PeelKeys(NKey.generate("user"), BoxKey.generate())


def request_line(peel_id: str, keys: PeelKeys, issued: float) -> str:
    """Give the line with which a peel asks to be admitted, signed by its own key.

    Raises:
        BadId: the id is none.
    """
    request = JoinRequest(
        id=check_peel_id(peel_id), nkey=keys.nkey.public, box=keys.box.public, issued=issued
    )
    signed = sign(SigningKey.from_seed(keys.nkey.seed), "join", "", encode(request))
    return LINE + base64.urlsafe_b64encode(encode(signed)).decode()


def read_line(line: str) -> JoinRequest:
    """Read the line of a peel and verify that it holds the key it speaks of.

    Raises:
        JoinError: it is cut, changed, or not signed by that key.
    """
    hint = "copy the whole line that `zester-peel keys` prints"
    try:
        signed = decode(_unwrap(line, LINE, _LINE_LIMIT), Signed)
        request = decode(signed.body, JoinRequest)
        verify(signed, decode_public(request.nkey, "user"), "join", "")
        check_peel_id(request.id)
    except (CodecError, BadKey, BadSignature, BadId) as error:
        raise JoinError(f"the line of the peel is not valid: {error}", hint=hint) from error
    if len(request.box) != 32:
        raise JoinError("the line of the peel carries no X25519 key", hint=hint)
    return request


def _unwrap(text: str, prefix: str, limit: int) -> bytes:
    bare = "".join(text.split())
    if not bare.startswith(prefix) or len(bare) > limit:
        raise CodecError(f"it does not begin with {prefix}, or is too long")
    try:
        return base64.b64decode(bare[len(prefix) :], altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise CodecError("it is cut or changed") from error


def bundle_text(bundle: JoinBundle) -> str:
    """Give the text of the file with which a peel joins; it holds no secret."""
    body = base64.urlsafe_b64encode(encode(bundle)).decode()
    lines = [body[at : at + _WIDTH] for at in range(0, len(body), _WIDTH)]
    return "\n".join([FILE, *lines, ""])


def read_bundle(text: str) -> JoinBundle:
    """Read the file with which a peel joins.

    Raises:
        JoinError: it is cut or changed.
    """
    try:
        return decode(_unwrap(text, FILE, 1024 * 1024), JoinBundle)
    except CodecError as error:
        raise JoinError(
            f"the join file is not valid: {error}",
            hint="copy the file of `zester-master peel add --out` again",
        ) from error


def check_bundle(bundle: JoinBundle, keys: PeelKeys) -> TrustStore:
    """Verify that a join file is for these keys and holds together; give whom it trusts.

    The root is believed because somebody carried it here; all else must follow from it.

    Raises:
        JoinError: it is for another peel or its parts belong to different sites.
    """
    hint = "make the file from the line that `zester-peel keys` prints on this host"
    try:
        claims = read_jwt(bundle.jwt, UserClaims)
        fits = claims.sub == keys.nkey.public and box_of(claims) == keys.box.public
        if not fits:
            raise JoinError(f"the join file is for another host's keys ({bundle.id})", hint=hint)
        if claims.name != token(bundle.id):
            raise JoinError(f"the join file names {bundle.id}, its JWT {claims.name}", hint=hint)
        store = TrustStore(bundle.root)
        for signed in bundle.bundles:
            store.restore(signed)
    except (BadJwt, BadId, TrustError) as error:
        raise JoinError(f"the join file is not valid: {error}", hint=hint) from error
    if bundle.site != site_id(bundle.root) or not store.version or not bundle.cas:
        raise JoinError("the join file does not hold together: its site, CA or trust is missing")
    return store


def save_keys(folder: Path, keys: PeelKeys) -> None:
    """Write the keys of a peel that has not joined yet.

    Raises:
        FileProblem: they cannot be written.
    """
    make_private_folder(folder)
    write_key(folder / BOX_FILE, "box", keys.box.seed)
    write_seed(folder / SEED_FILE, keys.nkey)


def load_keys(folder: Path) -> PeelKeys | None:
    """Read the keys of a peel, joined or not; nothing if it has none yet.

    Raises:
        FileProblem: unreadable, open to others, or half there.
    """
    creds, seed, box = folder / CREDS_FILE, folder / SEED_FILE, folder / BOX_FILE
    if seed.exists():
        nkey = read_seed(seed, "user")
    elif creds.exists():
        nkey = read_creds(creds).key
    else:
        return None
    return PeelKeys(nkey, BoxKey.from_seed(read_key(box, "box")))


def install(folder: Path, bundle: JoinBundle, keys: PeelKeys, *, replace: bool = False) -> None:
    """Make `folder` the auth folder of the peel that a join file is for.

    Joining the same site again under the same name (a new JWT, a new URL) is no replacement.

    Args:
        folder: made if it is missing.
        bundle: the join file.
        keys: the keys that it is for.
        replace: let go of another identity that lies there.

    Raises:
        JoinError: not for these keys, or another identity lies there.
        FileProblem: the files cannot be written.
    """
    store = check_bundle(bundle, keys)
    make_private_folder(folder)
    old = joined_as(folder)
    if old is not None and (old.id, old.site) != (bundle.id, bundle.site) and not replace:
        raise JoinError(
            f"{folder} already holds the identity of {old.id} at site {old.site}",
            hint="say --force to let go of it, or use another auth_dir",
        )
    if old is not None and old.site == bundle.site:
        store = _newer(store, folder)
    else:
        _forget_trust(folder / TRUST_FOLDER)
    store.save(folder / TRUST_FOLDER)
    write_key(folder / BOX_FILE, "box", keys.box.seed)
    write_atomic(folder / CA_FILE, "".join(bundle.cas).encode(), 0o644)
    site = PeelSite(id=bundle.id, site=bundle.site, nats_url=bundle.nats_url)
    write_joined(folder, site)
    write_creds(folder / CREDS_FILE, make_credentials(bundle.jwt, keys.nkey))
    (folder / SEED_FILE).unlink(missing_ok=True)


def _newer(given: TrustStore, folder: Path) -> TrustStore:
    held = TrustStore.load(folder / TRUST_FOLDER)
    return held if held.version > given.version else given


def _forget_trust(folder: Path) -> None:
    if folder.is_dir():
        for path in folder.iterdir():
            path.unlink(missing_ok=True)


def load_identity(folder: Path) -> PeelIdentity:
    """Read the auth folder of a peel that has joined.

    Raises:
        FileProblem: something is missing, damaged, or open to others.
        TrustError: its trust bundles are not valid.
    """
    if not (folder / CREDS_FILE).exists():
        raise FileProblem(
            f"{folder} holds no identity: this host has not joined a site",
            hint="run `zester-peel keys --id ID` here and `zester-master peel add` on a master",
        )
    site = read_joined(folder)
    credentials = read_creds(folder / CREDS_FILE)
    if credentials.name != token(site.id):
        raise FileProblem(f"{folder / CREDS_FILE} is that of {credentials.name}, not of {site.id}")
    return PeelIdentity(
        id=site.id,
        credentials=credentials,
        box=BoxKey.from_seed(read_key(folder / BOX_FILE, "box")),
        trust=TrustStore.load(folder / TRUST_FOLDER),
        site=site,
        ca=folder / CA_FILE,
    )
