"""A file that is kept sealed for whoever has its key; what cannot be opened is not there."""

from pathlib import Path

from zester_proto.errors import FileProblem
from zester_proto.files import make_private_folder, write_atomic


class SealedFile:
    """What can be made again, on disk.

    Args:
        path: its folder is made 0700.
        key: 32 bytes; another key is another file.
        aad: says what it is.
    """

    def __init__(self, path: Path, key: bytes, aad: bytes) -> None:
        self._path = path
        self._key = key
        self._aad = aad

    def get(self, basis: bytes = b"") -> bytes | None:
        """Give what was kept for this basis, as it was."""
        from zester_proto.identity.sealing import SealError, open_with  # noqa: PLC0415  # see below

        try:
            return open_with(self._key, self._aad + basis, self._path.read_bytes())
        except (OSError, SealError):
            return None

    def put(self, data: bytes, basis: bytes = b"") -> None:
        """Keep it in place of what was there; a disk that is full or read-only costs only speed."""
        # libsodium is long to import, and a local call with a tree of its own seals nothing
        from zester_proto.identity.sealing import seal_with  # noqa: PLC0415  # for that reason

        try:
            make_private_folder(self._path.parent)
            sealed = seal_with(self._key, self._aad + basis, data)
            write_atomic(self._path, sealed, lasting=False)
        except (OSError, FileProblem):
            return
