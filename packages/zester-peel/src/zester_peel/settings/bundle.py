"""Opens a bundle: what makes a peel believe that these are its settings (settings.md 2)."""

from zester_proto.codec import decode
from zester_proto.errors import CodecError, ZesterError
from zester_proto.identity.sealing import BoxKey, SealError, open_from
from zester_proto.messages.settings import (
    BUNDLE_LIMIT,
    SealedBundle,
    SettingsBundle,
    bundle_aad,
)
from zester_proto.messages.trees import BadTree, check_environment, check_path
from zester_proto.messages.trust import Signed


class BadSettings(ZesterError):
    """Raised when what the store gives are no settings for this peel."""


def unsealed(data: bytes, site: str, peel_id: str, box: BoxKey) -> Signed:
    """Open what lies in `secrets/<id>`.

    Raises:
        BadSettings: it was not sealed for this peel and key.
    """
    try:
        stored = decode(data, SealedBundle, limit=BUNDLE_LIMIT)
        plain = open_from(box, bundle_aad(site, peel_id), stored.sealed)
        return decode(plain, Signed, limit=BUNDLE_LIMIT)
    except (CodecError, SealError) as error:
        raise BadSettings(
            f"the settings in the store are not sealed for this peel: {error}"
        ) from error


def checked(body: bytes, site: str, peel_id: str, box: BoxKey) -> SettingsBundle:
    """Read what a master signed.

    Raises:
        BadSettings: it is for another site, peel or key, or names a file that may not be one.
    """
    try:
        bundle = decode(body, SettingsBundle, limit=BUNDLE_LIMIT)
        for one in bundle.files:
            check_environment(one.env)
            check_path(one.path)
            _check_stored(one.stored)
    except (CodecError, BadTree) as error:
        raise BadSettings(f"the settings in the store make no sense: {error}") from error
    if (bundle.site, bundle.peel, bundle.recipient) != (site, peel_id, box.id):
        raise BadSettings(f"the settings in the store are those of {bundle.peel} of {bundle.site}")
    return bundle


def _check_stored(stored: str) -> None:
    # it is the name of a file here, too
    generation, dot, name = stored.partition(".")
    if not (dot and generation.isdigit() and name.isalnum() and stored.isascii()):
        raise BadTree(f"{stored[:80]!r} is no key of a settings file")
