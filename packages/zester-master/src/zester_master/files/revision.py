"""One state of the trees, by digest: its manifests, and where the bytes of each blob lie."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import UNSET

from zester_master.files.scan import Besides, FoundFile, Scan, Stamp
from zester_proto.codec import digest, encode
from zester_proto.messages.trees import (
    PIECE,
    Manifest,
    TreeEnvironment,
    TreeFile,
    TreeLink,
    root_of,
)

_KEPT: Final = 200_000
"""Digests of files that are remembered."""


class Piece(NamedTuple):
    """Where the bytes of a blob lie."""

    file: Path
    offset: int
    size: int


class Changing(Exception):  # not a failure: look again later
    """Raised when a file changed while it was read."""


class Revision(NamedTuple):
    """What can be published."""

    root: bytes
    environments: dict[str, TreeEnvironment]
    manifests: dict[str, Manifest]
    blobs: dict[bytes, Piece]


class Digests:
    """Digests of files, read once for as long as their stamps stay."""

    def __init__(self) -> None:
        self._known: dict[tuple[Path, Stamp], tuple[bytes, ...]] = {}

    def of(self, found: FoundFile) -> tuple[bytes, ...]:
        """Give the digests of a file's pieces.

        Raises:
            Changing: it is not the file that was scanned any more.
            OSError: it cannot be read.
        """
        key = (found.file, found.stamp)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            known = self._known[key] = self._read(found)
        return known

    def _read(self, found: FoundFile) -> tuple[bytes, ...]:
        pieces: list[bytes] = []
        size = 0
        with found.file.open("rb") as file:
            while data := file.read(PIECE):
                pieces.append(digest(data))
                size += len(data)
        if size != found.stamp.size or found.file.stat().st_mtime_ns != found.stamp.modified:
            raise Changing(str(found.file))
        return tuple(pieces)


def build(scan: Scan, digests: Digests) -> Revision:
    """Read what is new among the scanned files; blocks for as long as that takes.

    Raises:
        Changing: a file changed meanwhile.
        OSError: one cannot be read.
    """
    manifests = {
        env: _manifest(env, tuple(_entries(files.values(), digests)), scan.besides.get(env))
        for env, files in scan.environments.items()
    }
    environments = {
        env: TreeEnvironment(
            manifest=digest(encode(one)),
            files=len(one.files),
            bytes=sum(file.size for file in one.files),
        )
        for env, one in manifests.items()
    }
    blobs: dict[bytes, Piece] = {}
    for files in scan.environments.values():
        for found in files.values():
            for n, name in enumerate(digests.of(found)):
                size = min(PIECE, found.stamp.size - n * PIECE)
                blobs.setdefault(name, Piece(found.file, n * PIECE, size))
    return Revision(root_of(environments), environments, manifests, blobs)


def _manifest(env: str, files: tuple[TreeFile, ...], besides: Besides | None) -> Manifest:
    besides = besides or Besides()
    return Manifest(
        environment=env, files=files, folders=besides.folders or UNSET,
        links=tuple(TreeLink(path, target) for path, target in besides.links) or UNSET,
    )  # fmt: skip


def _entries(files: Iterable[FoundFile], digests: Digests) -> Iterable[TreeFile]:
    for one in files:
        yield TreeFile(one.path, one.mode, one.stamp.size, digests.of(one))


def read_piece(name: bytes, piece: Piece) -> bytes:
    """Give the bytes of a blob.

    Raises:
        Changing: they are not those any more.
        OSError: they cannot be read.
    """
    with piece.file.open("rb") as file:
        file.seek(piece.offset)
        data = file.read(piece.size)
    if digest(data) != name:
        raise Changing(str(piece.file))
    return data
