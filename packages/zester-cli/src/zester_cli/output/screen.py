"""Where output goes: standard output for results, standard error for everything else."""

import os
import sys
from typing import Final, TextIO

_STYLES: Final = {
    "good": "32", "changed": "33", "bad": "31", "silent": "1;31", "dim": "2", "bold": "1",
    "warning": "33", "": "",
}  # fmt: skip
_OUTCOMES: Final = {
    "ok": "good", "changed": "changed", "would-change": "changed", "offline": "silent",
    "lost": "silent", "complete": "good", "running": "changed", "present": "good",
    "absent": "silent", "pending": "dim", "sent": "dim",
}  # fmt: skip


class Screen:
    """What is known of the two streams.

    Attributes:
        out: standard output.
        err: standard error.
        quiet: nothing but results and errors.
        plain: no colours anywhere.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        no_color: bool = False,
        out: TextIO | None = None,
        err: TextIO | None = None,
    ) -> None:
        self.out = out or sys.stdout
        self.err = err or sys.stderr
        self.quiet = quiet
        self.plain = (
            no_color or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
        )
        self._colour_out = not self.plain and self.out.isatty()
        self._colour_err = not self.plain and self.err.isatty()

    @property
    def colours(self) -> bool:
        """Whether results may be coloured."""
        return self._colour_out

    @property
    def live(self) -> bool:
        """Whether somebody watches standard error."""
        return not self.quiet and self.err.isatty() and os.environ.get("TERM") != "dumb"

    @property
    def columns(self) -> int:
        """How wide results may be; without a terminal as wide as they like."""
        if not self.out.isatty():
            return 10_000
        try:
            return max(os.get_terminal_size(self.out.fileno()).columns, 20)
        except (OSError, ValueError):
            return 80

    def style(self, text: str, style: str) -> str:
        """Give a text for standard output in a style."""
        return _styled(text, style) if self._colour_out else text

    def write(self, text: str) -> None:
        """Write results; they end in a line end."""
        self.out.write(text if text.endswith("\n") or not text else f"{text}\n")

    def write_bytes(self, data: bytes) -> None:
        """Write a result as it is."""
        self.out.flush()
        self.out.buffer.write(data)
        self.out.buffer.flush()

    def note(self, text: str) -> None:
        """Say something about the results, unless only they are wanted."""
        if not self.quiet:
            self._say(text)

    def warn(self, text: str) -> None:
        """Say that something is not as it should be."""
        self._say(_styled(text, "warning") if self._colour_err else text)

    def fail(self, text: str) -> None:
        """Say why nothing came of it."""
        self._say(_styled(text, "bad") if self._colour_err else text)

    def _say(self, text: str) -> None:
        # results come first where both streams lead to one terminal
        self.out.flush()
        self.err.write(f"{text}\n")
        self.err.flush()


def style_of(outcome: str) -> str:
    """Give the style of an outcome or state."""
    return _OUTCOMES.get(outcome, "bad")


def _styled(text: str, style: str) -> str:
    code = _STYLES[style]
    return f"\x1b[{code}m{text}\x1b[0m" if code and text else text
