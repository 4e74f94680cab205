"""Rows of words in columns."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from zester_cli.output.screen import Screen
from zester_proto.terminal import padded, shortened, width

_GAP: Final = "  "


class Cell(NamedTuple):
    """One word of a table, harmless already."""

    text: str
    style: str = ""


def table(
    screen: Screen, heads: Sequence[str], rows: Sequence[Sequence[Cell]], right: str = ""
) -> list[str]:
    """Give the lines of a table.

    The last column ends where the screen ends; the others are as wide as they need.

    Args:
        screen: says how wide it may be, and whether in colours.
        heads: a word above each column.
        rows: as many cells each as there are heads.
        right: the heads of columns that stand to the right, separated by spaces.
    """
    widths = [
        max([width(head), *(width(row[place].text) for row in rows)])
        for place, head in enumerate(heads)
    ]
    room = screen.columns - sum(widths[:-1]) - len(_GAP) * (len(heads) - 1)
    to_right = [head in right.split() for head in heads]
    lines = [_line(screen, [Cell(head, "bold") for head in heads], widths, to_right, room)]
    lines += [_line(screen, row, widths, to_right, room) for row in rows]
    return lines


def _line(
    screen: Screen, row: Sequence[Cell], widths: list[int], right: list[bool], room: int
) -> str:
    words: list[str] = []
    for place, cell in enumerate(row):
        last = place == len(row) - 1
        text = shortened(cell.text, max(room, 10)) if last else cell.text
        if not last or right[place]:
            text = padded(text, widths[place], right=right[place])
        words.append(screen.style(text, cell.style) if cell.style else text)
    return _GAP.join(words).rstrip()
