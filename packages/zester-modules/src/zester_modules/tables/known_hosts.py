"""Lines of known_hosts, in clear and hashed; all that is not the host's stays byte for byte."""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Sequence

import msgspec


class Line(msgspec.Struct, frozen=True):
    """One line; `key` is "" where it names no key of a host, or is marked."""

    text: str
    """With its line feed."""
    hosts: tuple[str, ...] = ()
    enc: str = ""
    key: str = ""


def parse(data: bytes) -> list[Line]:
    """Read a file."""
    return [_line(text) for text in data.decode("utf-8", "surrogateescape").splitlines(True)]


def _line(text: str) -> Line:
    words = text.split(maxsplit=3)
    if len(words) < 3 or words[0].startswith(("#", "@")):
        return Line(text)
    return Line(text, tuple(words[0].split(",")), words[1], words[2])


def dump(lines: Sequence[Line]) -> bytes:
    """Give the file; only its last line may lack the line feed."""
    return "".join(one.text for one in lines).encode("utf-8", "surrogateescape")


def names(line: Line, host: str) -> bool:
    """Say whether a line is about a host, written as `host_word` does."""
    return any(_is(one, host) for one in line.hosts)


def _is(word: str, host: str) -> bool:
    if not word.startswith("|1|"):
        return word.lower() == host.lower()
    salt, _, digest = word.removeprefix("|1|").partition("|")
    try:
        wanted = base64.b64decode(digest)
        made = _hashed(base64.b64decode(salt), host)
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(made, wanted)


def _hashed(salt: bytes, host: str) -> bytes:
    # OpenSSH's format asks for SHA-1; it hides names and protects nothing
    return hmac.new(salt, host.lower().encode(), hashlib.sha1).digest()


def host_word(name: str, port: int) -> str:
    """Write a host as ssh looks it up."""
    return name if port == 22 else f"[{name}]:{port}"


def made(host: str, enc: str, key: str, *, hashed: bool) -> Line:
    """Make a line."""
    word = host
    if hashed:
        salt = os.urandom(20)
        first, second = (base64.b64encode(one).decode() for one in (salt, _hashed(salt, host)))
        word = f"|1|{first}|{second}"
    return Line(f"{word} {enc} {key}\n", (word,), enc, key)


def without(lines: Sequence[Line], host: str, enc: str = "") -> list[Line]:
    """Take a host from all lines, or from those of one type; other names of a line stay."""
    kept: list[Line] = []
    for one in lines:
        if not names(one, host) or (enc and one.enc != enc):
            kept.append(one)
            continue
        others = [word for word in one.hosts if not _is(word, host)]
        if others:
            _, behind = one.text.lstrip().split(maxsplit=1)
            text = f"{','.join(others)} {behind}"
            kept.append(Line(text, tuple(others), one.enc, one.key))
    return kept


def with_line(lines: Sequence[Line], line: Line) -> list[Line]:
    """Put a line behind all others."""
    kept = list(lines)
    if kept and not kept[-1].text.endswith("\n"):
        kept[-1] = msgspec.structs.replace(kept[-1], text=f"{kept[-1].text}\n")
    return [*kept, line]
