"""A file of records that is only ever added to, and says whether it lost any."""

import asyncio
import binascii
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from zester_proto.errors import FileProblem
from zester_proto.files import sync_folder, write_atomic

_HEADER: Final = 8
"""Bytes before a record: its length and its CRC-32, big-endian."""

_RECORD_LIMIT: Final = 16 * 1024 * 1024


class Journal:
    """Records in a file; what `sync` has returned for survives a crash of the host.

    Attributes:
        size: bytes of the file.
        damaged: the end of the file was no whole record when it was opened; what was there is lost.
    """

    def __init__(self, path: Path) -> None:
        self.size = 0
        self.damaged = False
        self._path = path
        self._file = -1
        self._written = 0
        self._synced = 0
        self._lock = asyncio.Lock()

    def open(self) -> list[bytes]:
        """Open the file, made if it is missing, and give its records.

        Raises:
            FileProblem: it cannot be opened or read.
        """
        try:
            fresh = not self._path.exists()
            self._file = _open(self._path)
            data = self._path.read_bytes()
            records, self.size = _split(data)
            self.damaged = self.size < len(data)
            if self.damaged:
                os.ftruncate(self._file, self.size)
            if fresh:
                sync_folder(self._path.parent)
        except OSError as error:
            raise _problem(self._path, error) from error
        return records

    def append(self, record: bytes) -> None:
        """Add a record; it survives a kill of this process, not yet a crash of the host.

        Raises:
            FileProblem: the disk is full or broken; nothing was added.
        """
        data = memoryview(_framed(record))
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            # half a record would hide all that come after it
            os.ftruncate(self._file, self.size)
            raise _problem(self._path, error) from error
        self.size += _HEADER + len(record)
        self._written += 1

    async def sync(self) -> None:
        """Wait until all that was added is on the disk; those who wait together share one sync.

        Raises:
            FileProblem: the disk does not take it.
        """
        target = self._written
        async with self._lock:
            if self._synced >= target:
                return
            reached = self._written
            loop = asyncio.get_running_loop()
            try:
                # in a thread: a slow disk must not hold up heartbeats
                await loop.run_in_executor(None, os.fdatasync, self._file)
            except OSError as error:
                raise _problem(self._path, error) from error
            self._synced = reached

    @property
    def syncing(self) -> bool:
        """Whether somebody waits for the disk; the file must stay the same meanwhile."""
        return self._lock.locked()

    def rewrite(self, records: Iterable[bytes]) -> None:
        """Put these records in place of all others, in one step.

        Raises:
            FileProblem: the disk is full; the old ones stay.
        """
        data = b"".join(_framed(one) for one in records)
        write_atomic(self._path, data)
        try:
            file = _open(self._path)
        except OSError as error:
            raise _problem(self._path, error) from error
        os.close(self._file)
        self._file = file
        self.size = len(data)

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _open(path: Path) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.open(path, flags, 0o600)


def _framed(record: bytes) -> bytes:
    return len(record).to_bytes(4, "big") + binascii.crc32(record).to_bytes(4, "big") + record


def _split(data: bytes) -> tuple[list[bytes], int]:
    """Give the whole records at the beginning of some bytes, and where they end."""
    records: list[bytes] = []
    at = 0
    while at + _HEADER <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        record = data[at + _HEADER : at + _HEADER + length]
        check = int.from_bytes(data[at + 4 : at + _HEADER], "big")
        if length > _RECORD_LIMIT or len(record) < length or binascii.crc32(record) != check:
            break
        # a record of no bytes is what a crash leaves as zeros, not something that was written
        if not length:
            break
        records.append(record)
        at += _HEADER + length
    return records, at


def _problem(path: Path, error: OSError) -> FileProblem:
    return FileProblem(
        f"cannot keep {path}: {error.strerror or error}",
        hint="make room on that disk, or set state_dir to another",
    )
