"""Keeps the settings that were rendered last, sealed, for the next job (settings.md 3).

They are given again only for the same files, facts and versions, and only if rendering them called
no function: what such a one says may be another the next time.
"""

import marshal
from pathlib import Path
from typing import Any, Final, cast

from zester_modules.context import Context
from zester_proto import __version__
from zester_proto.codec import digest, pack
from zester_proto.errors import CodecError, FileProblem
from zester_proto.files import make_private_folder, write_atomic
from zester_proto.identity.sealing import SealError, open_with, seal_with
from zester_proto.settings.model import Compiled

_NAME: Final = "last"
_AAD: Final = b"zester/rendered-settings/v1\0"


class SettingsCache:
    """One peel's last settings on disk.

    Args:
        folder: is made 0700.
        key: 32 bytes that only those know who may read the settings; another key is another cache.
    """

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder = folder
        self._key = key

    def get(self, basis: bytes) -> Compiled | None:
        """Give the settings that were rendered from this, without their layers; else None."""
        try:
            data = open_with(self._key, _AAD + basis, (self._folder / _NAME).read_bytes())
        except (OSError, SealError):
            return None
        # Nobody without the key makes bytes that open, so marshal sees only what `put` wrote.
        values, secrets = cast("tuple[dict[str, Any], list[Any]]", marshal.loads(data))  # noqa: S302  # for the reason above
        return Compiled(values=values, secrets=frozenset(secrets))

    def put(self, basis: bytes, compiled: Compiled) -> None:
        """Keep what was rendered from this; a disk that is full or read-only costs only speed."""
        if compiled.called or compiled.errors:
            return
        try:
            data = marshal.dumps((compiled.values, list(compiled.secrets)))
            make_private_folder(self._folder)
            write_atomic(self._folder / _NAME, seal_with(self._key, _AAD + basis, data))
        except (OSError, ValueError, FileProblem):
            return


def basis_of(what: bytes, context: Context) -> bytes | None:
    """Give what rendered settings depend on; None where facts have no digest.

    Args:
        what: names the files, their order and the secrets.
        context: the peel.
    """
    seen = {"facts": dict(context.facts), "options": dict(context.options), "test": context.test}
    try:
        return digest(b"\0".join((__version__.encode(), what, pack(seen))))
    except CodecError:
        return None
