"""Rewrites Salt's state files as our own: the YAML words that mean something else in a `.zy`.

A `.sls` runs as it is; this is for those who want the strict dialect. Only what is certain is
changed, line by line, so that comments and templates stay. What a person has to look at is a
warning.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

_WORD: Final = re.compile(
    r"(?P<lead>\s*(?:-\s+)*[^\s:#'\"{\[][^:#'\"]*:\s+)(?P<word>[A-Za-z]+)(?P<rest>\s*(?:\s#.*)?)"
)
_TRUE: Final = frozenset({"yes", "Yes", "YES", "on", "On", "ON"})
_FALSE: Final = frozenset({"no", "No", "NO", "off", "Off", "OFF"})
_SOURCE: Final = re.compile(r"(?<![\w/])salt://")
_IMPORT: Final = re.compile(r"(\{%-?\s*(?:import|from|include|extends)\b[^%]*?)\.sls(['\"])")
_BLOCK: Final = re.compile(r"[^#\n]*[:\-]\s+[|>][-+0-9]*\s*(?:#.*)?$")
_GUARD: Final = re.compile(
    r"\s*-\s+(onlyif|unless):\s+(true|false|yes|no|on|off)\s*$", re.IGNORECASE
)
_COMMAND: Final = re.compile(r"salt\[['\"](cmd\.[a-z_]+)['\"]\]|salt\.(cmd\.[a-z_]+)\(")
_RENDERER: Final = re.compile(r"#!(?!/)(?P<pipe>[^\n]*)")
_DIGITS: Final = re.compile(r"(?P<key>[A-Za-z_]+):\s+0[0-7_]*_[0-7_]*\s*$")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A line that becomes another."""

    line: int
    before: str
    after: str


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A line that a person has to look at."""

    line: int
    text: str


class Migrated(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it would be."""

    path: Path
    target: Path
    text: str
    changes: tuple[Change, ...] = ()
    notes: tuple[Note, ...] = ()
    problem: str = ""
    """Why it is left alone."""


def migrate(path: Path) -> Migrated:
    """Say what a `.sls` would be as a `.zy`; nothing is written."""
    target = path.with_suffix(".zy")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return Migrated(path=path, target=target, text="", problem=f"it cannot be read: {error}")
    if target.exists():
        return Migrated(path=path, target=target, text=text, problem=f"{target.name} is there")
    pipe = _RENDERER.match(text)
    if pipe and not set(pipe["pipe"].replace(" ", "").split("|")) <= {"jinja", "yaml", ""}:
        problem = f"its renderer {pipe['pipe'].strip()} is none that Zester has"
        return Migrated(path=path, target=target, text=text, problem=problem)
    changes: list[Change] = []
    notes: list[Note] = []
    lines = text.split("\n")
    for number in data_lines(lines):
        after = rewritten(lines[number])
        notes += [Note(line=number + 1, text=note) for note in remarks(lines[number])]
        if after != lines[number]:
            changes.append(Change(line=number + 1, before=lines[number], after=after))
            lines[number] = after
    return Migrated(
        path=path, target=target, text="\n".join(lines), changes=tuple(changes), notes=tuple(notes)
    )


def data_lines(lines: list[str]) -> Iterator[int]:
    """Give the lines that are YAML and not the text of a block such as `contents: |`."""
    inside: int | None = None
    for number, line in enumerate(lines):
        bare = line.lstrip()
        indent = len(line) - len(bare)
        if inside is not None and (not bare or indent > inside or bare.startswith(("{%", "{#"))):
            continue
        inside = None
        yield number
        if _BLOCK.match(line):
            key = line.lstrip(" -")
            inside = indent if key.startswith(("|", ">")) else len(line) - len(key)


def rewritten(line: str) -> str:
    """Give a line with the words of YAML 1.2, our name for the tree, and our suffix."""
    found = _WORD.fullmatch(line)
    if found and found["word"] in _TRUE | _FALSE:
        word = "true" if found["word"] in _TRUE else "false"
        line = f"{found['lead']}{word}{found['rest']}"
    return _SOURCE.sub("zester://", _IMPORT.sub(r"\1.zy\2", line))


def remarks(line: str) -> Iterator[str]:
    """Give what a person has to look at in a line."""
    if _GUARD.fullmatch(line):
        yield "Salt passes this boolean over; in a .zy it counts"
    if (command := _COMMAND.search(line)) is not None:
        name = command[1] or command[2]
        yield f"{name} runs in templates only where `template_functions` lists it"
    if _DIGITS.search(line):
        yield "this number has underscores after a zero: a .zy reads it as text"


def state_files(path: Path, unreadable: Callable[[OSError], None]) -> list[Path]:
    """Give the `.sls` files of a folder, or the one file, sorted.

    Args:
        path: a folder or a file.
        unreadable: called for each folder that cannot be read.
    """
    if path.is_file():
        return [path]
    found: list[Path] = []
    for folder, folders, names in os.walk(path, onerror=unreadable):
        folders[:] = [one for one in folders if not one.startswith(".")]
        files = (Path(folder, one) for one in names if not one.startswith("."))
        found += [one for one in files if one.suffix == ".sls" and one.is_file()]
    return sorted(found)
