"""The forms in which the value of a secret turns up in texts (settings.md 4)."""

import binascii
import re
from collections.abc import Iterable, Iterator
from typing import Final

SHORTEST: Final = 6
"""Bytes; shorter values are found in too many texts that have nothing to do with them."""

LINE: Final = 16
"""Bytes of a line of a longer secret that counts alone: keys are printed with lines indented."""

_GUARD: Final = re.compile(r"-{5}(BEGIN|END) [A-Z0-9 ]+-{5}")
"""The first and last line of a key, which say only what it is."""

_SHELL: Final = re.compile(r"([^\w@%+=:,./-])", re.ASCII)
_ESCAPE: Final = re.compile(r"\\([abfnrtv\\])")
_ECHOED: Final = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\",
}  # fmt: skip
"""What the `echo` of dash makes of escapes; `\\c` and octal digits are left."""

_IN_QUOTES: Final = re.compile(r'([$`"\\!])')
_JSON: Final = {
    **{chr(code): f"\\u{code:04x}" for code in range(32)},
    '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f",
}  # fmt: skip
_IN_SCRIPTS: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "'": "\\u0027"}
_MARKUP: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_URL: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-~")


def forms_of(value: str, *, short: bool = False) -> set[bytes]:
    """Give what to look for, as UTF-8.

    Args:
        value: of the secret.
        short: it counts however short it is.
    """
    least = 1 if short else SHORTEST
    found: set[bytes] = set()
    for text in _parts(value):
        raw = text.encode("utf-8", "surrogatepass")
        if len(raw) >= least:
            found.add(raw)
            found |= {one.encode("utf-8", "surrogatepass") for one in _written(text)}
            found |= {one for one in _encoded(raw) if len(one) >= SHORTEST}
    return found


def _parts(value: str) -> Iterator[str]:
    """Give a value, without what stands around it, and its lines."""
    yield value
    bare = value.strip()
    yield bare
    lines = bare.splitlines()
    if len(lines) > 1:
        for line in lines:
            text = line.strip()
            if len(text.encode("utf-8", "surrogatepass")) >= LINE and not _GUARD.fullmatch(text):
                yield text


def _written(text: str) -> Iterable[str]:
    """Give how languages and shells write a text, without the quotes around it."""
    for made in (_replaced(text, _JSON), _ascii(_replaced(text, _JSON))):
        yield made
        yield made.replace("/", "\\/")
        yield _replaced(made, _IN_SCRIPTS)
        yield _replaced(made, _JSON)
    yield repr(text)[1:-1]
    for quote in ("\\'", "''", "'\\''", "'\"'\"'"):
        yield text.replace("'", quote)
    yield _ESCAPE.sub(lambda found: _ECHOED.get(found[1], found[0]), text)
    yield _SHELL.sub(r"\\\1", text)
    yield _IN_QUOTES.sub(r"\\\1", text)
    yield _replaced(text, _MARKUP)
    yield _replaced(text, {**_MARKUP, '"': "&quot;", "'": "&#x27;"})
    for form in ("%%%02X", "%%%02x"):
        yield _url(text, form, _URL)
        yield _url(text, form, _URL | {ord("/")})
        yield _url(text, form, _URL).replace("%20", "+")


def _replaced(text: str, table: dict[str, str]) -> str:
    return "".join(table.get(letter, letter) for letter in text)


def _ascii(text: str) -> str:
    """Give a text with all but ASCII as JSON escapes it: in units of UTF-16."""
    made: list[str] = []
    for letter in text:
        if letter < "\x80":
            made.append(letter)
            continue
        units = letter.encode("utf-16-be", "surrogatepass").hex()
        made += (f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
    return "".join(made)


def _url(text: str, form: str, safe: frozenset[int]) -> str:
    raw = text.encode("utf-8", "surrogatepass")
    return "".join(chr(byte) if byte in safe else form % byte for byte in raw)


def _encoded(raw: bytes) -> Iterator[bytes]:
    """Give hex, and the letters that base64 is sure to leave wherever the value begins."""
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for before in range(3):
        encoded = binascii.b2a_base64(bytes(before) + raw, newline=False)
        # a letter that also holds bits of what stands before or behind may be any
        first = 0 if before == 0 else before + 1
        threes, over = divmod(before + len(raw), 3)
        core = encoded[first : threes * 4 + over]
        yield core
        yield core.translate(bytes.maketrans(b"+/", b"-_"))
