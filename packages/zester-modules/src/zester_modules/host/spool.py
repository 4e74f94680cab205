"""The output of a command: a little of it in memory, the rest in a file, all of it counted."""

import codecs
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from zester_proto.secrets.masker import Masker

MEMORY: Final = 128 * 1024
"""Bytes that stay in memory before a file is made; two spools and their edges fit in 1 MiB."""

EDGE: Final = 64 * 1024
"""Bytes of head and of tail that are left of output that is too large (bus.md 6.6)."""

CHUNK: Final = 64 * 1024


class Spool:
    """Bytes that come in and can be read again, in bounded memory and on a bounded disk.

    Args:
        path: where the file goes, if one is needed; it is made with mode 0600.
        limit: bytes that are kept; of more, the first `limit` and the last `EDGE` are.
        text: keep valid UTF-8 only; a bad byte becomes U+FFFD.
        masker: takes secrets out before anything is kept or counted.

    Attributes:
        length: bytes that came in.
        kept: bytes that can be read again, from the beginning on.
        problem: why the file could not be written, or "".
    """

    def __init__(
        self, path: Path, *, limit: int, text: bool = True, masker: Masker | None = None
    ) -> None:
        self.length = 0
        self.kept = 0
        self.problem = ""
        self._path = path
        self._limit = limit
        self._digest = hashlib.blake2b(digest_size=32)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace") if text else None
        self._stream = masker.stream() if masker is not None else None
        self._memory = bytearray()
        self._file = -1
        self._tail = b""
        self._cleaned = 0

    @property
    def cut(self) -> bool:
        """Whether anything is missing from what was kept."""
        return self.kept < self._cleaned

    def write(self, data: bytes) -> None:
        """Take what the command wrote; a full disk is remembered in `problem`, never raised."""
        self._count(self._stream.feed(data) if self._stream else data)

    def _count(self, data: bytes) -> None:
        self.length += len(data)
        self._digest.update(data)
        self._take(self._decoder.decode(data).encode() if self._decoder else data)

    def end(self) -> None:
        """Take notice that nothing more comes."""
        if self._stream is not None:
            self._count(self._stream.end())
            self._stream = None
        if self._decoder is not None:
            self._take(self._decoder.decode(b"", final=True).encode())
            self._decoder = None

    def _take(self, clean: bytes) -> None:
        self._cleaned += len(clean)
        self._tail = clean[-EDGE:] if len(clean) >= EDGE else (self._tail + clean)[-EDGE:]
        room = self._limit - self.kept
        if room > 0 and clean and not self.problem:
            self._keep(clean[:room])

    def _keep(self, data: bytes) -> None:
        if self._file < 0 and len(self._memory) + len(data) <= MEMORY:
            self._memory += data
            self.kept += len(data)
            return
        try:
            if self._file < 0:
                self._spill()
            _write_all(self._file, data)
            self.kept += len(data)
        except OSError as error:
            self.problem = f"the output does not fit on the disk: {error.strerror}"

    def _spill(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.open(self._path, flags, 0o600)
        _write_all(self._file, self._memory)
        self._memory = bytearray()

    def hex_digest(self) -> str:
        """Give the BLAKE2b-32 of all that came in, kept or not."""
        return self._digest.hexdigest()

    def read(self, start: int, size: int) -> bytes:
        """Give a part of what was kept."""
        if self._file < 0:
            return bytes(self._memory[start : start + size])
        return os.pread(self._file, size, start)

    def chunks(self) -> Iterator[bytes]:
        """Give what was kept, a piece at a time."""
        for start in range(0, self.kept, CHUNK):
            yield self.read(start, min(CHUNK, self.kept - start))

    def edges(self) -> tuple[bytes, bytes]:
        """Give head and tail, at most `EDGE` bytes each and apart, as valid text."""
        if self._cleaned <= EDGE:
            return self.read(0, EDGE), b""
        head = self.read(0, EDGE).decode("utf-8", "ignore").encode()
        tail = self._tail[-min(EDGE, self._cleaned - EDGE) :]
        return head, tail.decode("utf-8", "ignore").encode()

    def close(self) -> None:
        """Forget everything, and take the file away."""
        self._memory = bytearray()
        self.kept = 0
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self._path.unlink(missing_ok=True)


def _write_all(descriptor: int, data: bytes | bytearray) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
