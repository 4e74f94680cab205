"""As whom a host joined which site: `site.json` in the peel's auth folder.

It stands apart from `joining`, which brings all that signs and seals.
"""

from pathlib import Path
from typing import Final

import msgspec

from zester_proto.errors import FileProblem
from zester_proto.files import read_file, write_atomic

SITE_FILE: Final = "site.json"


class PeelSite(msgspec.Struct, frozen=True, kw_only=True):
    """What a peel knows of its site beside keys."""

    id: str
    site: str
    nats_url: str


def joined_as(folder: Path) -> PeelSite | None:
    """Give what a host joined; nothing if it has not.

    Args:
        folder: the peel's auth folder.

    Raises:
        FileProblem: it cannot be read, or is damaged.
    """
    return read_joined(folder) if (folder / SITE_FILE).exists() else None


def read_joined(folder: Path) -> PeelSite:
    """Give what a host joined.

    Args:
        folder: the peel's auth folder.

    Raises:
        FileProblem: it is not there, cannot be read, or is damaged.
    """
    path = folder / SITE_FILE
    try:
        return msgspec.json.decode(read_file(path), type=PeelSite)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise FileProblem(f"{path} is damaged: {error}", hint="join the site again") from error


def write_joined(folder: Path, site: PeelSite) -> None:
    """Write what a host joined.

    Raises:
        FileProblem: it cannot be written.
    """
    write_atomic(folder / SITE_FILE, msgspec.json.encode(site) + b"\n", 0o644)
