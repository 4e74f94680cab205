"""What a command has answered, as the return that travels, without ever holding all of it."""

import signal
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from zester_modules.host.process import RETURN_LIMIT, Finished
from zester_modules.host.spool import EDGE, Spool
from zester_modules.returns import Return
from zester_proto import codec
from zester_proto.messages.jobs import Outcome


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """The return of a command: `parts()` joined are the packed value, `size` bytes of it."""

    outcome: Outcome
    error: str
    size: int
    truncated: bool
    finished: Finished
    packed: bytes
    """The value, where it is short or cut; else empty, and the parts come from the spools."""

    def parts(self) -> Iterator[bytes]:
        """Give the packed value `{exit_code, stderr, stdout}` a piece at a time."""
        if self.packed:
            yield self.packed
            return
        yield _head(self.finished)
        yield _text_head(self.finished.stderr.kept)
        yield from self.finished.stderr.chunks()
        yield codec.pack_normal("stdout") + _text_head(self.finished.stdout.kept)
        yield from self.finished.stdout.chunks()

    def whole(self) -> Return:
        """Give the return with all of its value in memory."""
        packed = b"".join(self.parts())
        value = codec.unpack(packed, limit=len(packed))
        return Return(value, self.outcome, error=self.error)

    def close(self) -> None:
        """Take the spooled output away."""
        self.finished.close()


SMALL: Final = 64 * 1024
"""Bytes up to which a value is packed at once."""


def output_of(
    finished: Finished, *, timeout: float | None = None, limit: int = RETURN_LIMIT
) -> Output:
    """Give what a command answers: `{stdout, stderr, exit_code}`.

    Past `limit` bytes in all it is the edges of both outputs with `truncated`, and the `length`
    and `digest` (BLAKE2b-32) of what the command wrote (bus.md 6.6).

    Args:
        finished: the command; its spools must stay open until the parts have been read.
        timeout: the seconds that it had, for the error's text.
        limit: bytes of the packed value.
    """
    out, err = finished.stdout, finished.stderr
    size = len(_head(finished)) + len(codec.pack_normal("stdout")) + out.kept + err.kept
    size += len(_text_head(out.kept)) + len(_text_head(err.kept))
    truncated = out.cut or err.cut or size > limit
    packed = b""
    if truncated:
        packed = codec.pack(_edges(finished))
    elif size <= SMALL:
        packed = codec.pack(_value(finished))
    return Output(
        outcome=_outcome(finished),
        error=_error(finished, timeout),
        size=len(packed) or size,
        truncated=truncated,
        finished=finished,
        packed=packed,
    )


def _head(finished: Finished) -> bytes:
    # a map of three, keys in order: exit_code, stderr, stdout
    code = codec.pack_normal("exit_code") + codec.pack_normal(finished.exit_code)
    return b"\x83" + code + codec.pack_normal("stderr")


def _text_head(size: int) -> bytes:
    """Give what msgpack puts before a text of that many bytes."""
    if size < 32:
        return bytes([0xA0 | size])
    if size < 0x100:
        return bytes([0xD9, size])
    if size < 0x10000:
        return b"\xda" + size.to_bytes(2, "big")
    return b"\xdb" + size.to_bytes(4, "big")


def _value(finished: Finished) -> dict[str, Any]:
    return {
        "exit_code": finished.exit_code,
        "stderr": _text(finished.stderr),
        "stdout": _text(finished.stdout),
    }


def _edges(finished: Finished) -> dict[str, Any]:
    both = {"stdout": finished.stdout, "stderr": finished.stderr}
    return {
        "exit_code": finished.exit_code,
        **{name: _shortened(spool) for name, spool in both.items()},
        "truncated": True,
        "length": {name: spool.length for name, spool in both.items()},
        "digest": {name: spool.hex_digest() for name, spool in both.items()},
    }


def _text(spool: Spool) -> str:
    return b"".join(spool.chunks()).decode("utf-8", "ignore")


def _shortened(spool: Spool) -> str:
    if not spool.cut and spool.kept <= 2 * EDGE:
        return _text(spool)
    head, tail = (edge.decode("utf-8", "ignore") for edge in spool.edges())
    left_out = max(0, spool.length - len(head.encode()) - len(tail.encode()))
    return f"{head}\n[... {left_out} bytes left out ...]\n{tail}"


def _outcome(finished: Finished) -> Outcome:
    if finished.ended != "exited":
        return Outcome(finished.ended)
    return Outcome.CHANGED if finished.exit_code == 0 else Outcome.FAILED


def _error(finished: Finished, timeout: float | None) -> str:
    problem = finished.stdout.problem or finished.stderr.problem
    if finished.ended == "timed-out":
        after = f" after {timeout:.4g} s" if timeout is not None else ""
        return f"its time was up{after} and it was stopped"
    if finished.ended == "cancelled":
        return "it was cancelled and stopped"
    if finished.signal:
        return f"it was killed by {_signal_name(finished.signal)}"
    return problem or (f"exit code {finished.exit_code}" if finished.exit_code else "")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
