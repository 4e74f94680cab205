"""Runs a fleet: servers, masters and peels up in order, watched, and down in order."""

import asyncio
import os
import shlex
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from zester_master.dev.children import DevError, Process, program
from zester_master.dev.folder import Child, DevFile, DevFolder, free_port
from zester_master.dev.readiness import is_whole, peels_there

T = TypeVar("T")

READY_SECONDS: Final = 60.0
_POLL: Final = 0.03
_HOST: Final = "127.0.0.1"


class Size(NamedTuple):
    """How many of each there are."""

    peels: int
    masters: int = 1
    nats: int = 1

    @property
    def replicas(self) -> int:
        """On how many servers buckets and streams lie: two would stop when one of them does."""
        return 3 if self.nats >= 3 else 1


def run(folder: Path, size: Size) -> int:
    """Run a fleet until a signal comes; give the exit code.

    Raises:
        ZesterError: the folder is not ours, a program is missing, or the fleet does not come up.
    """
    dev = DevFolder(folder)
    programs = Programs.find()
    dev.prepare(peels=size.peels, masters=size.masters, nats=size.nats)
    return asyncio.run(_run(Fleet(dev, size, programs)))


class Programs(NamedTuple):
    """What is started."""

    nats: Path
    master: Path
    peel: Path

    @classmethod
    def find(cls) -> "Programs":
        """Find all three.

        Raises:
            DevError: one is not installed.
        """
        return cls(
            program("nats-server", "zester-master[embedded]"),
            program("zester-master", "zester-master"),
            program("zester-peel", "zester-peel"),
        )


async def _run(fleet: "Fleet") -> int:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, asked.set)
    try:
        async with asyncio.TaskGroup() as group:
            try:
                if await _or_asked(fleet.up(group), asked):
                    fleet.say_ready()
                    await asked.wait()
            finally:
                await fleet.down()
    except* DevError as errors:
        raise errors.exceptions[0] from None
    return 0


async def _or_asked(work: Coroutine[Any, Any, None], asked: asyncio.Event) -> bool:
    """Do the work to its end, or drop it when we are asked to stop; true if it was done."""
    doing, waiting = asyncio.ensure_future(work), asyncio.ensure_future(asked.wait())
    try:
        await asyncio.wait({doing, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            doing.result()
        return doing.done()
    finally:
        doing.cancel()
        waiting.cancel()
        await asyncio.gather(doing, waiting, return_exceptions=True)


class Fleet:
    """The processes of a fleet."""

    def __init__(self, folder: DevFolder, size: Size, programs: Programs) -> None:
        self._folder = folder
        self._size = size
        self._programs = programs
        self._processes: list[Process] = []
        self._file = DevFile(made=True)
        self._environment = {k: v for k, v in os.environ.items() if not k.startswith("ZESTER_")}

    async def up(self, group: asyncio.TaskGroup) -> None:
        """Start everything, and wait until every peel is there.

        Raises:
            DevError: something ended, or it took too long.
        """
        urls = await self._start_nats(group)
        self._folder.write_operator(",".join(urls))
        self._folder.write_master(urls[0])
        masters = [
            await self._start_master(group, f"master-{n}", urls)
            for n in range(1, self._size.masters + 1)
        ]
        peels = await asyncio.gather(
            *(self._start_peel(group, f"peel-{n}", urls) for n in range(1, self._size.peels + 1))
        )
        self._note(masters=tuple(masters), peels=tuple(peels))
        for master in masters:
            await self._wait_peels(master)

    async def _wait_peels(self, master: Child) -> None:
        count = self._size.peels

        async def there() -> bool:
            if not self._running(master):
                raise DevError(f"{master.name} ended", hint=f"see {self._log(master.name)}")
            return await peels_there(master.health) >= count

        await self._wait(there, f"{count} peels are there for {master.name}")

    def _running(self, child: Child) -> bool:
        return any(one.running for one in self._processes if one.name == child.name)

    def _log(self, name: str) -> Path:
        return self._folder.logs / f"{name}.log"

    async def _start(
        self, group: asyncio.TaskGroup, name: str, command: Iterable[str | Path]
    ) -> Process:
        process = await Process.start(name, list(command), self._log(name), self._environment)
        self._processes.append(process)
        group.create_task(process.follow(), name=f"follow {name}")
        return process

    async def _start_nats(self, group: asyncio.TaskGroup) -> list[str]:
        for old in self._folder.ports.iterdir():
            old.unlink(missing_ok=True)
        started = [
            await self._start(
                group,
                name,
                [self._programs.nats, "-c", self._folder.node(name) / "nats-server.conf"],
            )
            for name in (f"nats-{n}" for n in range(1, self._size.nats + 1))
        ]
        children = [await self._ports(process) for process in started]
        self._note(nats=tuple(children))
        if self._size.nats > 1:
            # until each knows the others, JetStream refuses to keep three copies
            for child in children:
                await self._wait(lambda at=child.monitor: is_whole(at), f"{child.name} is whole")
        return [child.url for child in children]

    async def _ports(self, process: Process) -> Child:
        """Wait for the file in which a server says which ports it took."""
        path = self._folder.ports / f"nats-server_{process.pid}.ports"

        async def read() -> dict[str, list[str]]:
            if not process.running:
                raise DevError(f"{process.name} ended", hint=f"see {self._log(process.name)}")
            try:
                return msgspec.json.decode(path.read_bytes(), type=dict[str, list[str]])
            except (OSError, msgspec.MsgspecError):
                return {}

        ports = await self._wait(read, f"{process.name} listens")
        port = ports["nats"][0].rpartition(":")[2]
        monitor = ports["monitoring"][0] if ports.get("monitoring") else ""
        return Child(
            name=process.name, pid=process.pid, url=f"tls://{_HOST}:{port}", monitor=monitor
        )

    async def _start_master(self, group: asyncio.TaskGroup, name: str, urls: list[str]) -> Child:
        health = f"{_HOST}:{free_port()}"
        state = self._folder.root / "state" / name
        process = await self._start(group, name, [
            self._programs.master, "run", "--nats-url", ",".join(urls),
            "--auth-dir", self._folder.master(name), "--state-dir", state,
            "--states-dir", self._folder.states, "--settings-dir", self._folder.settings,
            "--health-addr", health, "--log-format", "text",
            "--jetstream-replicas", str(self._size.replicas),
            "--config", self._no_config(name),
        ])  # fmt: skip
        return Child(name=name, pid=process.pid, health=health)

    async def _start_peel(self, group: asyncio.TaskGroup, peel_id: str, urls: list[str]) -> Child:
        health, folder = f"{_HOST}:{free_port()}", self._folder.peel(peel_id)
        process = await self._start(group, peel_id, [
            self._programs.peel, "run", "--id", peel_id, "--nats-url", ",".join(urls),
            "--auth-dir", folder / "auth", "--state-dir", folder / "state",
            "--facts-dir", folder / "facts", "--health-addr", health, "--log-format", "text",
            "--config", self._no_config(peel_id),
        ])  # fmt: skip
        return Child(name=peel_id, pid=process.pid, health=health)

    def _no_config(self, name: str) -> Path:
        # this machine may have a /etc/zester of its own
        path = self._folder.root / "config" / f"{name}.yaml"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            path.write_text("# keys here hold for this process of the dev fleet; flags win\n")
        return path

    async def _wait(self, read: Callable[[], Awaitable[T]], what: str) -> T:
        """Ask again and again until there is an answer; what is asked has no event to wait for."""
        end = time.monotonic() + READY_SECONDS
        while not (answer := await read()):
            if time.monotonic() > end:
                raise DevError(
                    f"not within {READY_SECONDS:g} s: {what}", hint=f"see {self._folder.logs}"
                )
            await asyncio.sleep(_POLL)
        return answer

    def _note(self, **parts: tuple[Child, ...]) -> None:
        self._file = msgspec.structs.replace(self._file, **parts)
        self._folder.write(self._file)

    def say_ready(self) -> None:
        """Print the one line that a shell needs."""
        sys.stdout.write(f"export ZESTER_CONFIG={shlex.quote(str(self._folder.operator))}\n")
        sys.stdout.flush()

    async def down(self) -> None:
        """Stop peels, then masters, then servers."""
        for kind in ("peel-", "master-", "nats-"):
            await asyncio.gather(
                *(one.stop() for one in self._processes if one.name.startswith(kind))
            )
