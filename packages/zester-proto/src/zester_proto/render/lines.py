"""Which source line a rendered line came from, and the way there.

The renderer makes a `LineMap` while it renders; `load` and whoever else reads rendered text asks
it. A text that was never rendered has `LineMap.plain(file, text)`, or simply none.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from zester_proto.render.nodes import Place, Problem


class Origin(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where one rendered line came from."""

    file: str
    line: int
    exact: bool
    """The rendered line is the source's line, so columns are the same."""
    because: tuple[str, ...] = ()
    """`in macro NAME, FILE:LINE` and `included by FILE:LINE`, from the inside out."""


class LineMap:
    """The origins of all lines of one rendered text.

    Attributes:
        text: the rendered text.
        source: the file that the text is as it stands there; None if it was rendered.
        secret: the lines that were made with a secret.
    """

    def __init__(
        self,
        file: str,
        text: str,
        origins: Sequence[Origin],
        secret: frozenset[int] = frozenset(),
    ) -> None:
        self.text = text
        self.source: str | None = None
        self.secret: Final = secret
        self._origins = tuple(origins) or (Origin(file, 1, exact=True),)

    @classmethod
    def plain(cls, file: str, text: str) -> "LineMap":
        """Return the map of a text that is its own source."""
        made = cls(file, text, ())
        made.source = file
        return made

    @property
    def origins(self) -> tuple[Origin, ...]:
        """One for each line of the text; lines count from 1."""
        if self.source is not None and len(self._origins) == 1:
            count = self.text.count("\n") + 1
            self._origins = tuple(
                Origin(self.source, line, exact=True) for line in range(1, count + 1)
            )
        return self._origins

    def origin(self, line: int) -> Origin:
        """Return where a rendered line came from; beyond the end, the last one."""
        origins = self.origins
        return origins[min(max(line, 1), len(origins)) - 1]

    def place(self, line: int, column: int | None, last: int = 0) -> Place:
        """Return the source's place of a place in the rendered text.

        Args:
            line: of the rendered text.
            column: in it.
            last: the line where what begins there ends, if it is another.
        """
        origins = self._origins if self.source is None else self.origins
        # what `origin` does, for the many lines that are in the text
        origin = origins[line - 1] if 0 < line <= len(origins) else self.origin(line)
        secret = bool(self.secret) and any(
            one in self.secret for one in range(line, max(line, last) + 1)
        )
        return Place(origin.file, origin.line, column if origin.exact else None, secret)

    def problem(self, line: int, column: int | None, message: str, hint: str = "") -> Problem:
        """Return a problem at a place of the rendered text, as states.md 3 wants it shown."""
        origin = self.origin(line)
        hidden = origin.exact or column is None or line in self.secret
        rendered = "" if hidden or column is None else self._caret(line, column)
        return Problem(
            message=message,
            place=self.place(line, column),
            hint=hint,
            rendered=rendered,
            because=origin.because,
        )

    def _caret(self, line: int, column: int) -> str:
        lines = self.text.split("\n")
        shown = lines[line - 1].rstrip("\r") if line <= len(lines) else ""
        lead = "".join("\t" if letter == "\t" else " " for letter in shown[: column - 1])
        return f"{shown}\n{lead}^"
