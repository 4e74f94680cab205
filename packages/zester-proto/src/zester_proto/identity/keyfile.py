"""Files with one raw key: private, and saying what the key is for, so that none is mixed up."""

import re
from pathlib import Path
from typing import Final, Literal

from zester_proto.errors import FileProblem
from zester_proto.files import read_file, read_private, write_atomic
from zester_proto.identity.nkeys import BadKey, Kind, NKey

Purpose = Literal["site-root", "bundle", "job", "return", "settings", "box"]

_FORM: Final = re.compile(r"zester ([a-z-]+) (secret|public) 1\n([0-9a-f]{64})\n?", re.ASCII)


def write_key(path: Path, purpose: Purpose, raw: bytes) -> None:
    """Write 32 secret bytes, readable by the owner alone.

    Raises:
        FileProblem: it cannot be written.
    """
    write_atomic(path, f"zester {purpose} secret 1\n{raw.hex()}\n".encode(), 0o600)


def read_key(path: Path, purpose: Purpose) -> bytes:
    """Read 32 secret bytes.

    Raises:
        FileProblem: missing, open to others, or not a key for that purpose.
    """
    return _parse(path, read_private(path), purpose, "secret")


def write_public(path: Path, purpose: Purpose, raw: bytes) -> None:
    """Write 32 public bytes.

    Raises:
        FileProblem: it cannot be written.
    """
    write_atomic(path, f"zester {purpose} public 1\n{raw.hex()}\n".encode(), 0o644)


def read_public(path: Path, purpose: Purpose) -> bytes:
    """Read 32 public bytes.

    Raises:
        FileProblem: missing, or not a public key for that purpose.
    """
    return _parse(path, read_file(path), purpose, "public")


def _parse(path: Path, data: bytes, purpose: Purpose, half: str) -> bytes:
    match = _FORM.fullmatch(data.decode("ascii", "replace"))
    if match is None:
        raise FileProblem(f"{path} is no key file of Zester")
    if (match[1], match[2]) != (purpose, half):
        raise FileProblem(
            f"{path} holds the {match[2]} {match[1]} key, where the {half} {purpose} key belongs"
        )
    return bytes.fromhex(match[3])


def write_seed(path: Path, key: NKey) -> None:
    """Write the seed of an nkey, as other tools of NATS read it.

    Raises:
        FileProblem: it cannot be written.
    """
    write_atomic(path, f"{key.seed_text}\n".encode(), 0o600)


def read_seed(path: Path, kind: Kind) -> NKey:
    """Read the seed of an nkey.

    Raises:
        FileProblem: missing, open to others, or no seed of that kind.
    """
    text = read_private(path).decode("ascii", "replace").strip()
    try:
        return NKey.from_seed_text(text, kind)
    except BadKey as error:
        raise FileProblem(f"{path} holds no seed that fits: {error}") from error
