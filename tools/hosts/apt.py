"""The Debian archive that this machine uses, read from apt's own files.

The forms are those of sources.list(5): deb822 stanzas in `.sources`, one line a source in `.list`.
"""

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from hosts.errors import HostsError

DEBIAN_KEYRING: Final = "debian-archive-keyring"
_DEBIAN_SUITES: Final = ("bookworm", "trixie", "forky", "sid", "stable", "testing", "unstable")
_LINE: Final = re.compile(r"(?P<type>deb|deb-src)\s+(?:\[(?P<options>[^\]]*)\]\s*)?(?P<rest>.+)")


class Source(NamedTuple):
    """An archive, as apt knows it."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""
    """A file or fingerprint; empty if apt's own keys hold, or if the key stands in the file."""


def read_deb822(text: str) -> list[Source]:
    """Read a `.sources` file: what it gives binary packages from, and has not switched off."""
    return [source for stanza in _stanzas(text) for source in _from_stanza(stanza)]


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    fields: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield fields
            fields, name = {}, ""
        elif line[0] in " \t":
            if name:
                fields[name] += "\n" + line.strip()
        else:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    if fields:
        yield fields


def _from_stanza(fields: dict[str, str]) -> Iterator[Source]:
    off = fields.get("enabled", "yes").lower() in {"no", "false", "off", "0", "without", "disable"}
    if off or "deb" not in fields.get("types", "").split():
        return
    key = fields.get("signed-by", "")
    for uri in fields.get("uris", "").split():
        yield Source(
            uri,
            tuple(fields.get("suites", "").split()),
            tuple(fields.get("components", "").split()),
            "" if "\n" in key else key,
        )


def read_list(text: str) -> list[Source]:
    """Read a `.list` file: what it gives binary packages from."""
    found: list[Source] = []
    for line in text.splitlines():
        match = _LINE.fullmatch(line.partition("#")[0].strip())
        if match is None or match["type"] != "deb":
            continue
        uri, *words = match["rest"].split()
        if words:
            key = re.search(r"\bsigned-by=(\S+)", match["options"] or "")
            found.append(
                Source(uri, tuple(words[:1]), tuple(words[1:]), key[1] if key is not None else "")
            )
    return found


def machine_sources(folder: Path = Path("/etc/apt")) -> list[Source]:
    """Read every source that apt would use on this machine."""
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    found: list[Source] = []
    for file in files:
        if file.suffix == ".sources" and file.is_file():
            found += read_deb822(file.read_text())
        elif file.suffix == ".list" and file.is_file():
            found += read_list(file.read_text())
    return found


def mirror_of(sources: Iterable[Source], suite: str) -> str | None:
    """Give the archive that has a suite of Debian, if one is known."""
    known = [source for source in sources if "main" in source.components]
    for wanted in ((suite,), _DEBIAN_SUITES):
        for source in known:
            if set(source.suites).intersection(wanted):
                return source.uri
    return None


def sources_text(sources: Iterable[Source], suite: str) -> str:
    """Write what a host of a suite gets as its sources.list.

    Archives with keys of their own stay out: a host has Debian's keys alone.

    Raises:
        HostsError: this machine knows no archive of Debian.
    """
    sources = list(sources)
    lines = [
        f"deb {source.uri} {name} {' '.join(source.components)}\n"
        for source in sources
        if not source.signed_by or DEBIAN_KEYRING in source.signed_by
        for name in source.suites
        if name.partition("-")[0] == suite
    ]
    if lines:
        return "".join(lines)
    mirror = mirror_of(sources, suite)
    if mirror is None:
        raise HostsError(f"apt on this machine knows no archive with Debian's {suite}")
    return f"deb {mirror} {suite} main\n"


def transport_text() -> str:
    """Give this machine's settings of how apt reaches archives (proxies), as a file for a host."""
    done = subprocess.run(
        ["apt-config", "dump", "Acquire::http", "Acquire::https"],
        capture_output=True,
        text=True,
        check=False,
    )
    wanted = re.compile(r'Acquire::https?::\S+ "[^"]+";')
    return "".join(f"{line}\n" for line in done.stdout.splitlines() if wanted.fullmatch(line))
