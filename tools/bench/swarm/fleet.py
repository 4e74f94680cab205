"""The swarm as a whole: processes of peels, up together, asked together, gone together."""

import contextlib
import math
import os
import socket
import subprocess
import sys
from collections.abc import Generator, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import NamedTuple

from bench.swarm.limits import allow_files
from bench.swarm.members import peel_name
from bench.swarm.talk import Report, Spec

TOOLS = Path(__file__).parents[2]
START_SECONDS = 300.0

_Worker = tuple[subprocess.Popen[bytes], Connection]


class SwarmFailed(Exception):
    """Raised when a process of the swarm ended; the text is what it said."""


class Times(NamedTuple):
    """What a job was on each peel, by its place in the fleet: monotonic seconds, NaN for never."""

    received: list[float]
    sent: list[float]
    stored: list[float]
    verified: int
    """Signatures checked since the swarm began."""
    alive: int
    troubles: list[str]

    @property
    def complete(self) -> bool:
        """Whether every peel knows that its return is stored."""
        return not any(map(math.isnan, self.stored))


class Swarm:
    """Simulated peels that are connected.

    Attributes:
        peels: how many.
        processes: their processes.
    """

    def __init__(self, peels: int, workers: Sequence[_Worker]) -> None:
        self.peels = peels
        self.processes = [process for process, _ in workers]
        self._links = [link for _, link in workers]

    @classmethod
    @contextlib.contextmanager
    def up(cls, auth: Path, port: int, peels: int, processes: int = 0) -> Generator["Swarm"]:
        """Connect so many peels, and end them at the end. Call it in the main thread.

        Args:
            auth: the auth folder of a master that admits them.
            port: of the nats-server on 127.0.0.1.
            peels: how many.
            processes: over which they are spread; one a core by default.

        Raises:
            TooFewFiles: this machine allows too few connections.
            SwarmFailed: not all of them came up.
        """
        allow_files(peels)
        count = min(peels, processes or os.cpu_count() or 1)
        workers = [_start() for _ in range(count)]
        try:
            bounds = [peels * n // count for n in range(count + 1)]
            for n, (_, link) in enumerate(workers):
                places = range(bounds[n], bounds[n + 1])
                link.send(Spec(auth, port, places, f"127.0.{n + 1}.1"))
            swarm = cls(peels, workers)
            swarm._gather()
            yield swarm
        finally:
            for process, link in workers:
                link.close()
                process.kill()
                process.wait()

    @staticmethod
    def names(peels: int) -> Iterator[str]:
        """Give the ids of so many peels, by place."""
        return map(peel_name, range(peels))

    def times(self, jid: str) -> Times:
        """Ask what a job was."""
        for link in self._links:
            link.send(jid)
        reports: list[Report] = self._gather()
        deeds = [report.deeds for report in reports]
        return Times(
            received=[when for one in deeds for when in one.received],
            sent=[when for one in deeds for when in one.sent],
            stored=[when for one in deeds for when in one.stored],
            verified=sum(report.verified for report in reports),
            alive=sum(report.alive for report in reports),
            troubles=[text for report in reports for text in report.troubles],
        )

    def _gather(self) -> list[Report]:
        """Give what each process answers, in their order."""
        for link, process in zip(self._links, self.processes, strict=True):
            if not wait([link], START_SECONDS):
                raise SwarmFailed(f"process {process.pid} of the swarm says nothing")
        try:
            return [link.recv() for link in self._links]
        except (EOFError, ConnectionError):
            raise SwarmFailed("a process of the swarm ended: see above") from None


def _start() -> _Worker:
    ours, theirs = socket.socketpair()
    with theirs:
        path = os.pathsep.join([str(TOOLS), os.environ.get("PYTHONPATH", "")])
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.swarm.worker", str(theirs.fileno())],
            env={**os.environ, "PYTHONPATH": path.rstrip(os.pathsep)},
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
    return process, Connection(ours.detach())
