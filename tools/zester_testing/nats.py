"""A real nats-server for tests: started on free ports, ready by its own word, stopped by its pid.

Start it in the main thread: the server dies with the thread that started it.
"""

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

SERVER = Path(sys.executable).with_name("nats-server")
PATIENCE = 30.0
"""Seconds after which a server that did not start or stop is an error."""

_PORT = re.compile(rb"(Listening for client connections|Starting http monitor) on (\S*):(\d+)")
_READY = b"Server is ready"
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def die_with_parent() -> None:
    """Be killed when the thread that started this process ends; for `preexec_fn`."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class ServerDidNotStart(AssertionError):
    """Raised with the server's log."""


class NatsServer:
    """A running nats-server.

    Attributes:
        conf: its configuration file.
        log: where its log goes.
        host: where it listens for clients.
        port: where clients connect.
        monitor_port: where its monitoring answers, on 127.0.0.1.
    """

    def __init__(self, conf: Path, log: Path) -> None:
        self.conf = conf
        self.log = log
        self.host = "127.0.0.1"
        self.port = 0
        self.monitor_port = 0
        self._process = self._spawn()

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"tls://{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid

    def _spawn(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [SERVER, "-c", self.conf],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            preexec_fn=die_with_parent,  # noqa: PLW1509  # nothing else runs in the child
        )
        ready = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(process, ready), daemon=True)
        self._reader.start()
        started = ready.wait(PATIENCE)
        if not started or process.poll() is not None:
            process.kill()
            process.wait()
            self._reader.join()
            raise ServerDidNotStart(self.log.read_text())
        return process

    def _read(self, process: subprocess.Popen[bytes], ready: threading.Event) -> None:
        """Copy the log to its file; the ports and the word that it is ready are read on the way."""
        assert process.stderr is not None
        with process.stderr, self.log.open("ab", buffering=0) as log:
            for line in process.stderr:
                log.write(line)
                self._note_port(line)
                if _READY in line:
                    ready.set()
        process.wait()
        ready.set()

    def _note_port(self, line: bytes) -> None:
        match = _PORT.search(line)
        if match and match[1].startswith(b"Listening"):
            self.host = match[2].removeprefix(b"tls://").decode()
            self.port = int(match[3])
        elif match:
            self.monitor_port = int(match[3])

    def stop(self) -> None:
        """Let the server end by itself, as SIGTERM does."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the server at once, as a power cut does."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self._process.poll() is None:
                os.kill(self._process.pid, number)
        self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)

    def start_again(self) -> None:
        """Start a server that ended, from what its configuration says now."""
        assert self._process.poll() is not None, "the server still runs"
        self._process = self._spawn()

    def freeze(self) -> None:
        """Stop the process without closing a connection, as a hung host does."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process go on."""
        os.kill(self._process.pid, signal.SIGCONT)

    def reload(self) -> None:
        """Make the server read its configuration again."""
        os.kill(self._process.pid, signal.SIGHUP)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.thaw()
        self.stop()
