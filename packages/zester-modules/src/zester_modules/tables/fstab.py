"""Lines of fstab and of /proc/self/mounts; what is not the folder's stays byte for byte."""

import re
from typing import Final

import msgspec

_ESCAPED: Final = re.compile(r"\\([0-7]{3})")
_AWKWARD: Final = re.compile(r"[\s\\#]")


class Row(msgspec.Struct, frozen=True):
    """A line's columns, without escapes."""

    device: str
    folder: str
    fstype: str
    opts: str = "defaults"
    dump: int = 0
    passes: int = 0


def row_of(text: str) -> Row | None:
    """Read a line; None for a comment, and for what is no line of the table."""
    words = [_plain(one) for one in text.split("#", 1)[0].split()]
    if len(words) < 3:
        return None
    numbers = [int(one) if one.isdecimal() else 0 for one in words[4:6]]
    opts = words[3] if words[3:4] else "defaults"
    return Row(words[0], _folder(words[1]), words[2], opts, *numbers)


def find(text: str, folder: str, device: str = "") -> Row | None:
    """Give a folder's last row: what lies on top."""
    rows = [one for one in map(row_of, text.splitlines()) if one and _is(one, folder, device)]
    return rows[-1] if rows else None


def with_row(text: str, row: Row) -> str:
    """Give the table with this row for its folder, where the folder's last one is or at the end."""
    if find(text, row.folder) == msgspec.structs.replace(row, folder=_folder(row.folder)):
        return text
    rows = text.splitlines(keepends=True)
    places = [at for at, one in enumerate(rows) if _of(one, row.folder, "")]
    if places:
        rows[places[-1]] = _line(row)
        return "".join(rows)
    return f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}{_line(row)}"


def without(text: str, folder: str, device: str = "") -> str:
    """Give the table without a folder."""
    rows = text.splitlines(keepends=True)
    return "".join(one for one in rows if not _of(one, folder, device))


def shown(row: Row | None) -> str | None:
    """Write a row for people."""
    return _line(row).rstrip("\n").replace("\t", " ") if row else None


def _of(text: str, folder: str, device: str) -> bool:
    row = row_of(text)
    return row is not None and _is(row, folder, device)


def _is(row: Row, folder: str, device: str) -> bool:
    return row.folder == _folder(folder) and device in ("", row.device)


def _folder(path: str) -> str:
    return path.rstrip("/") or path[:1]


def _line(row: Row) -> str:
    words = (row.device, _folder(row.folder), row.fstype, row.opts)
    return "\t".join((*map(_escaped, words), str(row.dump), str(row.passes))) + "\n"


def _plain(word: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), word)


def _escaped(word: str) -> str:
    return _AWKWARD.sub(lambda found: f"\\{ord(found[0]):03o}", word)
