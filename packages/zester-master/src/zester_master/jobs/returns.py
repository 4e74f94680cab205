"""Returns as they lie in `job-returns`: opened, or found to be false (bus.md 6.6)."""

import hashlib
from typing import Final, NamedTuple

from zester_proto.codec import decode, digest, encode, pack
from zester_proto.errors import CodecError, ZesterError
from zester_proto.identity.sealing import SealError, open_with
from zester_proto.messages.jobs import (
    RETURN_CHUNK,
    SILENT,
    Outcome,
    Return,
    ReturnMeta,
    ReturnPart,
    frame_return,
    return_aad,
    split_return,
)
from zester_proto.subjects import kv, return_key

BUCKET: Final = "job-returns"
MAX_RETURN: Final = 64 * 1024 * 1024
"""Bytes of one peel's return by default (bus.md 6.6)."""

SPOKEN: Final = frozenset(Outcome) - SILENT
"""What a peel can say of itself."""

_SLACK: Final = 64 * 1024
_NOTHING: Final = pack(None)


class FalseReturn(ZesterError):
    """Raised when a return is not what its peel sealed for this job."""


class Head(NamedTuple):
    """A return that is believed as far as it was read."""

    ret: Return
    meta: ReturnMeta
    plain: bytes
    """The whole plain text, or the first part of it."""


class Sender(NamedTuple):
    """Whose return it is, and for which job."""

    jid: str
    peel_id: str
    key: bytes
    """Shared with that peel."""


def read_head(data: bytes, sender: Sender, epoch: int) -> Return | Head:
    """Read the entry of a return; a `Return` alone means that its parts have to be read.

    Args:
        data: the entry.
        sender: whose key in the bucket it is.
        epoch: the job's present epoch; none higher can be.

    Raises:
        FalseReturn: malformed, of a higher epoch, or it does not open.
    """
    peel_id = sender.peel_id
    try:
        ret = decode(data, Return)
    except CodecError as error:
        raise FalseReturn(f"the return of {peel_id} is malformed: {error}") from error
    if ret.epoch > epoch or ret.outcome not in SPOKEN:
        raise FalseReturn(
            f"the return of {peel_id} says {ret.outcome} under epoch {ret.epoch} of {epoch}"
        )
    if ret.parts:
        _check_parts(ret, peel_id)
        return ret
    plain = _open(ret, sender, 0, ret.sealed)
    if len(plain) != ret.size or digest(plain) != ret.digest:
        raise FalseReturn(f"the return of {peel_id} is not what its head says")
    return Head(ret, read_meta(plain, peel_id), plain)


def _check_parts(ret: Return, peel_id: str) -> None:
    expected = -(-ret.size // RETURN_CHUNK)
    if not 0 < ret.parts <= expected or ret.size > MAX_RETURN + _SLACK or ret.sealed:
        raise FalseReturn(f"the return of {peel_id} claims {ret.parts} parts of {ret.size} bytes")


def read_part(data: bytes, ret: Return, sender: Sender, number: int) -> bytes:
    """Give the plain text of one part.

    Raises:
        FalseReturn: malformed, another part, or it does not open.
    """
    peel_id = sender.peel_id
    try:
        part = decode(data, ReturnPart)
    except CodecError as error:
        raise FalseReturn(f"a part of the return of {peel_id} is malformed: {error}") from error
    if part.part != number:
        raise FalseReturn(f"part {number} of the return of {peel_id} is part {part.part}")
    return _open(ret, sender, number, part.sealed)


def _open(ret: Return, sender: Sender, part: int, sealed: bytes) -> bytes:
    subject = kv(BUCKET, return_key(sender.jid, sender.peel_id, part))
    try:
        return open_with(
            sender.key, return_aad(subject, ret.epoch, ret.outcome, ret.v, part), sealed
        )
    except SealError as error:
        raise FalseReturn(f"the return of {sender.peel_id} does not open: {error}") from error


def read_meta(plain: bytes, peel_id: str) -> ReturnMeta:
    """Read what stands before the value.

    Raises:
        FalseReturn: cut short or malformed.
    """
    try:
        return decode(split_return(plain)[0], ReturnMeta)
    except (CodecError, ValueError) as error:
        raise FalseReturn(f"the return of {peel_id} is malformed: {error}") from error


class Sum:
    """The size and digest of a return that is read part by part."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=32)
        self.size = 0

    def add(self, plain: bytes) -> None:
        """Take the next part."""
        self._hash.update(plain)
        self.size += len(plain)

    def check(self, ret: Return, peel_id: str) -> None:
        """Hold all parts together against the head.

        Raises:
            FalseReturn: they are not what it says.
        """
        if self.size != ret.size or self._hash.digest() != ret.digest:
            raise FalseReturn(f"the parts of the return of {peel_id} are not what its head says")


def said(error: str, hint: str = "", seconds: float = 0.0) -> bytes:
    """Give the plain text of a return that no peel made: what the master says of it."""
    meta = ReturnMeta(instance="", started=0, seconds=seconds, error=error, hint=hint)
    return frame_return(encode(meta), _NOTHING)
