"""A real zester-master in a process of its own, and what a test asks of any daemon."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from zester_testing.nats import die_with_parent
from zester_testing.site import Reach

MASTER = Path(sys.executable).with_name("zester-master")
PATIENCE = 30.0


class MasterProcess:
    """A master of a test's site: started, killed and started again at will.

    Attributes:
        name: which master it is.
        health: HOST:PORT of its health paths.
        log: where it logs, over all its lives.
        environment: what it is started with.
    """

    def __init__(self, reach: Reach, name: str, auth: Path, folder: Path, port: int) -> None:
        self.name = name
        self.health = f"127.0.0.1:{port}"
        self.log = folder / f"{name}.log"
        self.environment: dict[str, str] = dict(os.environ)
        self.flags: dict[str, Any] = {}
        self._auth = auth
        self._reach = reach
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        """Start it."""
        assert not self.alive
        flags = {
            "config": os.devnull,
            "nats_url": self._reach.url,
            "auth_dir": self._auth,
            "health_addr": self.health,
            "drain_time": "2s",
            **self.flags,
        }
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [MASTER, "run", *(f"--{k.replace('_', '-')}={v}" for k, v in flags.items())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                preexec_fn=die_with_parent,  # noqa: PLW1509  # nothing else runs in the child
            )

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End it at once, as a crash does."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """End it as systemd does, and give its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        if self.alive:
            self._process.send_signal(number)
        return self._process.wait(PATIENCE)

    @property
    def ready(self) -> bool:
        """Whether /readyz says so."""
        return self.alive and says_ready(self.health)


def says_ready(health: str) -> bool:
    """Ask the /readyz of a daemon that may not listen yet, or be frozen."""
    return fetch(health, "/readyz")[0] == 200


def fetch(health: str, path: str) -> tuple[int, bytes]:
    """Ask a health path; (0, b"") while nobody answers."""
    connection = http.client.HTTPConnection(health, timeout=2)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    return 0, b""


def conditions(health: str) -> list[dict[str, Any]]:
    """Give what a daemon says is wrong with it."""
    body = fetch(health, "/readyz")[1]
    return json.loads(body)["conditions"] if body else []
