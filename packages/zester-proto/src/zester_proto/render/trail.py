"""Follows a render: which source line made which piece of the text.

Compiled templates (codegen.py) call `at` for each piece that they yield, `mark` before an
expression is evaluated, and `enter` when a macro begins.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from zester_proto.render.bounds import check_size
from zester_proto.render.lines import LineMap, Origin
from zester_proto.secrets.watched import Reads

_MAX_MACROS: Final = 4
_SEEN: Final = 2
"""How well a piece says where its line is from: nothing of it, spaces, something."""


class Trail:
    """Where the render is.

    Attributes:
        file: the file whose code yielded last.
        line: the line in it.
        product: what it yielded was made by an expression and is no text of the file.
        because: the way there.
        secret: what it yielded was made with a secret, and nobody has taken it yet.
        uncertain: a secret was read, and nobody knows for which piece.

    Args:
        reads: counts reads of secrets.
    """

    __slots__ = (
        "_before", "_chain", "_entered", "_reads", "_seen", "because", "file", "line", "product",
        "secret", "uncertain",
    )  # fmt: skip

    def __init__(self, reads: Reads | None = None) -> None:
        self._reads = reads or Reads()
        self._seen = self._before = self._reads.count
        self.secret = False
        self.uncertain = False
        self.file = ""
        self.line = 1
        self.product = False
        self.because: tuple[str, ...] = ()
        self._chain: tuple[str, ...] = ()
        self._entered: list[str] = []

    def mark(self) -> bool:
        """Note that an expression is about to be evaluated."""
        if self._entered:
            self._entered.clear()
        if self._reads.count != self._seen or self.secret:
            self.settle()
        self._before = self._seen
        return True

    def settle(self) -> None:
        """Take notice of secrets that no expression has read: a `set` did, or an `if`.

        What was made with one must have been taken by now, too: it is in no text that we know.
        """
        count = self._reads.count
        if count != self._seen or self.secret:
            self.uncertain = True
        self._seen = count

    def enter(self, name: str, file: str, line: int) -> None:
        """Note that a macro begins."""
        if len(self._entered) < _MAX_MACROS:
            self._entered.append(f"in macro {name}, {file}:{line}")

    def at(self, file: str, line: int, product: bool, text: str) -> str:
        """Note who yields this text, and return it."""
        if product:
            self.secret = self._reads.count != self._before
            self._seen = self._reads.count
        elif self._reads.count != self._seen or self.secret:
            self.settle()
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
        self._secret: set[int] = set()
        self.size = 0

    def add(self, text: str, trail: Trail) -> None:
        """Take the next piece; the trail says where it comes from.

        Raises:
            TooLarge: the text has grown beyond what a file may render to.
        """
        self._pieces.append(text)
        self.size += len(text)
        check_size(self.size)
        if trail.secret:
            trail.secret = False
            first = len(self._places) + 1
            self._secret.update(range(first, first + text.count("\n") + 1))
        if "\n" not in text:
            self._see(text, trail, trail.line)
            return
        line = trail.line
        for number, part in enumerate(text.split("\n")):
            if number:
                self._places.append(self._place)
                self._rank = -1
                line += not trail.product
            self._see(part, trail, line)

    def _see(self, part: str, trail: Trail, line: int) -> None:
        """Let the first piece of a line that can be seen say where the line is from."""
        if self._rank == _SEEN:
            return
        rank = 0 if not part else 1 if part.isspace() else _SEEN
        if rank > self._rank:
            self._rank = rank
            self._place = (trail.file, line, trail.because)

    def finish(self, sources: dict[str, str], *, uncertain: bool = False) -> LineMap:
        """Return the map.

        Args:
            sources: says which lines came through as they were.
            uncertain: a secret may be in any line.
        """
        text = "".join(self._pieces)
        lines = {file: source.split("\n") for file, source in sources.items()}
        places = [*self._places, self._place]
        origins = [
            Origin(file, line, _same(lines.get(file, []), line, rendered), because)
            for (file, line, because), rendered in zip(places, text.split("\n"), strict=True)
        ]
        secret = range(1, len(origins) + 1) if uncertain else self._secret
        return LineMap(self._file, text, origins, frozenset(secret))


def _same(lines: list[str], line: int, rendered: str) -> bool:
    if not 0 < line <= len(lines):
        return False
    source = lines[line - 1]
    return source == rendered or source.rstrip("\r") == rendered.rstrip("\r")
