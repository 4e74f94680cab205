"""Where secrets are named: in which files of the tree, and for which peels."""

from collections.abc import Mapping
from typing import NamedTuple

from zester_master.settings.names import file_name
from zester_master.site.keyring import open_any
from zester_proto.codec import decode
from zester_proto.errors import BadId, CodecError
from zester_proto.identity.sealing import SealError
from zester_proto.ids import from_token
from zester_proto.link import NatsLink, chunks, kv
from zester_proto.messages.settings import (
    BUNDLE_LIMIT,
    BUNDLES,
    BundleNote,
    SealedBundle,
    note_aad,
)
from zester_proto.render.nodes import Place
from zester_proto.settings.closure import Closures
from zester_proto.tree.files import KeptTree


class Use(NamedTuple):
    """Where one secret is named."""

    places: tuple[Place, ...] = ()
    peels: tuple[str, ...] = ()
    """Those that got a file which names it, as far as this tree is what is published."""


def places_in(tree: KeptTree) -> dict[str, dict[tuple[str, str], Place]]:
    """Give for each secret that a tree names the files, and the first place in each."""
    closures = Closures(tree)
    found: dict[str, dict[tuple[str, str], Place]] = {}
    for env in tree.environments:
        for path in tree.paths(env):
            for name, place in closures.analysis(env, path).secrets.items():
                found.setdefault(name, {})[env, path] = place
    return found


async def notes(
    link: NatsLink, settings_key: bytes, site: str, also: tuple[bytes, ...] = ()
) -> dict[str, BundleNote]:
    """Give the notes beside all bundles that the key opens, or one of the others, by peel.

    Raises:
        LinkError: they cannot be read.
    """
    found: dict[str, BundleNote] = {}
    for key, entry in (await kv.get_many(link, BUNDLES)).items():
        try:
            peel_id, value = from_token(key), entry.value
            if chunks.read_head(entry.headers) is not None:
                whole = await chunks.read(link, BUNDLES, key, limit=BUNDLE_LIMIT)
                value = whole.value if whole is not None else b""
            bundle = decode(value, SealedBundle, limit=BUNDLE_LIMIT)
            plain = open_any(settings_key, also, note_aad(site, peel_id), bundle.note)
            found[peel_id] = decode(plain, BundleNote)
        except (BadId, CodecError, SealError):
            continue  # a chunk of a larger one, or one that is sealed anew soon
    return found


def uses(tree: KeptTree, noted: Mapping[str, BundleNote], settings_key: bytes) -> dict[str, Use]:
    """Give where each secret is named.

    Args:
        tree: the settings in this master's folders.
        noted: what lies beside the bundles.
        settings_key: names files.
    """
    found: dict[str, Use] = {}
    for name, files in places_in(tree).items():
        names = {file_name(settings_key, *file) for file in files}
        peels = sorted(one for one, note in noted.items() if names & note.files.keys())
        found[name] = Use(tuple(files.values()), tuple(peels))
    return found
