"""How trust bundles are made: with the offline keys, one version at a time."""

from pathlib import Path

from zester_master.site.layout import AuthPaths, OfflinePaths
from zester_proto.codec import decode
from zester_proto.errors import CodecError, FileProblem
from zester_proto.files import read_file
from zester_proto.identity.bundle import TrustStore, following, sign_bundle
from zester_proto.identity.keyfile import read_key
from zester_proto.identity.signing import SigningKey
from zester_proto.messages.trust import Signed, TrustBundle


def next_bundle(offline: OfflinePaths, now: float) -> TrustBundle:
    """Give the bundle that comes next, so far with the content of the newest.

    The offline folder's own history counts, not a master's: whoever holds the bundle key knows
    all that it signed, so no two bundles get one version.

    Raises:
        FileProblem: a file is missing or damaged.
        TrustError: the bundles there are not valid.
    """
    return following(TrustStore.load(offline.trust), now)


def publish_bundle(
    offline: OfflinePaths, bundle: TrustBundle, auth: Path, now: float
) -> TrustStore:
    """Sign a bundle and lay it beside the bundle key and into a master's auth folder.

    A running master finds it there and takes it to the bucket `trust`.

    Args:
        offline: holds the bundle key.
        bundle: as `next_bundle` gave it, changed.
        auth: the auth folder of a master of the site.
        now: Unix time.

    Raises:
        FileProblem: a file is missing, damaged or open to others.
        TrustError: the bundle key is not certified any more, or the folders are of two sites.
    """
    key = SigningKey.from_seed(read_key(offline.bundle_key, "bundle"))
    store = TrustStore.load(offline.trust)
    store.accept(sign_bundle(bundle, key, _certificate(offline)), now=now)
    there = TrustStore.load(AuthPaths(auth).trust)
    if there.site != store.site:
        raise FileProblem(
            f"{offline.folder} holds the keys of site {store.site}, {auth} is of {there.site}"
        )
    store.save(offline.trust, all_versions=True)
    store.save(AuthPaths(auth).trust, all_versions=True)
    return store


def _certificate(offline: OfflinePaths) -> Signed:
    path = offline.bundle_certificate
    try:
        return decode(read_file(path), Signed)
    except CodecError as error:
        raise FileProblem(f"{path} is no certificate of a bundle key: {error}") from error
