"""Renders what a master sealed for this peel; its agent has opened the bundle (settings.md 3)."""

from pathlib import Path

from zester_modules.context import Context
from zester_modules.errors import Refused
from zester_modules.states.settings_cache import SettingsCache, basis_of
from zester_modules.states.settings_of import settings_from
from zester_modules.states.trees import SealedSettings
from zester_proto.codec import digest, encode
from zester_proto.identity.sealing import SealError, open_with
from zester_proto.messages.settings import file_aad
from zester_proto.settings.model import Compiled
from zester_proto.tree.files import KeptTree


def opened(sealed: SealedSettings) -> KeptTree:
    """Open the files.

    Raises:
        Refused: one is not there, or was changed.
    """
    files: dict[str, dict[str, bytes]] = {}
    for one in sealed.bundle.files:
        try:
            data = (Path(sealed.folder) / one.stored).read_bytes()
            plain = open_with(one.key, file_aad(sealed.bundle.site, one.stored), data)
        except (OSError, SealError) as error:
            raise Refused(
                f"the settings file {one.path} cannot be read on this peel: {error}",
                hint="settings.refresh fetches it anew",
            ) from error
        files.setdefault(one.env, {})[one.path] = plain
    return KeptTree(files)


def compiled(sealed: SealedSettings, context: Context, *, whole: bool = False) -> Compiled:
    """Render them for this peel, or take what the last job rendered of the same.

    Args:
        sealed: what the agent has opened.
        context: the peel: its id and facts.
        whole: with layers and places, so rendered in any case.

    Raises:
        Refused: something is wrong with them; the text says what, and where.
    """
    bundle = sealed.bundle
    cache = cache_of(sealed)
    basis = basis_of(encode(bundle), context)
    if basis is not None and not whole and (kept := cache.get(basis)) is not None:
        return kept
    made = settings_from(
        opened(sealed), bundle.entries, context, secret=bundle.secrets.get, lists=bundle.lists,
        made=cache.made(),
    )  # fmt: skip
    if basis is not None:
        cache.put(basis, made)
    return made


def cache_of(sealed: SealedSettings) -> SettingsCache:
    """Give what jobs made of these settings; its key has nobody who could not read the files."""
    keys = b"".join(one.key for one in sealed.bundle.files)
    key = digest(b"zester/rendered-key/v1\0" + keys)
    return SettingsCache(Path(sealed.folder).parent / "rendered", key)
