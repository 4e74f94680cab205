"""The lines of an authorized_keys file: options, a key, a comment; all else stays as it is."""

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Final

import msgspec

_TYPE: Final = re.compile(r"(?:sk-)?(?:ssh|ecdsa)-[A-Za-z0-9@.-]+")
_OPTION: Final = re.compile(r"(?:[^\s\",]|\"(?:[^\"\\]|\\.)*\")+")


class Line(msgspec.Struct, frozen=True):
    """One line.

    Attributes:
        text: as it stands there, with its end.
        key: the Base64 of it, by which a key is known; "" where the line holds none.
        enc: its type.
        options: before the type, as they stand there.
        comment: behind the key.
    """

    text: str
    key: str = ""
    enc: str = ""
    options: str = ""
    comment: str = ""


def parse(data: bytes) -> list[Line]:
    """Read the file."""
    text = data.decode("utf-8", "surrogateescape")
    parts = text.split("\n")
    whole = [f"{one}\n" for one in parts[:-1]]
    return [line(one) for one in ([*whole, parts[-1]] if parts[-1] else whole)]


def line(text: str) -> Line:
    """Read one line."""
    told = text.strip(" \t\r\n")
    if told.startswith("#"):
        return Line(text)
    options = _leading_options(told)
    rest = told[len(options) :].split(None, 2)
    if len(rest) < 2 or not _TYPE.fullmatch(rest[0]) or not is_key(rest[1]):
        return Line(text)
    return Line(text, rest[1], rest[0], options.strip(), rest[2] if len(rest) > 2 else "")


def _leading_options(told: str) -> str:
    if _TYPE.match(told):
        return ""
    place = 0
    while found := _OPTION.match(told, place):
        place = found.end()
        if told[place : place + 1] != ",":
            break
        place += 1
    return told[:place]


def is_key(text: str) -> bool:
    """Say whether a text is the Base64 of a key."""
    try:
        return bool(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return False


def made(one: Line) -> Line:
    """Give a line with the text that its parts mean."""
    text = " ".join(part for part in (one.options, one.enc, one.key, one.comment) if part)
    return msgspec.structs.replace(one, text=f"{text}\n")


def dump(lines: Sequence[Line]) -> bytes:
    """Give the file's bytes."""
    return "".join(one.text for one in lines).encode("utf-8", "surrogateescape")


def with_key(lines: Sequence[Line], wanted: Line) -> list[Line]:
    """Put a key where it is already, each once, or at the end; no comment wanted leaves its own."""
    places = [place for place, one in enumerate(lines) if one.key == wanted.key]
    if not places:
        return [*_ended(lines), made(wanted)]
    old = lines[places[0]]
    new = msgspec.structs.replace(wanted, comment=wanted.comment or old.comment)
    same = (old.enc, old.options, old.comment) == (new.enc, new.options, new.comment)
    kept = [one for place, one in enumerate(lines) if place not in places[1:]]
    return [*kept[: places[0]], old if same else made(new), *kept[places[0] + 1 :]]


def without_key(lines: Sequence[Line], key: str) -> list[Line]:
    """Take a key away."""
    return [one for one in lines if one.key != key]


def _ended(lines: Sequence[Line]) -> list[Line]:
    if lines and not lines[-1].text.endswith("\n"):
        return [*lines[:-1], msgspec.structs.replace(lines[-1], text=f"{lines[-1].text}\n")]
    return list(lines)
