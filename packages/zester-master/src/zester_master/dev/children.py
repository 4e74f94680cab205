"""The processes of a fleet: started, listened to, and stopped in order."""

import asyncio
import contextlib
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from zester_master.dev.keeper import die_with_parent
from zester_proto.errors import ZesterError

STOP_SECONDS: Final = 15.0
"""How long a process may take to end by itself."""

_LINE_LIMIT: Final = 1024 * 1024


class DevError(ZesterError):
    """Raised when a fleet does not come up."""


def program(name: str, package: str) -> Path:
    """Find a program beside our interpreter, else on PATH.

    Raises:
        DevError: it is nowhere; the text names the package that brings it.
    """
    beside = Path(sys.executable).with_name(name)
    if beside.exists():
        return beside
    found = shutil.which(name)
    if found is None:
        raise DevError(f"{name} is not installed here", hint=f"pip install '{package}'")
    return Path(found)


class Process:
    """A process of the fleet; what it says goes into its log and, marked, to our stderr."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.pid = process.pid
        self._process = process
        self._log = log
        self._stopping = False

    @classmethod
    async def start(
        cls, name: str, command: Sequence[str | Path], log: Path, environment: Mapping[str, str]
    ) -> "Process":
        """Start it; it ends with us."""
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(environment),
            limit=_LINE_LIMIT,
            start_new_session=True,  # Ctrl-C is for us; we stop them in order
            preexec_fn=die_with_parent,
        )
        return cls(name, process, log)

    async def follow(self) -> None:
        """Write down what it says until it ends, and say so if nobody asked it to."""
        assert self._process.stdout is not None
        with self._log.open("ab", buffering=0) as log:
            while True:
                try:
                    line = await self._process.stdout.readline()
                except ValueError:
                    line = b"(a line that is too long)\n"
                if not line:
                    break
                log.write(line)
                self._show(line.decode(errors="replace").rstrip())
        code = await self._process.wait()
        if not self._stopping:
            self._show(f"ended with {_told(code)}; its log is {self._log}")

    def _show(self, text: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            sys.stderr.write(f"{self.name}: {text}\n")

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    async def stop(self) -> None:
        """Ask it to end, and kill it if it does not."""
        self._stopping = True
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await self._process.wait()
            except TimeoutError:
                self._show(f"does not end within {STOP_SECONDS:g} s and is killed")
            else:
                return


def _told(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
