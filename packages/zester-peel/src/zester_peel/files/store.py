"""Published trees on disk: blobs by digest, and a folder of files for each revision.

| path | is |
| --- | --- |
| `head` | the newest signed head, as it came |
| `blobs/<hex>` | a file's bytes; of a file in several pieces each piece |
| `revisions/<hex>/<environment>/` | its files; large ones when a run took them |
| `revisions/<hex>.manifests` | all its manifests |

Everything is written beside its place and renamed, so that a folder that is there is whole.
"""

import contextlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from zester_proto.codec import decode, digest, encode
from zester_proto.errors import CodecError, FileProblem
from zester_proto.files import make_private_folder, write_atomic
from zester_proto.messages.trees import (
    AHEAD,
    MANIFEST_LIMIT,
    BadTree,
    Manifest,
    Manifests,
    TreeFile,
    check_manifest,
    check_path,
)

KEPT: Final = 3
"""Revisions that stay: of jobs that run, and those that come late."""


IN_USE: Final = 3600.0
"""Seconds for which a blob stays although it may go: a file may be in the making of it."""

LIMIT: Final = 8 * 1024**3


class TreeStore:
    """The folder of all that was fetched.

    Args:
        folder: where it lies.
        limit: bytes beyond which old revisions go, and blobs of large files.
    """

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self.folder = folder
        self._limit = limit
        self._blobs = folder / "blobs"
        self._revisions = folder / "revisions"

    def open(self) -> None:
        """Make what is missing, and take away what a crash left half done.

        Raises:
            FileProblem: the folder cannot be used.
        """
        for one in (self.folder, self._blobs, self._revisions):
            make_private_folder(one)
        for left in (*self._revisions.glob(".*"), *self._blobs.glob(".*")):
            _remove(left)

    # -- heads -----------------------------------------------------------------------------------

    def head(self) -> bytes | None:
        """Give the head that was kept last."""
        try:
            return (self.folder / "head").read_bytes()
        except OSError:
            return None

    def keep_head(self, data: bytes) -> None:
        """Keep a head.

        Raises:
            FileProblem: there is no room.
        """
        write_atomic(self.folder / "head", data)

    # -- blobs -----------------------------------------------------------------------------------

    def has(self, name: bytes) -> bool:
        """Say whether a blob lies here."""
        return self._blob(name).is_file()

    def put(self, name: bytes, data: bytes) -> None:
        """Keep a blob.

        Raises:
            BadTree: these bytes have another digest.
            FileProblem: there is no room.
        """
        if digest(data) != name:
            raise BadTree(f"the blob {name.hex()[:16]} of the tree came damaged")
        # readable for those as whom commands run: a tree holds no secrets (settings.md 2)
        write_atomic(self._blob(name), data, 0o644)

    def _blob(self, name: bytes) -> Path:
        return self._blobs / name.hex()

    # -- revisions -------------------------------------------------------------------------------

    def revision(self, root: bytes) -> Path:
        """Give the folder of a revision, whether it is there or not."""
        return self._revisions / root.hex()

    def manifests(self, root: bytes) -> dict[str, Manifest] | None:
        """Give the manifests of a revision; None if it is not here, or was damaged."""
        found = self._kept(root)
        return found.environments if found is not None else None

    def is_complete(self, root: bytes) -> bool:
        """Say whether the kept manifests name folders and links.

        Those that an older version of this program has kept do not.
        """
        found = self._kept(root)
        return found is not None and found.complete

    def keep_manifests(self, root: bytes, manifests: dict[str, Manifest]) -> None:
        """Keep the manifests of a revision.

        Raises:
            FileProblem: there is no room.
        """
        kept = Manifests(environments=manifests, complete=True)
        write_atomic(self._revisions / f"{root.hex()}.manifests", encode(kept), 0o644)

    def _kept(self, root: bytes) -> Manifests | None:
        path = self._revisions / f"{root.hex()}.manifests"
        try:
            found = decode(path.read_bytes(), Manifests, limit=4 * MANIFEST_LIMIT)
            for env, manifest in found.environments.items():
                check_manifest(manifest, env)
        except (OSError, CodecError, BadTree):
            return None
        return found

    def is_whole(self, root: bytes) -> bool:
        """Say whether a revision can be used."""
        return self.revision(root).is_dir() and self.manifests(root) is not None

    def missing(self, manifests: Iterable[Manifest]) -> set[bytes]:
        """Give the blobs that a revision needs ahead and that are not here."""
        return {
            name for one in manifests for file in one.files if is_ahead(file)
            for name in file.pieces if not self.has(name)
        }  # fmt: skip

    def add(self, root: bytes, manifests: dict[str, Manifest]) -> None:
        """Make the folder of a revision whose blobs are here.

        Raises:
            BadTree: a blob is damaged; it is gone then, so that it is fetched anew.
            FileProblem: there is no room, or a blob is gone.
        """
        final = self.revision(root)
        made = final.with_name(f".{final.name}")
        _remove(made)
        try:
            made.mkdir(mode=0o755)
            for env, manifest in manifests.items():
                folder = made / env
                folder.mkdir(mode=0o755)
                for file in manifest.files:
                    if is_ahead(file) or all(self.has(name) for name in file.pieces):
                        self._place(folder, file)
            self.keep_manifests(root, manifests)
            _remove(final)
            made.rename(final)
        except BadTree:
            _remove(made)
            raise
        except OSError as error:
            _remove(made)
            raise FileProblem(
                f"cannot keep a revision of the state trees in {final}: {error.strerror or error}",
                hint="make room on the disk of the states cache",
            ) from error

    def place(self, root: bytes, env: str, file: TreeFile) -> Path:
        """Put a file whose blobs are here into its revision's folder; give its path.

        Raises:
            BadTree: a blob is damaged; it is gone then, so that it is fetched anew.
            FileProblem: there is no room.
        """
        folder = self.revision(root) / env
        try:
            self._place(folder, file)
        except OSError as error:
            raise FileProblem(
                f"cannot keep {file.path} of the state trees: {error.strerror or error}",
                hint="make room on the disk of the states cache",
            ) from error
        return folder / file.path

    def _place(self, folder: Path, file: TreeFile) -> None:
        target = folder / check_path(file.path)
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name[:200]}.part")
        beside.unlink(missing_ok=True)
        with beside.open("xb") as out:
            for name in file.pieces:
                out.write(self._read_blob(name))
            os.fchmod(out.fileno(), file.mode & 0o777)
        beside.replace(target)

    def _read_blob(self, name: bytes) -> bytes:
        data = self._blob(name).read_bytes()
        if digest(data) != name:
            self._blob(name).unlink(missing_ok=True)
            raise BadTree(f"the blob {name.hex()[:16]} of the tree was damaged on this disk")
        return data

    def tidy(self, *keep: bytes) -> None:
        """Take away old revisions and the blobs that only they named.

        Args:
            keep: the roots that are in use.
        """
        found = self._whole()[::-1]
        kept = [one for one in found if one.name in {root.hex() for root in keep}]
        kept += [one for one in found if one not in kept][: max(0, KEPT - len(kept))]
        for one in found:
            if one not in kept:
                _remove(one)
                one.with_name(f"{one.name}.manifests").unlink(missing_ok=True)
        needed = {name.hex() for one in kept for name in self._named(bytes.fromhex(one.name))}
        for blob in self._blobs.iterdir():
            # a name with a dot is being written just now
            if blob.name not in needed and not blob.name.startswith("."):
                blob.unlink(missing_ok=True)

    def shrink(self, *keep: bytes) -> None:
        """Come below the limit, if that can be without what is in use.

        Old revisions go first, then blobs of large files, which lie in their revisions as well and
        are fetched again for another one.

        Args:
            keep: the roots that are in use.
        """
        over = _size(self.folder) - self._limit
        used = {root.hex() for root in keep}
        for one in self._whole():
            if over > 0 and one.name not in used:
                over -= _size(one)
                _remove(one)
                one.with_name(f"{one.name}.manifests").unlink(missing_ok=True)
        ahead = {
            name.hex()
            for one in self._whole()
            for name in self._named(bytes.fromhex(one.name), ahead=True)
        }
        blobs = [(one.stat(), one) for one in self._blobs.glob("[!.]*") if one.name not in ahead]
        for look, blob in sorted(blobs, key=lambda entry: entry[0].st_mtime):
            if over > 0 and look.st_mtime < time.time() - IN_USE:
                over -= look.st_size
                blob.unlink(missing_ok=True)

    def _whole(self) -> list[Path]:
        """Give the folders of revisions, the oldest first."""
        found = [one for one in self._revisions.iterdir() if one.is_dir() and one.name[:1] != "."]
        return sorted(found, key=lambda one: one.stat().st_mtime)

    def _named(self, root: bytes, *, ahead: bool = False) -> Iterator[bytes]:
        for manifest in (self.manifests(root) or {}).values():
            for file in manifest.files:
                if is_ahead(file) or not ahead:
                    yield from file.pieces


def is_ahead(file: TreeFile) -> bool:
    """Say whether a file is taken before a run asks for it."""
    return file.size <= AHEAD


def _size(folder: Path) -> int:
    return sum(one.lstat().st_size for one in folder.rglob("*"))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
