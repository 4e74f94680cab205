"""A job's return as this peel holds it: in the clear, whole, until the bus has stored it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from zester_proto.codec import encode, pack
from zester_proto.errors import FileProblem
from zester_proto.messages.jobs import RETURN_CHUNK, Outcome, ReturnMeta, frame_return

NOTHING: Final = pack(None)


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """The return of one job."""

    jid: str
    epoch: int
    outcome: Outcome
    meta: ReturnMeta
    value: bytes = NOTHING
    """The packed value, unless it lies in a file of its own."""
    file_size: int = -1
    """Bytes of that file; -1 where there is none."""
    key: str = ""
    """Id of the masters' key for which parts of it may already lie on the bus."""

    @property
    def frame(self) -> bytes:
        """What stands before the value in the plain text."""
        return frame_return(encode(self.meta))

    @property
    def size(self) -> int:
        """Bytes of the plain text."""
        return len(self.frame) + (len(self.value) if self.file_size < 0 else self.file_size)

    def chunks(self, file: Path | None) -> Iterator[bytes]:
        """Give the plain text in pieces of `RETURN_CHUNK` bytes, the last one shorter.

        Args:
            file: where the value lies, if it has a file.

        Raises:
            FileProblem: the file is gone, unreadable, or no longer of its size.
        """
        if file is None or self.file_size < 0:
            plain = self.frame + self.value
            for at in range(0, len(plain), RETURN_CHUNK):
                yield plain[at : at + RETURN_CHUNK]
            return
        yield from self._from_file(file)

    def _from_file(self, path: Path) -> Iterator[bytes]:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise FileProblem(f"cannot read the return {path}: {error.strerror}") from error
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            left = self.file_size
            chunk = self.frame
            while left or chunk:
                data = file.read(min(left, RETURN_CHUNK - len(chunk)))
                if left and not data:
                    raise FileProblem(f"the return {path} has lost its end")
                left -= len(data)
                chunk += data
                if len(chunk) == RETURN_CHUNK or not left:
                    yield chunk
                    chunk = b""


def said(
    jid: str,
    epoch: int,
    outcome: Outcome,
    *,
    instance: str,
    error: str,
    hint: str = "",
    started: float = 0,
    seconds: float = 0,
) -> Letter:
    """Give a return without a value: what the agent itself has to say of a job."""
    meta = ReturnMeta(instance=instance, started=started, seconds=seconds, error=error, hint=hint)
    return Letter(jid=jid, epoch=epoch, outcome=outcome, meta=meta)
