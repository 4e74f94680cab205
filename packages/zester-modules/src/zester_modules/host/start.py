"""The calls to the kernel behind a command: start, signal, watch and reap."""

import asyncio
import contextlib
import errno
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Final

import msgspec

from zester_modules.errors import Refused
from zester_modules.host.spec import CommandSpec

NOT_FOUND: Final = 127
NOT_EXECUTABLE: Final = 126
"""What a shell says of a command that it cannot start."""

_MISSING: Final = frozenset({errno.ENOENT, errno.ENOTDIR})
_UNFIT: Final = frozenset({errno.EACCES, errno.ENOEXEC, errno.EISDIR, errno.ELOOP, errno.ETXTBSY})
_POLL: Final = 0.05
_LATE: Final = 5.0
"""Seconds between SIGTERM and SIGKILL for a command that nobody waits for."""


class Started(msgspec.Struct, frozen=True):
    """A running command, and our ends of its pipes."""

    process: "subprocess.Popen[bytes]"
    stdout: int
    stderr: int


def start(spec: CommandSpec, folder: Path) -> Started:
    """Start a command in a session of its own; blocks until it has been executed.

    Pipes, not files: what a command writes to a file it may also truncate and seek in.

    Raises:
        OSError: it cannot be executed, or its folder not entered (then that is the filename).
        ValueError: an argument holds what none can.
        Refused: there is no room for what it is to read.
    """
    ours: list[int] = []
    theirs: list[int] = []
    try:
        for _ in range(2):
            read, write = os.pipe()
            ours.append(read)
            theirs.append(write)
            os.set_blocking(read, False)
        theirs.append(_kept_stdin(spec.stdin, folder))
        if spec.user is not None:
            _give(theirs, spec.user)
        return Started(_popen(spec, theirs), *ours)
    except BaseException:
        for one in ours:
            os.close(one)
        raise
    finally:
        for one in theirs:
            os.close(one)


def _popen(spec: CommandSpec, theirs: list[int]) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            spec.argv,
            stdin=theirs[2],
            stdout=theirs[0],
            stderr=theirs[1],
            cwd=spec.cwd,
            env=spec.env,
            user=spec.user,
            group=spec.group,
            extra_groups=None if spec.user is None else spec.groups,
            umask=-1 if spec.umask is None else spec.umask,
            start_new_session=True,
        )
    except subprocess.SubprocessError as error:
        raise OSError(errno.EAGAIN, str(error)) from error


def _give(descriptors: list[int], user: int) -> None:
    # else the command could not open /dev/stdout and its like, which many scripts do
    for one in descriptors:
        os.fchown(one, user, -1)


def _kept_stdin(data: bytes, folder: Path) -> int:
    try:
        return _open_stdin(data, folder)
    except OSError as error:
        raise Refused(
            f"cannot keep the command's stdin in {folder}: {error.strerror}",
            hint="make room on that disk",
        ) from error


def _open_stdin(data: bytes, folder: Path) -> int:
    if not data:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    path = folder / "stdin"
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o600)
    try:
        path.unlink()
        with open(descriptor, "wb", closefd=False) as file:  # a descriptor
            file.write(data)
        os.lseek(descriptor, 0, os.SEEK_SET)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def shell_code(error: OSError) -> int | None:
    """Give the exit code of a shell that cannot start a command for this reason, if it has one."""
    if error.errno in _MISSING:
        return NOT_FOUND
    return NOT_EXECUTABLE if error.errno in _UNFIT else None


def signal_group(process: "subprocess.Popen[bytes]", what: signal.Signals) -> None:
    """Send a signal to all of a command's group; its leader must not have been reaped."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, what)


def discard(started: Started) -> None:
    """End a command that came up after everybody had gone; it may end its own children first."""
    os.close(started.stdout)
    os.close(started.stderr)
    signal_group(started.process, signal.SIGTERM)
    threading.Thread(
        target=_end_late, args=(started.process,), daemon=True, name="zester-end"
    ).start()


def _end_late(process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _LATE
    look = os.WEXITED | os.WNOHANG | os.WNOWAIT
    with contextlib.suppress(ChildProcessError):
        # not reaped before the last signal: the group's number stays its own
        while os.waitid(os.P_PID, process.pid, look) is None and time.monotonic() < until:
            time.sleep(_POLL)
        signal_group(process, signal.SIGKILL)
    process.wait()


def reap(process: "subprocess.Popen[bytes]") -> int:
    """Give the exit code (below 0: a signal's number) and leave no zombie; never blocks.

    One that even SIGKILL has not ended yet (it waits for a dead drive) counts as killed.
    """
    code = process.poll()
    if code is None:
        threading.Thread(target=process.wait, daemon=True, name="zester-reap").start()
        return -signal.SIGKILL
    return code


def read_some(pipe: int, size: int) -> bytes | None:
    """Give what a pipe holds, b"" at its end, None if it holds nothing just now."""
    try:
        return os.read(pipe, size)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def close(descriptor: int) -> None:
    """Close a descriptor."""
    os.close(descriptor)


def _has_ended(pid: int) -> bool:
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # somebody else reaps this process's children
        return True


class Exit:
    """Sees the end of a child without reaping it.

    asyncio's own way costs a thread a process on Python 3.11 and reaps at once.
    """

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._loop = asyncio.get_running_loop()
        self._pid = process.pid
        self._timer: asyncio.TimerHandle | None = None
        self.seen: asyncio.Future[None] = self._loop.create_future()
        try:
            self._descriptor = os.pidfd_open(process.pid)
        except OSError:  # Linux before 5.3
            self._descriptor = -1
            self._poll()
        else:
            self._loop.add_reader(self._descriptor, self._see)

    def _see(self) -> None:
        if not self.seen.done():
            self.seen.set_result(None)
        self.close()

    def _poll(self) -> None:
        if _has_ended(self._pid):
            self._see()
        else:
            self._timer = self._loop.call_later(_POLL, self._poll)

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1
