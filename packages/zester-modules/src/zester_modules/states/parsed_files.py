"""Keeps texts of settings as YAML read them, sealed, for the next job that renders (settings.md 3).

Reading the YAML of a thousand settings takes longer than all else but Jinja. What a text says
hangs on nothing but the text, where its lines came from, and its dialect, so these are its name.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from zester_modules.states.sealed_file import SealedFile
from zester_proto.codec import decode, digest, encode
from zester_proto.errors import CodecError
from zester_proto.render.lines import LineMap, Origin
from zester_proto.render.nodes import Dialect, Mapping
from zester_proto.render.yaml import Loaded
from zester_proto.settings.shared import Alone

_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of all that is kept; more than that is read each time."""


class _Read(msgspec.Struct, frozen=True, array_like=True):
    """All that decides what a text says."""

    text: str
    dialect: Dialect
    source: str | None
    origins: tuple[Origin, ...]
    secret: frozenset[int]


class _Kept(msgspec.Struct, frozen=True):
    roots: dict[bytes, Mapping]


class ParsedFiles(Alone):
    """The texts of one peel's last compile; it satisfies `Shared` of the next one.

    Args:
        file: where they are kept.
    """

    def __init__(self, file: SealedFile) -> None:
        self._file = file
        self._known = _opened(file)
        self._used: dict[bytes, Mapping] = {}

    def loaded(self, lines: LineMap, dialect: Dialect, load: Callable[[], Loaded], /) -> Loaded:
        """Give what a text says, as it was read before if it was."""
        plain = lines.source is not None
        read = _Read(
            lines.text, dialect, lines.source, () if plain else lines.origins, lines.secret
        )  # fmt: skip
        name = digest(encode(read))
        root = self._known.get(name)
        if root is None:
            found = load()
            if found.problems or not isinstance(found.root, Mapping):
                return found
            root = found.root
        self._used[name] = root
        return Loaded(root)

    def save(self, *, more: bool = False) -> None:
        """Keep what this compile read, if any of it is new.

        Args:
            more: keep what was there, too; else nothing but what was read now.
        """
        if self._used.keys() <= self._known.keys():
            return
        try:
            data = encode(_Kept({**self._known, **self._used} if more else self._used))
        except CodecError:
            return
        if len(data) <= _LIMIT:
            self._file.put(data)


def _opened(file: SealedFile) -> dict[bytes, Mapping]:
    data = file.get()
    try:
        return decode(data, _Kept, limit=_LIMIT).roots if data is not None else {}
    except CodecError:
        return {}
