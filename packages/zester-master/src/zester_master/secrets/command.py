"""Runs a command for what it prints: for some seconds, and for so many bytes."""

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Final

from zester_proto.errors import ZesterError

TIMEOUT: Final = 10.0
"""Seconds that a command may take."""

_CHUNK: Final = 64 * 1024


class CommandFailed(ZesterError):
    """Raised when a command gives nothing; the text never says what it printed."""


def output_of(
    argv: Sequence[str], environment: Mapping[str, str], *, limit: int, seconds: float = TIMEOUT
) -> bytes:
    """Give what a command prints; blocks as long as that takes.

    Args:
        argv: its words; no shell reads them.
        environment: what it has besides ours.
        limit: bytes; one that prints more is ended, with all that it started.
        seconds: how long it may take.

    Raises:
        CommandFailed: it cannot be started, takes too long, or says that it failed.
    """
    until = time.monotonic() + seconds
    try:
        process = subprocess.Popen(
            argv, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise CommandFailed(f"{argv[0]}: {error.strerror}") from None
    with process:
        try:
            data = _read(process, limit, until)
            if len(data) >= limit:
                return data
            code = process.wait(max(0.0, until - time.monotonic()))
        except (TimeoutError, subprocess.TimeoutExpired):
            raise CommandFailed(f"{argv[0]} took longer than {seconds:g} s") from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
    if code:
        raise CommandFailed(f"{argv[0]} ended with {code}")
    return data


def _read(process: subprocess.Popen[bytes], limit: int, until: float) -> bytes:
    assert process.stdout is not None  # it is a pipe
    number = process.stdout.fileno()
    ready = select.poll()
    ready.register(number, select.POLLIN)
    data = b""
    while len(data) < limit:
        if not ready.poll(max(0.0, until - time.monotonic()) * 1000):
            raise TimeoutError
        chunk = os.read(number, min(_CHUNK, limit - len(data)))
        if not chunk:
            break
        data += chunk
    return data
