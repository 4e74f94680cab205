"""The forms in which the value of a secret turns up in texts (settings.md 4)."""

import base64
import html
import json
import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

SHORTEST: Final = 6
"""Bytes; shorter values are found in too many texts that have nothing to do with them."""

LINE: Final = 16
"""Bytes of a line of a longer secret that counts alone: keys are printed with lines indented."""

_GUARD: Final = re.compile(r"-{5}(BEGIN|END) [A-Z0-9 ]+-{5}")
"""The first and last line of a key, which say only what it is."""

_SHELL: Final = re.compile(r"([^\w@%+=:,./-])", re.ASCII)
_IN_QUOTES: Final = re.compile(r'([$`"\\!])')
_ESCAPE: Final = re.compile(r"%[0-9A-F]{2}")
_MARKUP: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "'": "\\u0027"}


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
    for made in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
        yield made
        yield made.replace("/", "\\/")
        yield "".join(_MARKUP.get(letter, letter) for letter in made)
        yield json.dumps(made)[1:-1]
    yield repr(text)[1:-1]
    yield text.replace("'", "\\'")
    yield text.replace("'", "''")
    yield text.replace("'", "'\\''")
    yield shlex.quote(text)[1:-1] if "'" in text else text
    yield _SHELL.sub(r"\\\1", text)
    yield _IN_QUOTES.sub(r"\\\1", text)
    yield html.escape(text)
    yield html.escape(text, quote=False)
    for made in (_quoted(text, "/"), _quoted(text, ""), quote_plus(text, errors="surrogatepass")):
        yield made
        yield _ESCAPE.sub(lambda found: found[0].lower(), made)


def _quoted(text: str, safe: str) -> str:
    return quote(text, safe=safe, errors="surrogatepass")


def _encoded(raw: bytes) -> Iterator[bytes]:
    """Give hex, and the letters that base64 is sure to leave wherever the value begins."""
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw)
        # a letter that also holds bits of what stands before or behind may be any
        first = 0 if before == 0 else before + 1
        threes, over = divmod(before + len(raw), 3)
        core = encoded[first : threes * 4 + over]
        yield core
        yield core.translate(bytes.maketrans(b"+/", b"-_"))
