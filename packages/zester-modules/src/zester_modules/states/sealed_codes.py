"""Keeps compiled templates of settings sealed: their code holds the text that stands in them."""

import marshal
from types import CodeType
from typing import Final, cast

from zester_modules.states.sealed_table import SealedTable
from zester_proto.render.code_cache import CodeCache

_KIND: Final = b"c"


class SealedCodes(CodeCache):
    """Code by key, in memory and in a table.

    Args:
        table: where it is kept.
    """

    def __init__(self, table: SealedTable) -> None:
        super().__init__()
        self._table = table

    def get(self, key: str) -> CodeType | None:
        """Return the code of a key, or None."""
        code = super().get(key)
        if code is None and (data := self._table.get(_name(key))) is not None:
            # Nobody without the key makes bytes that open, so marshal sees only what `put` wrote.
            code = cast("CodeType", marshal.loads(data))  # noqa: S302  # for the reason above
            super().put(key, code)
        return code

    def put(self, key: str, code: CodeType) -> None:
        """Keep code, on disk once the table is saved."""
        super().put(key, code)
        self._table.put(_name(key), marshal.dumps(code))


def _name(key: str) -> bytes:
    return _KIND + bytes.fromhex(key)
