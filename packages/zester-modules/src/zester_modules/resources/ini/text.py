"""The text of an ini file, changed line by line: comments and order stay."""

import re
from typing import Final

_SECTION: Final = re.compile(r"\s*\[([^\]]+)\]\s*([;#].*)?")
_SIGNS: Final = ("#", ";")


class Ini:
    """Lines of an ini file; `""` is the part before its first section.

    Args:
        text: the file.
        separator: between an option and its value.
    """

    def __init__(self, text: str, separator: str = "=") -> None:
        self._ends = text.endswith("\n") or not text
        lines = text.split("\n")
        self.lines = lines[:-1] if lines[-1] == "" else lines
        self._separator = separator

    def text(self) -> str:
        """Give the file."""
        return "\n".join(self.lines) + ("\n" if self.lines and self._ends else "")

    def sections(self) -> list[str]:
        """Give the names of the sections, in their order."""
        found = (_SECTION.fullmatch(line) for line in self.lines)
        return [one[1].strip() for one in found if one]

    def options(self, section: str) -> dict[str, str]:
        """Give the options of a section with their values."""
        found: dict[str, str] = {}
        for at in self._places(section):
            pair = self._pair(self.lines[at])
            if pair is not None:
                found[pair[0]] = pair[1]
        return found

    def set(self, section: str, key: str, value: str) -> None:
        """Give an option its value; the last line of that name counts, as it does for readers."""
        places = list(self._places(section))
        pairs = [(at, self._pair(self.lines[at])) for at in places]
        same = [at for at, pair in pairs if pair is not None and pair[0] == key]
        gap = "" if self._separator != self._separator.strip() else " "
        if same:
            line = self.lines[same[-1]]
            found = self._pair(line)
            if found is None or found[1] != value:
                name, sign, old = line.partition(self._separator.strip() or " ")
                gap = old[: len(old) - len(old.lstrip())]
                self.lines[same[-1]] = f"{name}{sign}{gap}{value}"
            return
        line = f"{key}{gap}{self._separator}{gap}{value}"
        self.add_section(section)
        filled = [at for at in self._places(section) if self.lines[at].strip()]
        self.lines.insert(filled[-1] + 1 if filled else self._start(section), line)

    def drop(self, section: str, key: str) -> None:
        """Take an option away."""
        gone = set[int]()
        for at in self._places(section):
            pair = self._pair(self.lines[at])
            if pair is not None and pair[0] == key:
                gone.add(at)
        self.lines = [line for at, line in enumerate(self.lines) if at not in gone]

    def add_section(self, section: str) -> None:
        """Add an empty section at the end, unless it is there."""
        if not section or section in self.sections():
            return
        if self.lines and self.lines[-1].strip():
            self.lines.append("")
        self.lines.append(f"[{section}]")
        self._ends = True

    def drop_section(self, section: str) -> None:
        """Take a section and all its lines away."""
        gone = {*self._places(section), *self._heads(section)}
        self.lines = [line for at, line in enumerate(self.lines) if at not in gone]

    def _pair(self, line: str) -> tuple[str, str] | None:
        if line.lstrip().startswith(_SIGNS) or not line.strip() or line[0].isspace():
            return None  # a line that begins with white space goes on with the one before
        key, sign, value = line.partition(self._separator.strip() or " ")
        return (key.strip(), value.strip()) if sign else None

    def _heads(self, section: str) -> list[int]:
        found = [(at, _SECTION.fullmatch(line)) for at, line in enumerate(self.lines)]
        return [at for at, one in found if one and one[1].strip() == section]

    def _start(self, section: str) -> int:
        heads = self._heads(section)
        return heads[-1] + 1 if heads else 0

    def _places(self, section: str) -> list[int]:
        """Give the lines that belong to a section, which may stand there several times."""
        here, found = "", list[int]()
        for at, line in enumerate(self.lines):
            head = _SECTION.fullmatch(line)
            if head:
                here = head[1].strip()
            elif here == section:
                found.append(at)
        return found
