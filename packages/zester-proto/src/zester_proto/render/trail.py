"""Follows a render: which source line made which piece of the text.

Compiled templates (codegen.py) call `at` for each piece that they yield, `mark` before an
expression is evaluated, and `enter` when a macro begins.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from zester_proto.render.lines import LineMap, Origin

_MAX_MACROS: Final = 4


class Trail:
    """Where the render is.

    Attributes:
        file: the file whose code yielded last.
        line: the line in it.
        product: what it yielded was made by an expression and is no text of the file.
        because: the way there.
    """

    __slots__ = ("_chain", "_entered", "because", "file", "line", "product")

    def __init__(self) -> None:
        self.file = ""
        self.line = 1
        self.product = False
        self.because: tuple[str, ...] = ()
        self._chain: tuple[str, ...] = ()
        self._entered: list[str] = []

    def mark(self) -> bool:
        """Note that an expression is about to be evaluated."""
        self._entered.clear()
        return True

    def enter(self, name: str, file: str, line: int) -> None:
        """Note that a macro begins."""
        if len(self._entered) < _MAX_MACROS:
            self._entered.append(f"in macro {name}, {file}:{line}")

    def at(self, file: str, line: int, product: bool, text: str) -> str:
        """Note who yields this text, and return it."""
        self.file = file
        self.line = line
        self.product = product
        self.because = self._chain
        if product and self._entered:
            self.because = (*dict.fromkeys(self._entered), *self._chain)
        return text

    @contextmanager
    def inside(self, how: str) -> Generator[None]:
        """Follow a file that is taken in, and say how."""
        before = self._chain
        self._chain = (how, *before)
        try:
            yield
        finally:
            self._chain = before


class LineBuilder:
    """Puts the pieces of a render together to a text and its map."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._pieces: list[str] = []
        self._places: list[tuple[str, int, tuple[str, ...]]] = []
        self._rank = -1
        self._place: tuple[str, int, tuple[str, ...]] = (file, 1, ())
        self.size = 0

    def add(self, text: str, trail: Trail) -> None:
        """Take the next piece; the trail says where it comes from."""
        self._pieces.append(text)
        self.size += len(text)
        line = trail.line
        for number, part in enumerate(text.split("\n")):
            if number:
                self._places.append(self._place)
                self._rank = -1
                line += not trail.product
            # The first piece of a line that can be seen says where the line is from.
            rank = 0 if not part else 1 if part.isspace() else 2
            if rank > self._rank:
                self._rank = rank
                self._place = (trail.file, line, trail.because)

    def finish(self, sources: dict[str, str]) -> LineMap:
        """Return the map; `sources` says which lines came through as they were."""
        text = "".join(self._pieces)
        lines = {file: source.split("\n") for file, source in sources.items()}
        places = [*self._places, self._place]
        origins = [
            Origin(file, line, _same(lines.get(file, []), line, rendered), because)
            for (file, line, because), rendered in zip(places, text.split("\n"), strict=True)
        ]
        return LineMap(self._file, text, origins)


def _same(lines: list[str], line: int, rendered: str) -> bool:
    return 0 < line <= len(lines) and lines[line - 1].rstrip("\r") == rendered.rstrip("\r")
