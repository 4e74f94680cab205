"""A repository of Debian packages, as one line of a `.list` file or one stanza of a `.sources`."""

import base64
import binascii
import re
from typing import Final

import msgspec

from zester_modules.host.machine import HostProblem

_LINE: Final = re.compile(r"(deb|deb-src)\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)((?:\s+\S+)*)\s*")
_SPACE: Final = re.compile(r"\n(?:[ \t]*\n)+")
_OPTIONS: Final = {"arch": "Architectures", "signed-by": "Signed-By", "trusted": "Trusted"}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One repository."""

    type: str
    uri: str
    dist: str
    comps: tuple[str, ...] = ()
    options: dict[str, str] = {}

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it this one, whatever else is said of it."""
        return self.type, self.uri.rstrip("/"), self.dist

    def text(self) -> str:
        """Write it as a line."""
        words = " ".join(f"{key}={value}" for key, value in self.options.items())
        parts = (self.type, f"[{words}]" if words else "", self.uri, self.dist, *self.comps)
        return " ".join(part for part in parts if part)

    def stanza(self) -> str:
        """Write it as a stanza of deb822."""
        fields = {"Types": self.type, "URIs": self.uri, "Suites": self.dist}
        if self.comps:
            fields["Components"] = " ".join(self.comps)
        for key, value in self.options.items():
            name = _OPTIONS.get(key, key.title())
            fields[name] = value.replace(",", " ") if key == "arch" else value
        return "".join(f"{key}: {value}\n" for key, value in fields.items())


def parse(text: str) -> Line | None:
    """Read a line; None for what is none, a comment too."""
    match = _LINE.fullmatch(text.strip())
    if match is None:
        return None
    options = (word.partition("=") for word in (match[2] or "").split())
    return Line(
        type=match[1], uri=match[3], dist=match[4], comps=tuple(match[5].split()),
        options={key: value for key, sign, value in options if sign},
    )  # fmt: skip


def with_stanza(text: str, line: Line, stanza: str) -> str:
    """Put a stanza in place of a repository's first one in a `.sources` file, or at the end."""
    stanzas = [one.strip("\n") for one in _SPACE.split(text) if one.strip()]
    ours = [index for index, one in enumerate(stanzas) if _is_of(one, line)]
    if [stanzas[index] for index in ours] == [stanza.strip("\n")]:
        return text
    if ours:
        stanzas[ours[0]] = stanza.strip("\n")
    else:
        stanzas.append(stanza.strip("\n"))
    kept = [one for index, one in enumerate(stanzas) if index not in ours[1:]]
    return "\n\n".join(kept) + "\n"


def without_stanza(text: str, line: Line) -> str:
    """Take the stanzas of a repository out of a `.sources` file; "" where no other is left."""
    stanzas = _SPACE.split(text)
    kept = [one for one in stanzas if not _is_of(one, line)]
    if len(kept) == len(stanzas):
        return text
    rest = "\n\n".join(one.strip("\n") for one in kept if one.strip())
    return f"{rest}\n" if rest else ""


def _is_of(stanza: str, line: Line) -> bool:
    rows = (row.partition(":") for row in stanza.splitlines() if not row.startswith("#"))
    fields = {name.strip().lower(): value.split() for name, _, value in rows}
    uris = [uri.rstrip("/") for uri in fields.get("uris", [])]
    found = (fields.get("types"), uris, fields.get("suites"))
    return found == tuple([part] for part in line.key)


def slug(line: Line) -> str:
    """Give a file name for a repository."""
    bare = re.sub(r"^[a-z+]+:/*", "", line.uri)
    return re.sub(r"[^A-Za-z0-9.-]+", "-", bare).strip("-.") or "repository"


def bare_key(data: bytes, path: str) -> bytes:
    """Give a key as a file of that name must hold it: armoured in `.asc`, else in binary.

    Raises:
        HostProblem: it is no key.
    """
    armoured = b"-----BEGIN PGP PUBLIC KEY BLOCK-----" in data
    if not armoured or path.endswith(".asc"):
        if path.endswith(".asc") and not armoured:
            raise HostProblem(f"{path} must hold an armoured key", hint="name the file .gpg")
        return data
    lines = data.decode("ascii", "replace").splitlines()
    start = lines.index("-----BEGIN PGP PUBLIC KEY BLOCK-----")
    body: list[str] = []
    for line in lines[lines.index("", start) :]:
        if line.startswith(("=", "-----END")):
            break
        body.append(line.strip())
    try:
        return base64.b64decode("".join(body), validate=True)
    except binascii.Error:
        raise HostProblem("the key of the repository cannot be read") from None
