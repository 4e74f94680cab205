"""The agent: all its parts, started, watched, and ended in order."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from zester_modules.registry import Registry
from zester_peel import __version__
from zester_peel.basket.whole import PeelBasket
from zester_peel.clock import SiteClock
from zester_peel.config import PeelConfig
from zester_peel.events import EventPost
from zester_peel.facts import FactsKeeper, Whose
from zester_peel.files.counter import Counter
from zester_peel.files.keeper import TreeKeeper
from zester_peel.jobs import runner as runners
from zester_peel.jobs.desk import Desk
from zester_peel.jobs.errand import Errands
from zester_peel.jobs.execution import Surroundings
from zester_peel.jobs.letter import said
from zester_peel.jobs.memory import JobMemory
from zester_peel.jobs.outbox import Outbox
from zester_peel.jobs.runner import Runner
from zester_peel.jobs.shelf import Shelf
from zester_peel.meter import Meter, add_job_gauges
from zester_peel.notify import notify
from zester_peel.nursery.client import Nursery
from zester_peel.presence import BEAT, Presence
from zester_peel.renewal import Renewal
from zester_peel.settings.keeper import SettingsKeeper
from zester_peel.settings.preparing import SettingsPreparing
from zester_peel.trees import PeelTrees
from zester_peel.trust import TrustWalk
from zester_peel.tuning import serve_tidying
from zester_proto.errors import ZesterError
from zester_proto.health import Check, Condition, Health
from zester_proto.health_server import HealthServer
from zester_proto.identity.joining import CREDS_FILE, TRUST_FOLDER, PeelIdentity
from zester_proto.ids import new_instance
from zester_proto.link import LinkError, LinkOptions, Message, NatsLink
from zester_proto.logs import Log
from zester_proto.messages.jobs import Outcome
from zester_proto.messages.presence import Welcome
from zester_proto.messages.settings import BUNDLES
from zester_proto.messages.trees import BUCKET
from zester_proto.metrics import Registry as Metrics
from zester_proto.permissions import PEEL_PAYLOAD
from zester_proto.secrets.masker import Masker
from zester_proto.subjects import CMD_ALL, cmd_peel, note
from zester_proto.supervise import Supervisor

FLUSH: Final = 5.0
"""Seconds that returns get to leave when the agent ends."""

ROOM: Final = 16 * 1024 * 1024
"""Bytes of free disk below which a peel is not well."""

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_WATCH: Final = 5.0


class Agent:
    """One peel: built whole, then run once.

    Args:
        config: the peel's.
        identity: its id and keys.
        masker: learns this peel's secrets; the process's log goes through it.
    """

    def __init__(self, config: PeelConfig, identity: PeelIdentity, masker: Masker) -> None:
        self.masker = masker
        self.config = config
        self.identity = identity
        self.peel_id = identity.id
        self.instance = new_instance(_boot_id())
        self._log = Log("zester.peel", {"peel_id": identity.id})
        self.metrics = Metrics()
        self.health = Health(__version__, self.metrics, masker=masker)
        self.clock = SiteClock()
        self.link = NatsLink(_link_options(config, identity))
        self.trust = TrustWalk(
            identity.trust, config.auth / TRUST_FOLDER, self.link, self.clock, self._log
        )
        self.meter = Meter(
            self.metrics, connected=lambda: self.link.connected, uptime=lambda: self.health.uptime
        )
        self.memory = JobMemory(config.state_dir / "jobs", limit=config.max_remembered)
        self.shelf = Shelf(config.state_dir / "spool", limit=config.spool_max)
        self.outbox = Outbox(
            self.peel_id,
            self.instance,
            box=identity.box,
            trust=identity.trust,
            link=self.link,
            shelf=self.shelf,
            stored=self._stored,
            log=self._log,
        )
        self.facts = self._facts()
        self.trees = self._trees()
        self.events = self._events()
        self.settings = self._settings()
        self.preparing = SettingsPreparing(self.settings, self._log)
        self.nursery = Nursery(idle=config.nursery_idle)
        self.basket = self._basket()
        self.counter = self._counter()
        registry = Registry()
        self.desk = self._desk(registry)
        around = self._surroundings(registry)
        self.runner = self._runner(around)
        errands = self._errands(around)
        self.basket.use(errands)
        if not config.settings_roots:
            self.preparing.use(errands)
        self.desk.use(self.runner)
        self.desk.took_facts = self.facts.take
        self.presence = self._presence()
        self.renewal = self._renewal()
        add_job_gauges(
            self.metrics,
            running=lambda: self.runner.running,
            waiting=lambda: len(self.runner) - self.runner.running,
            returns=lambda: len(self.outbox),
            spooled=lambda: self.outbox.spooled,
            replaced=lambda: self.outbox.replaced,
        )

    def _renewal(self) -> Renewal:
        return Renewal(
            self.peel_id,
            self.config.auth / CREDS_FILE,
            link=self.link,
            trust=self.trust,
            clock=self.clock,
            health=self.health,
            log=self._log,
        )

    def _facts(self) -> FactsKeeper:
        config = self.config
        return FactsKeeper(
            Whose(
                peel_id=self.peel_id,
                instance=self.instance,
                version=__version__,
                box=self.identity.box,
                creds=config.auth / CREDS_FILE,
                facts_dir=config.facts_dir,
                file=config.state_dir / "facts",
                tmp=config.state_dir / "work" / "facts",
                masker=self.masker,
            ),
            link=self.link,
            trust=self.identity.trust,
            health=self.health,
            meter=self.meter,
            log=self._log,
            interval=config.facts_interval,
        )

    def _trees(self) -> TreeKeeper:
        config = self.config
        return TreeKeeper(
            self.identity.trust.site,
            config.states_cache or config.state_dir / "trees",
            link=self.link,
            trust=self.trust,
            health=self.health,
            log=self._log,
            limit=config.states_cache_max,
        )

    def _events(self) -> EventPost:
        return EventPost(
            self.peel_id,
            self.config.state_dir / "events",
            box=self.identity.box,
            trust=self.identity.trust,
            link=self.link,
            masker=self.masker,
            sent=self.meter.events,
            log=self._log,
        )

    def _counter(self) -> Counter:
        return Counter(self.config, self.trees, self.settings, self.basket.counter, self._log)

    def _settings(self) -> SettingsKeeper:
        keeper = SettingsKeeper(
            self.peel_id,
            self.identity.box,
            self.config.state_dir / "settings",
            link=self.link,
            trust=self.trust,
            health=self.health,
            masker=self.masker,
            log=self._log,
        )
        keeper.took = self.facts.mask_again
        return keeper

    def _desk(self, registry: Registry) -> Desk:
        return Desk(
            self.peel_id,
            self.instance,
            link=self.link,
            trust=self.trust,
            clock=self.clock,
            memory=self.memory,
            outbox=self.outbox,
            shelf=self.shelf,
            registry=registry,
            max_return=self.config.max_return,
            meter=self.meter,
            log=self._log,
        )

    def _basket(self) -> PeelBasket:
        return PeelBasket(
            self.config,
            self.identity,
            link=self.link,
            trust=self.trust,
            clock=self.clock,
            settings=self.settings,
            health=self.health,
            log=self._log,
        )

    def _surroundings(self, registry: Registry) -> Surroundings:
        config = self.config
        return Surroundings(
            registry=registry,
            peel_id=self.peel_id,
            version=__version__,
            facts=self.facts.values,
            facts_file=config.state_dir / "facts",
            locks=config.state_dir / "locks",
            facts_dir=config.facts_dir,
            events=self.events.folder,
            worker_memory=config.worker_memory,
            masker=self.masker,
            auth=config.auth.absolute(),
            trees=PeelTrees(config, self.trees, self.settings, self.counter.path).of,
        )

    def _errands(self, around: Surroundings) -> Errands:
        site, folder = self.identity.trust.site, self.config.state_dir / "work"
        return Errands(site, around, self.nursery, self.clock, folder=folder, log=self._log)

    def _runner(self, around: Surroundings) -> Runner:
        config = self.config
        return Runner(
            around,
            self.nursery,
            self.clock,
            config.state_dir / "work",
            max_jobs=config.max_jobs,
            queue=config.max_queue,
            done=self.desk.finished,
            log=self._log,
        )

    def _presence(self) -> Presence:
        return Presence(
            self.peel_id,
            self.instance,
            version=__version__,
            link=self.link,
            trust=self.trust,
            clock=self.clock,
            health=self.health,
            welcomed=self._welcomed,
            jobs=lambda: self.runner.jids,
            log=self._log,
        )

    # -- what the parts tell each other --------------------------------------------------------

    def _stored(self, jid: str, outcome: Outcome) -> None:
        self.meter.stored.inc()
        self.memory.over(jid, outcome)

    async def _welcomed(self, welcome: Welcome) -> None:
        self.memory.welcome(welcome.time)
        if self.memory.set_drain(welcome.drain, on=welcome.drained):
            self._log.info("drained" if welcome.drained else "undrained")
        self.trees.welcomed(welcome.tree)
        self.settings.welcomed(welcome.settings)
        self.basket.welcomed()
        self.preparing.look()
        await self.desk.welcomed()

    async def _settings_noted(self, message: Message) -> None:
        if not self.presence.sure:
            self.presence.ask()  # our first bundle, perhaps: a master has to vouch for it
        await self.settings.following.noted(message)

    async def _disconnected(self, _reason: LinkError) -> None:
        self.clock.disconnected()
        self.desk.disconnected()

    def _problem(self, problem: ZesterError | None) -> None:
        if problem is None:
            self.health.clear("bus")
        else:
            self.health.set(Condition("bus", "error", problem.message, problem.hint))

    # -- life ----------------------------------------------------------------------------------

    def recover(self) -> None:
        """Take up what the process before this one left.

        Raises:
            FileProblem: the state folder cannot be used.
        """
        runners.clear(self.config.state_dir / "work", self._log)
        self.memory.open()
        self.facts.load()
        self.basket.own.load()
        self.outbox.recover()
        for jid, live in self.memory.interrupted.items():
            if self.outbox.holds(jid):
                continue
            self._log.warn("a job was interrupted", jid=jid, function=live.function)
            letter = said(
                jid,
                live.epoch,
                Outcome.FAILED,
                instance=self.instance,
                error="interrupted: the peel ended while it ran, and does not run it twice",
                hint="look what it left half done, then run it again: zester job rerun JID",
            )
            self.meter.jobs.inc(outcome=Outcome.FAILED)
            self.outbox.add(letter, keep=False)

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT, and end in order; a second signal ends at once."""
        stop = asyncio.Event()
        _on_signals(stop)
        self.link.on_connected(self.presence.connected)
        self.link.on_connected(self.facts.connected)
        for one in (self.trees.following, self.settings.following):
            self.link.on_connected(one.connected)
        self.link.on_connected(self.basket.own.connected)
        self.link.on_disconnected(self._disconnected)
        self.link.on_problem(self._problem)
        self._checks()
        for subject in (CMD_ALL, cmd_peel(self.peel_id)):
            await self.link.subscribe(subject, self.desk.take)
        await self.link.subscribe(note(BUCKET), self.trees.following.noted)
        await self.link.subscribe(note(BUNDLES), self._settings_noted)
        await self.trees.load()
        await self.settings.load()
        self._log.info(
            "zester-peel starts", version=__version__, instance=self.instance,
            nats_url=",".join(self.link.options.urls),
        )  # fmt: skip
        async with asyncio.TaskGroup() as group:
            parts = self._start(group)
            self.link.start()
            notify("READY=1")
            await stop.wait()
            await self._end(parts)
        self.memory.close()

    def _start(self, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        supervisor = Supervisor("the agent", self.health, self.meter.restarts, self._log)
        parts: dict[str, Callable[[], Awaitable[None]]] = {
            "runner": self.runner.serve,
            "nursery": self.nursery.serve,
            "desk": self.desk.serve,
            "outbox": self.outbox.serve,
            "events": self.events.serve,
            "time": self.presence.serve_time,
            "heartbeat": self.presence.serve_beats,
            "renewal": self.renewal.serve,
            "facts": self.facts.serve_collecting,
            "facts-publisher": self.facts.serve_publishing,
            "trees": self.trees.following.serve,
            "settings": self.settings.following.serve,
            "preparing": self.preparing.serve,
            "counter": self.counter.serve,
            "basket": self.basket.own.serve_looking,
            "basket-publisher": self.basket.own.serve_sharing,
            "watch": self._watch,
            "tidying": serve_tidying,
        }
        if self.config.health_addr:
            parts["health-server"] = self._serve_health
        return [
            group.create_task(supervisor.keep(name, serve), name=name)
            for name, serve in parts.items()
        ]

    async def _end(self, parts: list[asyncio.Task[None]]) -> None:
        self._log.info("zester-peel stops", running=len(self.runner))
        notify("STOPPING=1")
        self.desk.close()
        await self.runner.shut(self.config.drain_time)
        if self.link.connected and not await self.outbox.wait_empty(FLUSH):
            self._log.warn("returns stay on the disk", count=len(self.outbox))
        self.outbox.keep_all()
        for part in parts:
            part.cancel()
        await asyncio.wait(parts)
        await self.link.drain(FLUSH)
        self._log.info("zester-peel has stopped")

    # -- health --------------------------------------------------------------------------------

    async def _serve_health(self) -> None:
        async with HealthServer(self.health, self.metrics, self.config.health_addr) as server:
            self._log.info("health", port=server.port)
            _write_port(self.config.state_dir / "health-port", server.port)
            await asyncio.get_running_loop().create_future()

    def _checks(self) -> None:
        self.health.check("nats", lambda: Check(self.link.connected, {"server": self.link.server}))
        self.health.check("welcome", lambda: Check(self.clock.welcomed is not None))
        self.health.check("facts", lambda: Check(self.facts.collected))
        self.health.check("heartbeat", self._check_beat)
        self.health.check("state_dir", self._check_disk)

    def _check_beat(self) -> Check:
        last = self.presence.last_beat
        age = None if last is None else round(time.monotonic() - last, 1)
        return Check(age is not None and age < 3 * BEAT, {"age_seconds": age})

    def _check_disk(self) -> Check:
        free = _free(self.config.state_dir)
        return Check(free > ROOM, {"free_bytes": free})

    async def _watch(self) -> None:
        """Turn what slowly goes wrong into conditions."""
        while True:
            late = self.outbox.reluctant
            if late:
                self.health.set(
                    Condition(
                        "returns-waiting",
                        "warning",
                        f"{late} returns wait on this host for the bus to take them",
                        "look at the bus and the bucket job-returns; nothing is lost meanwhile",
                    )
                )
            else:
                self.health.clear("returns-waiting")
            await asyncio.sleep(_WATCH)


def _link_options(config: PeelConfig, identity: PeelIdentity) -> LinkOptions:
    return LinkOptions(
        urls=config.nats_url or (identity.site.nats_url,),
        creds=config.auth / CREDS_FILE,
        ca=config.nats_ca or identity.ca,
        max_payload=PEEL_PAYLOAD,
        pending_bytes=8 * 1024 * 1024,
    )


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def _free(folder: Path) -> int:
    room = os.statvfs(folder)
    return room.f_bavail * room.f_frsize


def _write_port(path: Path, port: int) -> None:
    with contextlib.suppress(OSError):
        path.write_text(f"{port}\n")


def _on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def asked() -> None:
        if stop.is_set():
            os._exit(130)  # the operator does not want to wait
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked)
