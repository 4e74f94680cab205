"""Digests of sources: a digest alone, with its algorithm, or a file that lists some."""

import hashlib
import posixpath
import re
from typing import Final
from urllib.parse import urlsplit

import msgspec

from zester_modules.host.machine import HostProblem

_BY_LENGTH: Final = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
_WRITTEN: Final = re.compile(r"(?:(md5|sha1|sha224|sha256|sha384|sha512)\s*[=:]\s*)?([0-9a-f]+)",
                             re.IGNORECASE)  # fmt: skip
_BSD: Final = re.compile(r"(\w+)\s*\((.+)\)\s*=\s*([0-9a-f]+)", re.IGNORECASE)

SKIP: Final = "skip_verify"


class Digest(msgspec.Struct, frozen=True):
    """What a source has to be."""

    algorithm: str
    hex: str

    def is_of(self, data: bytes) -> bool:
        """Say whether these are the contents."""
        return hashlib.new(self.algorithm, data, usedforsecurity=False).hexdigest() == self.hex


def parsed(text: str) -> Digest | None:
    """Give a written digest, `alg=hex` or hex alone; None for what is none."""
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        return None
    algorithm, digits = (found[1] or "").lower(), found[2].lower()
    by_length = _BY_LENGTH.get(len(digits), "")
    return Digest(by_length, digits) if by_length and algorithm in {"", by_length} else None


def verify(source: str, data: bytes, written: str) -> None:
    """Hold contents against a written digest.

    Raises:
        HostProblem: it is none, or another's.
    """
    if written == SKIP:
        return
    digest = parsed(written)
    if digest is None:
        raise HostProblem(
            f"{written!r} is no digest", hint="write its hex digits, or sha256=... before them"
        )
    if not digest.is_of(data):
        own = hashlib.new(digest.algorithm, data, usedforsecurity=False).hexdigest()
        raise HostProblem(
            f"{source} is not what its digest says: {digest.algorithm} is {own}, not {digest.hex}",
            hint="someone changed the source, or the digest is of another version",
        )


def listed(text: str, source: str, name: str = "") -> Digest | None:
    """Give the digest of a source that a file of digests holds.

    Args:
        text: the file: lines of `hex  name`, `ALG (name) = hex`, `name alg=hex`, or one digest.
        source: whose digest is looked for, by the end of its path.
        name: the name to look for in its place.
    """
    base = name or posixpath.basename(urlsplit(source).path)
    found: list[tuple[int, Digest]] = []
    alone: list[Digest] = []
    for line in text.splitlines():
        digest, names = _line(line)
        if digest is None:
            continue
        if not names:
            alone.append(digest)
        # the whole name counts more than its end, a longer digest more than a shorter one
        found += [
            ((1000 if one == base else 0) + len(digest.hex), digest)
            for one in names
            if one == base or one.endswith(f"/{base}")
        ]
    if found:
        return max(found, key=lambda pair: pair[0])[1]
    return alone[0] if len(alone) == 1 and not name else None


def _line(line: str) -> tuple[Digest | None, list[str]]:
    bsd = _BSD.fullmatch(line.strip())
    if bsd:
        return parsed(f"{bsd[1]}={bsd[3]}"), [bsd[2]]
    words = line.split()
    digests = [one for one in map(parsed, words) if one is not None]
    if len(digests) != 1:
        return None, []
    return digests[0], [one.lstrip("*") for one in words if parsed(one) is None]
