"""What a job made of settings, by name, sealed in one file for the next one."""

from typing import Final

import msgspec

from zester_modules.states.sealed_file import SealedFile
from zester_proto.codec import decode, encode
from zester_proto.errors import CodecError

LIMIT: Final = 16 * 1024 * 1024
"""Bytes of all that is kept; where it would be more, nothing new is."""

_SPARE: Final = 4
"""How many times as much is kept as the last job needed, for files that not every job needs."""


class _Rows(msgspec.Struct, frozen=True):
    rows: dict[bytes, bytes]


class SealedTable:
    """The things of one file, read when the table is made.

    Args:
        file: where they are kept.
    """

    def __init__(self, file: SealedFile) -> None:
        self._file = file
        self._known = _opened(file)
        self._used: dict[bytes, bytes] = {}

    def get(self, name: bytes) -> bytes | None:
        """Give what is kept under a name."""
        data = self._used.get(name)
        if data is None and (data := self._known.get(name)) is not None:
            self._used[name] = data
        return data

    def put(self, name: bytes, data: bytes) -> None:
        """Keep something, once the table is saved."""
        self._used[name] = data

    def save(self) -> None:
        """Write what was put, if it is new, and what was there, as far as it is not too much."""
        if self._used.keys() <= self._known.keys():
            return
        rows = {**self._known, **self._used}
        if len(rows) > _SPARE * len(self._used):
            rows = self._used
        data = encode(_Rows(rows))
        if len(data) <= LIMIT:
            self._file.put(data)


def _opened(file: SealedFile) -> dict[bytes, bytes]:
    data = file.get()
    try:
        return decode(data, _Rows, limit=LIMIT).rows if data is not None else {}
    except CodecError:
        return {}
