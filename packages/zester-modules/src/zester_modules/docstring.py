"""The parts of a function's docstring: summary, text, and the help of its parameters."""

import inspect
import re
from typing import Final

import msgspec

_SECTION: Final = re.compile(r"(Args|Returns|Raises|Yields|Example|Examples|Attributes):")
_ARGUMENT: Final = re.compile(r"\*{0,2}(\w+):\s*(.*)")


class Doc(msgspec.Struct, frozen=True):
    """A docstring, taken apart."""

    summary: str
    """The first paragraph on one line."""
    text: str
    """What follows it, without sections."""
    arguments: dict[str, str]


def read_doc(docstring: str | None) -> Doc:
    """Take a docstring in Google's form apart; what is in no known section stays text."""
    text: list[str] = []
    arguments: list[str] = []
    section = ""
    for line in inspect.cleandoc(docstring or "").splitlines():
        if _SECTION.fullmatch(line):
            section = line
        elif section and line and not line.startswith(" "):
            section = ""
        if not section:
            text.append(line)
        elif section == "Args:" and line != section:
            arguments.append(line)
    summary, _, rest = "\n".join(text).partition("\n\n")
    return Doc(" ".join(summary.split()), rest.strip(), _arguments(arguments))


def _arguments(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    for line in inspect.cleandoc("\n" + "\n".join(lines)).splitlines():
        entry = _ARGUMENT.fullmatch(line)
        if entry:
            name = entry.group(1)
            found[name] = entry.group(2)
        elif name and line.strip():
            found[name] += f" {line.strip()}"
    return found
