"""Programs that print facts, run with limits on time and output."""

import contextlib
import os
import select
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zester_modules.host.local import Host

if TYPE_CHECKING:
    import subprocess

OUTPUT_LIMIT: Final = 1024 * 1024
_ERROR_LIMIT: Final = 2048


class ScriptFailed(Exception):  # it says what happened
    """Raised when a program printed no facts; its text says why."""


class Scripts:
    """Runs programs, each in a process group of its own, and can end all that run.

    Args:
        environment: what they see of it.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = dict(environment or Host().environment())
        self._running: set[int] = set()

    def kill(self) -> None:
        """End all that run now, also one that was started this moment and is not noted yet."""
        for group in {*self._running, *_children()}:
            _kill(group)

    def run(self, path: Path, timeout: float) -> bytes:
        """Give what a program printed.

        Raises:
            ScriptFailed: it cannot be started, took too long, printed too much, or said that it
                failed.
        """
        import subprocess  # noqa: PLC0415  # few hosts have such programs

        if timeout <= 0:
            raise ScriptFailed("no time was left for it")
        try:
            process = subprocess.Popen(
                [path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                cwd="/", env=self._environment, start_new_session=True,
            )  # fmt: skip
        except (OSError, ValueError) as error:
            raise ScriptFailed(f"it cannot be started: {_reason(error)}") from None
        self._running.add(process.pid)
        try:
            out, err = _read(process, time.monotonic() + timeout, timeout)
        finally:
            # before the leader is reaped, so that the group's number is still its own
            _kill(process.pid)
            self._running.discard(process.pid)
            code = process.wait()
            _close(process)
        if code:
            said = err.decode("utf-8", "replace").strip().replace("\n", " / ")
            raise ScriptFailed(f"it ended with exit code {code}: {said[-200:] or 'no message'}")
        return out


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def _read(process: "subprocess.Popen[bytes]", until: float, timeout: float) -> tuple[bytes, bytes]:
    assert process.stdout is not None
    assert process.stderr is not None
    found = {process.stdout.fileno(): b"", process.stderr.fileno(): b""}
    stdout, stderr = found
    open_ = {stdout, stderr}
    poller = select.poll()
    for pipe in open_:
        poller.register(pipe, select.POLLIN)
    while stdout in open_ and not _ended_holding(process, stdout):
        left = until - time.monotonic()
        if left <= 0:
            raise ScriptFailed(f"it took longer than {timeout:.3g} s and was stopped")
        for pipe, _ in poller.poll(min(left, 0.2) * 1000):
            data = os.read(pipe, 65536)
            found[pipe] += data
            if not data:
                open_.discard(pipe)
                poller.unregister(pipe)
        found[stderr] = found[stderr][-_ERROR_LIMIT:]
        if len(found[stdout]) > OUTPUT_LIMIT:
            raise ScriptFailed(f"it printed more than {OUTPUT_LIMIT} bytes")
    return _left_over(process, until, timeout, found)


def _ended_holding(process: "subprocess.Popen[bytes]", stdout: int) -> bool:
    """Say whether the program is gone and all is read, though somebody holds its pipe."""
    ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return ended and not select.select([stdout], [], [], 0)[0]


def _left_over(
    process: "subprocess.Popen[bytes]", until: float, timeout: float, found: dict[int, bytes]
) -> tuple[bytes, bytes]:
    stdout, stderr = found
    # it closed its output and may still run
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() > until:
            raise ScriptFailed(f"it took longer than {timeout:.3g} s and was stopped")
        time.sleep(0.01)
    if select.select([stderr], [], [], 0)[0]:
        found[stderr] += os.read(stderr, _ERROR_LIMIT)
    return found[stdout], found[stderr]


def _children() -> set[int]:
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            found.update(map(int, (task / "children").read_text().split()))
    return found


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _close(process: "subprocess.Popen[bytes]") -> None:
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
