"""Returns that wait on the disk until the bus takes them, in bounded room."""

import contextlib
import os
from pathlib import Path
from typing import Final

from zester_peel.jobs.letter import Letter, said
from zester_proto.codec import decode, encode
from zester_proto.errors import CodecError, FileProblem
from zester_proto.files import make_private_folder
from zester_proto.ids import is_jid
from zester_proto.messages.jobs import RETURN_CHUNK, Outcome

_LETTER: Final = ".return"
_VALUE: Final = ".value"
_LIMIT: Final = 4 * RETURN_CHUNK


class Shelf:
    """A folder of returns: `<jid>.return`, and `<jid>.value` beside it where the value is large.

    Attributes:
        folder: where they lie.
        bytes: how many they take together.
    """

    def __init__(self, folder: Path, *, limit: int) -> None:
        self.folder = folder
        self.bytes = 0
        self._limit = limit
        self._sizes: dict[str, int] = {}

    def open(self) -> list[str]:
        """Give the jids of the returns that lie there, oldest first; take halves of others away.

        Raises:
            FileProblem: the folder cannot be used.
        """
        make_private_folder(self.folder)
        try:
            found = [(path, path.stat()) for path in self.folder.iterdir()]
        except OSError as error:
            raise FileProblem(f"cannot read {self.folder}: {error.strerror}") from error
        whole = {path.stem for path, _ in found if path.suffix == _LETTER and is_jid(path.stem)}
        for path, status in sorted(found, key=lambda one: one[1].st_mtime):
            if path.stem in whole and path.suffix in {_LETTER, _VALUE}:
                self._sizes[path.stem] = self._sizes.get(path.stem, 0) + status.st_size
            else:
                path.unlink(missing_ok=True)
        self.bytes = sum(self._sizes.values())
        return list(self._sizes)

    def value_file(self, jid: str) -> Path:
        """Give the path of a return's value."""
        return self.folder / f"{jid}{_VALUE}"

    def _letter_file(self, jid: str) -> Path:
        return self.folder / f"{jid}{_LETTER}"

    def adopt(self, jid: str, value: Path) -> None:
        """Move a value that lies on the same disk to where its return will be.

        Raises:
            FileProblem: it cannot be moved.
        """
        try:
            value.replace(self.value_file(jid))
        except OSError as error:
            raise FileProblem(f"cannot keep the return of {jid}: {error.strerror}") from error

    def put(self, letter: Letter) -> None:
        """Keep a return.

        It survives a kill of this process; a crash of the host may lose it, whereupon the job
        counts as interrupted.

        Raises:
            FileProblem: the disk is full.
        """
        data = encode(letter)
        path = self._letter_file(letter.jid)
        temporary = path.with_suffix(".tmp")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
            with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
                file.write(data)
            temporary.replace(path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise FileProblem(
                f"cannot keep the return of {letter.jid}: {error.strerror}",
                hint="make room on the disk of state_dir",
            ) from error
        self._count(letter.jid, len(data) + max(0, letter.file_size))

    def _count(self, jid: str, size: int) -> None:
        self.bytes += size - self._sizes.get(jid, 0)
        self._sizes[jid] = size

    def get(self, jid: str) -> Letter | None:
        """Give a return that lies there, or nothing if it is gone or damaged."""
        try:
            data = self._letter_file(jid).read_bytes()
            letter = decode(data, Letter, limit=_LIMIT)
        except (OSError, CodecError):
            return None
        return letter if letter.jid == jid else None

    def holds(self, jid: str) -> bool:
        """Say whether a return lies there."""
        return jid in self._sizes

    def drop(self, jid: str) -> None:
        """Take a return away."""
        self.bytes -= self._sizes.pop(jid, 0)
        for path in (self._letter_file(jid), self.value_file(jid)):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def make_room(self, instance: str) -> list[Letter]:
        """Replace the oldest returns by a word on their loss until all fit; give those words.

        Args:
            instance: that of this agent.
        """
        stubs: list[Letter] = []
        for jid in list(self._sizes):
            if self.bytes <= self._limit:
                break
            old = self.get(jid)
            if old is None or (old.file_size < 0 and len(old.value) < 256):
                continue  # nothing to gain
            stubs.append(self._replace(old, instance))
        return stubs

    def _replace(self, old: Letter, instance: str) -> Letter:
        stub = said(
            old.jid,
            old.epoch,
            Outcome.FAILED,
            instance=instance,
            error=f"the return ({old.outcome}, {old.size} bytes) was let go of: spool full",
            hint="raise spool_max, or look why NATS did not take it for so long",
            started=old.meta.started,
            seconds=old.meta.seconds,
        )
        with contextlib.suppress(OSError):
            self.value_file(old.jid).unlink(missing_ok=True)
        with contextlib.suppress(FileProblem):
            self.put(stub)
        return stub
