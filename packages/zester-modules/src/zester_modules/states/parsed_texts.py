"""Keeps what YAML said of texts of settings, for the next job that renders (settings.md 3).

Reading the YAML of a thousand settings takes longer than all else but Jinja. What a text says
hangs on nothing but the text, where its lines came from, and its dialect, so these are its name.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from zester_modules.states.sealed_table import LIMIT, SealedTable
from zester_proto.codec import decode, digest, encode
from zester_proto.errors import CodecError
from zester_proto.render.lines import LineMap, Origin
from zester_proto.render.nodes import Dialect, Mapping
from zester_proto.render.yaml import Loaded
from zester_proto.settings.shared import Alone

_KIND: Final = b"y"


class _Text(msgspec.Struct, frozen=True, array_like=True):
    """All that decides what a text says."""

    text: str
    dialect: Dialect
    source: str | None
    origins: tuple[Origin, ...]
    secret: frozenset[int]


class ParsedTexts(Alone):
    """The texts of one peel's last compiles; they satisfy `Shared` of the next one.

    Args:
        table: where they are kept.
    """

    def __init__(self, table: SealedTable) -> None:
        self._table = table

    def loaded(self, lines: LineMap, dialect: Dialect, load: Callable[[], Loaded], /) -> Loaded:
        """Give what a text says, as it was read before if it was."""
        origins = () if lines.source is not None else lines.origins
        text = _Text(lines.text, dialect, lines.source, origins, lines.secret)
        name = _KIND + digest(encode(text))
        known = self._table.get(name)
        if known is not None:
            return Loaded(decode(known, Mapping, limit=LIMIT))
        found = load()
        if not found.problems and isinstance(found.root, Mapping):
            try:
                self._table.put(name, encode(found.root))
            except CodecError:
                return found
        return found
