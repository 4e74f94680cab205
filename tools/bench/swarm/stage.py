"""Everything that a bench of many peels needs: a site, its server, a real master, a swarm."""

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any, NamedTuple

from bench.swarm.fleet import TOOLS, Swarm
from bench.swarm.floor import Floor, Round
from bench.swarm.limits import allow_files
from bench.swarm.tapped import read_taken
from zester_cli import jobs
from zester_cli.client import Client, answer_value, connected
from zester_cli.errors import CliError
from zester_cli.site import load_site
from zester_proto.codec import Raw, pack
from zester_proto.ids import new_jid
from zester_proto.messages.operators import NothingAsk, RunAsk
from zester_testing.nats import die_with_parent
from zester_testing.site import Bus, Site

PATIENCE = 180.0
_PAUSE = 0.5
"""Seconds between rounds, in which what a round left behind is done."""


class Ran(NamedTuple):
    """A job of the real master; monotonic seconds."""

    jid: str
    asked: float
    """When the operator's request left."""
    taken: list[float]
    """When the ledger counted the return of each peel, by place."""
    shown: float
    """When the operator had the last page."""


class Spent(NamedTuple):
    """Seconds of processor time, which other work on this machine does not change much."""

    server: float
    peels: float
    master: float
    here: float
    """The bench itself: a master of the floor, or the operator's command."""

    def since(self, before: "Spent") -> "Spent":
        """Give what was spent from then on."""
        return Spent(*(now - then for now, then in zip(self, before, strict=True)))


class Stage:
    """A fleet of simulated peels under a real master.

    Attributes:
        swarm: the peels.
        floor: a master without Zester on the same bus.
    """

    def __init__(
        self, swarm: Swarm, floor: Floor, master: "_Master", server: int, config: Path
    ) -> None:
        self.swarm = swarm
        self.floor = floor
        self._master = master
        self._server = server
        self._config = config
        self._jobs = 0

    @classmethod
    @contextlib.contextmanager
    def up(cls, peels: int) -> Generator["Stage"]:
        """Bring it all up, and down at the end."""
        allow_files(peels)
        with tempfile.TemporaryDirectory(prefix="zester-bench-") as name:
            folder = Path(name)
            site = Site.make(folder / "site")
            with Bus(site) as bus, _running_master(folder, bus) as master:
                config = site.operator_config()
                asyncio.run(_until_there(config, 0))
                began = time.monotonic()
                with Swarm.up(site.paths.master, bus.server.port, peels) as swarm:
                    there = time.monotonic() - began
                    asyncio.run(_until_there(config, peels))
                    known = time.monotonic() - began
                    print(f"{peels:,} peels: connected in {there:.1f} s, known in {known:.1f} s")
                    floor = Floor(site.paths.master, bus.server.port)
                    yield cls(swarm, floor, master, bus.server.pid, config)
                    floor.close()

    def floor_round(self, function: str = "test.ping", *args: Any) -> Round:
        """Run one broadcast of the floor."""
        done = self.floor.round(self.swarm.peels, function, *args)
        time.sleep(_PAUSE)
        return done

    def run(self, function: str = "test.ping", *args: Any) -> Ran:
        """Run one job on all peels, as an operator with his pages."""
        done = asyncio.run(self._run(function, args))
        time.sleep(_PAUSE)
        return done

    def spent(self) -> Spent:
        """Give the processor time that each part has used until now."""
        peels = sum(_processor(process.pid) for process in self.swarm.processes)
        here = time.process_time()
        return Spent(_processor(self._server), peels, _processor(self._master.pid), here)

    async def _run(self, function: str, args: tuple[Any, ...]) -> Ran:
        async with _operator(self._config) as client:
            ask = RunAsk(
                jid=new_jid(),
                target="*",
                function=function,
                args=Raw(pack(list(args))),
                kwargs=Raw(pack({})),
            )
            asked = time.monotonic()
            watched = await jobs.start(client, ask, lambda _: None)
            shown = time.monotonic()
        counts = watched.reader.counts
        taken = read_taken(self._master.taps, self._jobs)
        if counts != {"ok": self.swarm.peels} or taken is None or not all(taken):
            raise SystemExit(f"a job did not end well: {counts}")
        self._jobs += 1
        return Ran(ask.jid, asked, taken, shown)


@contextlib.asynccontextmanager
async def _operator(config: Path) -> AsyncGenerator[Client]:
    async with connected(load_site(str(config)), _say) as client:
        yield client


def _say(text: str) -> None:
    print(f"  the operator's command warns: {text}", flush=True)


async def _until_there(config: Path, peels: int) -> None:
    """Wait until the master answers and knows so many peels to be present."""
    end = time.monotonic() + PATIENCE
    present: Any = "no answer"
    while present != peels:
        if time.monotonic() > end:
            raise SystemExit(f"the master knows of {present} peels, of {peels}")
        await asyncio.sleep(0.2)
        with contextlib.suppress(CliError):
            async with _operator(config) as client:
                status = answer_value(await client.ask("status", NothingAsk()))
                present = status["peels"].get("present", 0)


class _Master(NamedTuple):
    pid: int
    taps: Path


def _processor(pid: int) -> float:
    """Give the seconds that a process has used; `/proc/PID/stat`, fields 14 and 15."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def _running_master(folder: Path, bus: Bus) -> Generator[_Master]:
    taps = folder / "taps"
    taps.mkdir()
    words = ["run", "--auth-dir", str(bus.site.paths.master), "--nats-url", bus.url]
    words += ["--health-addr", "", "--log-level", "warn", "--log-format", "text"]
    path = os.pathsep.join([str(TOOLS), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.swarm.tapped", taps, *words],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - no threads of ours do anything by now
    )
    try:
        yield _Master(process.pid, taps)
    finally:
        process.terminate()
        process.wait(60)
