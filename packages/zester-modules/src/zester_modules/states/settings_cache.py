"""Keeps what a job made of a peel's settings, sealed, for the next one (settings.md 3).

What was rendered last is given again only for the same files, facts and versions, and only if
rendering it called no function: what such a one says may be another the next time. Else the next
job renders, with the templates that were compiled and what YAML said before (`SealedTable`).
"""

import marshal
from pathlib import Path
from typing import Any, Final, cast

from zester_modules.context import Context
from zester_modules.states.sealed_file import SealedFile
from zester_modules.states.sealed_table import SealedTable
from zester_proto import __version__
from zester_proto.codec import digest, pack
from zester_proto.errors import CodecError
from zester_proto.settings.model import Compiled

_LAST: Final = "last"
_LAST_AAD: Final = b"zester/rendered-settings/v1\0"
_MADE: Final = "made"
_MADE_AAD: Final = b"zester/made-of-settings/v1\0" + __version__.encode()


class SettingsCache:
    """One peel's last settings on disk.

    Args:
        folder: is made 0700.
        key: 32 bytes that only those know who may read the settings; another key is another cache.
    """

    def __init__(self, folder: Path, key: bytes) -> None:
        self._last = SealedFile(folder / _LAST, key, _LAST_AAD)
        self._made = SealedFile(folder / _MADE, key, _MADE_AAD)

    def get(self, basis: bytes) -> Compiled | None:
        """Give the settings that were rendered from this, without their layers; else None."""
        data = self._last.get(basis)
        if data is None:
            return None
        # Nobody without the key makes bytes that open, so marshal sees only what `put` wrote.
        values, secrets = cast("tuple[dict[str, Any], list[Any]]", marshal.loads(data))  # noqa: S302  # for the reason above
        return Compiled(values=values, secrets=frozenset(secrets))

    def put(self, basis: bytes, compiled: Compiled) -> None:
        """Keep what was rendered from this."""
        if compiled.called or compiled.errors:
            return
        try:
            data = marshal.dumps((compiled.values, list(compiled.secrets)))
        except ValueError:  # a template made something that is no data
            return
        self._last.put(data, basis)

    def made(self) -> SealedTable:
        """Give what compiles made of templates and texts, for the next one."""
        return SealedTable(self._made)


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
