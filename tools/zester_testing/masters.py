"""A real master in the test's own loop, and an operator who asks it."""

import asyncio
import contextlib
import inspect
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from zester_cli.client import Client, answer_value, connected
from zester_cli.pages import PageReader
from zester_cli.results import PeelResult, read_return
from zester_cli.site import load_site
from zester_master.agent import Agent
from zester_master.config import MasterConfig
from zester_master.context import Context
from zester_master.site.masters import load_master
from zester_proto.codec import Raw, pack, unpack
from zester_proto.ids import new_jid
from zester_proto.messages.operators import Answer, JobAsk, RunAsk
from zester_proto.permissions import Role
from zester_testing.site import Bus, Reach

PATIENCE = 30.0


class Master:
    """A master that a test looks into.

    Attributes:
        agent: the master.
    """

    def __init__(self, agent: Agent) -> None:
        self.agent = agent

    @property
    def context(self) -> Context:
        """What its parts share."""
        return self.agent.context

    @classmethod
    @contextlib.asynccontextmanager
    async def up(
        cls, bus: Bus, auth: Path | None = None, **config: Any
    ) -> AsyncGenerator["Master"]:
        """Run a master, and let it end in order."""
        folder = auth or bus.site.paths.master
        given: dict[str, Any] = {"drain_time": 2.0, **config}
        settings = MasterConfig(nats_url=(bus.url,), auth_dir=folder, health_addr="", **given)
        agent = Agent(settings, load_master(folder))
        task = asyncio.create_task(agent.run(), name="master")
        try:
            await eventually(agent.context.fleet_ready.is_set, "the master is ready")
            await eventually(agent.context.presence.seeded.is_set, "it sees who is there")
            yield cls(agent)
        finally:
            agent.stop()
            await task

    async def sees(self, *peels: str) -> None:
        """Wait until peels are known and present."""
        presence, index = self.context.presence, self.context.index
        await eventually(
            lambda: all(presence.is_present(one) and one in index for one in peels),
            f"{', '.join(peels)} are there",
        )

    def metric(self, series: str) -> float:
        """Give the value of a series; 0 if it is not there."""
        for line in self.agent.metrics.render().splitlines():
            name, _, value = line.rpartition(" ")
            if name == series:
                return float(value)
        return 0.0

    def conditions(self) -> dict[str, str]:
        """Give what is wrong, by code."""
        return {one.code: one.text for one in self.agent.health.conditions()}


class Told(NamedTuple):
    """What the pages of a job said."""

    reader: PageReader
    answer: Answer

    @property
    def outcomes(self) -> dict[str, str]:
        """Each peel's outcome."""
        return {peel_id: item.outcome for peel_id, item in sorted(self.reader.items.items())}

    @property
    def info(self) -> dict[str, Any]:
        """What page 0 said of the job."""
        return unpack(self.reader.info)

    def result(self, peel_id: str) -> PeelResult:
        """Read one peel's return."""
        item = self.reader.items[peel_id]
        return read_return(item.outcome, item.data, item.late)


class Operator:
    """An operator who asks as the command does.

    Attributes:
        client: the connection.
        warnings: what the command would have warned of.
    """

    def __init__(self, client: Client, warnings: list[str]) -> None:
        self.client = client
        self.warnings = warnings

    @classmethod
    @contextlib.asynccontextmanager
    async def up(cls, bus: Reach, role: Role = Role.ADMIN) -> AsyncGenerator["Operator"]:
        """Connect."""
        site, warnings = load_site(str(bus.site.operator_config(role))), list[str]()
        here = site._replace(nats_url=tuple(bus.url.split(",")))
        async with connected(here, warnings.append) as client:
            yield cls(client, warnings)

    async def value(self, verb: str, ask: msgspec.Struct) -> Any:
        """Ask, and give what stands in the answer."""
        return answer_value(await self.client.ask(verb, ask))

    async def rows(self, verb: str, ask: msgspec.Struct) -> dict[str, Any]:
        """Ask for a list, and give its items, unpacked."""
        _, reader = await self.client.ask_list(verb, ask)
        return {
            key: unpack(item.data) if item.data else item.outcome
            for key, item in reader.items.items()
        }

    def ask(self, target: str, function: str = "test.ping", *args: Any, **fields: Any) -> RunAsk:
        """Make what `run` takes; `kwargs=` holds the function's own."""
        return RunAsk(
            jid=fields.pop("jid", new_jid()),
            target=target,
            function=function,
            args=Raw(pack(list(args))),
            kwargs=Raw(pack(fields.pop("kwargs", {}))),
            **fields,
        )

    async def run(self, target: str, function: str = "test.ping", *args: Any, **f: Any) -> Told:
        """Run a job to its end."""
        return await self.to_end("run", self.ask(target, function, *args, **f))

    async def start(self, target: str, function: str = "test.ping", *args: Any, **f: Any) -> str:
        """Start a job without waiting; give its jid."""
        ask = self.ask(target, function, *args, follow=False, **f)
        await self.client.ask("run", ask)
        return ask.jid

    async def follow(self, jid: str, **fields: Any) -> Told:
        """Follow a job to its end."""
        return await self.to_end("follow", JobAsk(jid=jid, **fields))

    async def show(self, jid: str, **fields: Any) -> Told:
        """Give a job as it is now."""
        return await self.to_end("job", JobAsk(jid=jid, **fields))

    async def to_end(self, verb: str, ask: msgspec.Struct) -> Told:
        """Ask for pages and read all of them."""
        answer, pages = await self.client.ask_pages(verb, ask)
        try:
            while not pages.reader.final:
                assert await pages.next(PATIENCE), f"no page within {PATIENCE:g} s"
        finally:
            await pages.close()
        return Told(pages.reader, answer)


async def eventually(
    holds: Callable[[], Any] | Callable[[], Awaitable[Any]], what: str, patience: float = PATIENCE
) -> Any:
    """Wait until something that others bring about holds; give its value."""
    end = time.monotonic() + patience
    while True:
        value: Any = holds()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        assert time.monotonic() < end, f"not within {patience:g} s: {what}"
        await asyncio.sleep(0.02)
