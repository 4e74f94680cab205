"""Text of unknown origin made harmless for a terminal, and how wide it stands there."""

import re
from typing import Final

# Colours alone are dropped: `ls --color` stays readable. Whatever else a terminal would obey, or
# that turns the order of letters round, is shown instead of sent.
_COLOURS: Final = re.compile(r"\x1b\[[0-9;:]*m")
_DANGEROUS: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff"
    "\ud800-\udfff]"
)
_TAB: Final = 8


def harmless(text: str) -> str:
    r"""Give the text with everything that a terminal would obey spelled out, as `\x1b`.

    Line ends and tabs stay.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _COLOURS.sub("", text).replace("\r\n", "\n")
    return _DANGEROUS.sub(_spelled, text)


def harmless_line(text: str) -> str:
    """Give the text as one line: line ends and tabs are spelled out too."""
    return harmless(text).replace("\n", "\\n").replace("\t", "\\t")


def is_dangerous(text: str) -> bool:
    """Say whether a terminal would obey some of the text."""
    return _DANGEROUS.search(text) is not None


def escaped_json(text: str) -> str:
    """Give JSON in which what a terminal would obey is escaped; the same JSON to a reader.

    Line ends stay: outside strings they are layout, inside them JSON has escaped them already.
    """
    return _DANGEROUS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _spelled(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def width(text: str) -> int:
    """Give the columns that a line takes on a terminal."""
    if text.isascii():
        return len(text)
    import unicodedata  # noqa: PLC0415  # only text beyond ASCII pays for it

    return sum(
        0 if unicodedata.combining(letter) or unicodedata.category(letter) in {"Mn", "Me", "Cf"}
        else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )  # fmt: skip


def tabs_out(line: str) -> str:
    """Give a line with spaces in place of tabs, so that it may be indented."""
    return line.expandtabs(_TAB) if "\t" in line else line


def shortened(text: str, columns: int) -> str:
    """Give as much of a line as fits, with an ellipsis if some of it does not."""
    if width(text) <= columns:
        return text
    while text and width(text) > columns - 1:
        text = text[: max(len(text) - max((width(text) - columns + 1) // 2, 1), 0)]
    return f"{text}…" if columns > 0 else ""


def padded(text: str, columns: int, *, right: bool = False) -> str:
    """Give a line filled up with spaces."""
    space = " " * max(columns - width(text), 0)
    return space + text if right else text + space
