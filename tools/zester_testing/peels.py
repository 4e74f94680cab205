"""A real zester-peel in a process of its own, for tests."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Generator, Mapping
from pathlib import Path
from typing import Any, Self

from zester_proto.identity.joining import PeelIdentity
from zester_testing.nats import die_with_parent
from zester_testing.site import Reach

PEEL = Path(sys.executable).with_name("zester-peel")
PATIENCE = 30.0


class Peel:
    """A peel of a test's site: started, killed and started again at will.

    Attributes:
        identity: its keys; a test may look inside.
        state: its state folder.
        facts_dir: its custom facts.
        log: where it logs, over all its lives.
        flags: what it is started with beyond the folders.
    """

    def __init__(self, bus: Reach, peel_id: str, folder: Path, **flags: Any) -> None:
        self.identity: PeelIdentity = bus.site.peel(peel_id)
        self.state = folder / "state"
        self.facts_dir = folder / "facts"
        self.log = folder / "peel.log"
        self.flags: dict[str, Any] = {"health_addr": "127.0.0.1:0", "drain_time": "2s", **flags}
        self.environment: dict[str, str] = dict(os.environ)
        self.wrapper: list[str] = []
        self._bus = bus
        self._process: subprocess.Popen[bytes] | None = None
        self.facts_dir.mkdir(parents=True)

    @classmethod
    @contextlib.contextmanager
    def up(cls, bus: Reach, peel_id: str, folder: Path, **flags: Any) -> Generator[Self]:
        """Start a peel in a new folder, and end it with the test."""
        peel = cls(bus, peel_id, folder / peel_id, **flags)
        with peel.running():
            yield peel

    @contextlib.contextmanager
    def running(self) -> Generator[Self]:
        """Start, and end it with the block."""
        self.start()
        try:
            yield self
        finally:
            self.kill()

    @property
    def id(self) -> str:
        """Its name."""
        return self.identity.id

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        """Start it; it comes onto the bus by itself."""
        assert self._process is None or self._process.poll() is not None
        (self.state / "health-port").unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.wrapper, PEEL, "run", *self._words()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**self.environment, **(environment or {})},
                preexec_fn=die_with_parent,  # noqa: PLW1509  # nothing else runs in the child
            )

    def _words(self) -> list[str]:
        flags = {
            "config": os.devnull,
            "nats_url": self._bus.url,
            "auth_dir": self._bus.site.peel_folder(self.id),
            "state_dir": self.state,
            "facts_dir": self.facts_dir,
            "log_level": "debug",
            **self.flags,
        }
        return [f"--{name.replace('_', '-')}={value}" for name, value in flags.items()]

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once, as a crash does."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(PATIENCE)

    def stop(self) -> int:
        """End it as systemd does, and give its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(PATIENCE)

    def wait(self) -> int:
        """Wait for its own end, and give its exit code."""
        assert self._process is not None
        return self._process.wait(PATIENCE)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def descriptors(self) -> int:
        """How many files it has open."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def lines(self, message: str = "") -> list[dict[str, Any]]:
        """Give its log lines, or those with a message."""
        found: list[dict[str, Any]] = []
        for line in self.log.read_text().splitlines():
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
        return [line for line in found if not message or line.get("msg") == message]

    def get(self, path: str) -> tuple[int, bytes]:
        """Ask one of its health paths."""
        end = time.monotonic() + PATIENCE
        file = self.state / "health-port"
        while not (file.exists() and file.read_text().strip()):
            assert time.monotonic() < end, f"no health port; its log:\n{self.log.read_text()}"
            time.sleep(0.02)
        url = f"http://127.0.0.1:{file.read_text().strip()}{path}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def ready(self) -> dict[str, Any]:
        """Give what /readyz says."""
        return json.loads(self.get("/readyz")[1])

    def conditions(self) -> dict[str, str]:
        """Give the conditions that hold: code to text."""
        return {one["code"]: one["text"] for one in self.ready()["conditions"]}

    def metric(self, series: str) -> float:
        """Give the value of a series; 0 if it is not there yet."""
        for line in self.get("/metrics")[1].decode().splitlines():
            name, _, value = line.rpartition(" ")
            if name == series:
                return float(value)
        return 0.0


async def is_welcome(peel: Peel) -> None:
    """Wait until a peel takes jobs."""
    await eventually(lambda: asyncio.to_thread(_has_time, peel), f"{peel.id} has the site's time")


def _has_time(peel: Peel) -> bool:
    return peel.ready()["checks"]["welcome"]["status"] == "ok"


async def eventually(
    holds: Callable[[], Awaitable[object]], what: str, patience: float = PATIENCE
) -> None:
    """Wait until something that another process brings about holds."""
    end = asyncio.get_running_loop().time() + patience
    while not await holds():
        assert asyncio.get_running_loop().time() < end, f"not within {patience:.0f} s: {what}"
        await asyncio.sleep(0.02)


async def number_in(file: Path) -> int:
    """Wait until another process has written a number into a file, and give it."""

    async def written() -> bool:
        return _first_word(file) != ""

    await eventually(written, f"a number in {file}")
    return int(_first_word(file))


async def group_of(peel: Peel, jid: str) -> int:
    """Wait until a job runs in a process group of its own, and give its number."""
    return await number_in(peel.state / "work" / jid / "group")


async def exists(file: Path) -> None:
    """Wait until a file is there."""

    async def there() -> bool:
        return _there(file)

    await eventually(there, f"{file} is there")


def _first_word(file: Path) -> str:
    return (file.read_text().split() or [""])[0] if file.exists() else ""


def _there(file: Path) -> bool:
    return file.exists()


async def has_gone(pid: int) -> None:
    """Wait for the end of a process that was killed: on a busy machine that takes a moment."""

    async def over() -> bool:
        return gone(pid)

    await eventually(over, f"process {pid} is gone")


def gone(pid: int) -> bool:
    """Say whether a process has ended; a zombie has."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return text.rpartition(")")[2].split()[0] == "Z"
