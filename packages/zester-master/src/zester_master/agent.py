"""A master: all its parts, started, watched, and ended in order."""

import asyncio
import contextlib
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from zester_master import __version__
from zester_master.api.basket_verbs import BasketVerbs
from zester_master.api.fleet_verbs import FleetVerbs
from zester_master.api.job_verbs import JobVerbs
from zester_master.api.service import Service, Verb
from zester_master.api.settings_verbs import SettingsVerbs
from zester_master.api.site_verbs import SiteVerbs
from zester_master.api.tree_verbs import TreeVerbs
from zester_master.basket.access import Access
from zester_master.basket.answering import BasketAnswers
from zester_master.basket.values import Values
from zester_master.beat import Beat, Stores
from zester_master.config import MasterConfig
from zester_master.context import Context
from zester_master.files.heads import Heads
from zester_master.files.publisher import Publisher
from zester_master.fleet.boxes import Boxes
from zester_master.fleet.cutoff import CutOff
from zester_master.fleet.drains import Drains
from zester_master.fleet.feed import Feed
from zester_master.fleet.guard import Guard
from zester_master.fleet.hello import Ears
from zester_master.fleet.index import FleetIndex
from zester_master.fleet.patrol import Patrol
from zester_master.fleet.presence import Presence
from zester_master.fleet.quarantine import Quarantine
from zester_master.fleet.renewing import Renewing
from zester_master.fleet.revoked import Revoked
from zester_master.fleet.sysview import SysView
from zester_master.jobs.cancelling import Cancels
from zester_master.jobs.catalogues import Catalogues
from zester_master.jobs.desk import Desk
from zester_master.jobs.listed import Listed
from zester_master.jobs.showing import Shows
from zester_master.jobs.takeover import Takeover
from zester_master.journal import Journal
from zester_master.known.known import Known
from zester_master.known.tree import KnownTree
from zester_master.known.trial import Trial
from zester_master.meter import Meter
from zester_master.probes import Probes
from zester_master.secrets.sources import Sources, sources_of
from zester_master.secrets.values import SecretValues
from zester_master.settings.published import Published
from zester_master.settings.publisher import SettingsPublisher
from zester_master.settings.status import SettingsStatus
from zester_master.site.layout import AuthPaths
from zester_master.site.masters import MasterIdentity
from zester_master.trusting import Trusting
from zester_proto.errors import ZesterError
from zester_proto.health import Check, Condition, Health
from zester_proto.health_server import HealthServer
from zester_proto.identity.creds import Credentials
from zester_proto.ids import new_instance
from zester_proto.link import LinkError, LinkOptions, NatsLink
from zester_proto.link.measures import observe
from zester_proto.logs import Log
from zester_proto.metrics import Registry
from zester_proto.secrets.masker import Masker
from zester_proto.supervise import Supervisor
from zester_proto.target import check_groups

SEED: Final = 3.0
"""Seconds to learn of the fleet before operators are answered: who is it, and who is connected."""

CLOSING: Final = 2.0
FLUSH: Final = 3.0
DRAIN: Final = 10.0
"""Seconds for the connection's end; with the requests' time it stays below systemd's 30."""


class Agent:
    """One master: built whole, then run once.

    Args:
        config: the master's.
        identity: its name and keys.
        masker: learns the site's secrets; the process's log goes through it.
    """

    def __init__(
        self, config: MasterConfig, identity: MasterIdentity, masker: Masker | None = None
    ) -> None:
        check_groups(config.groups)
        self.masker = Masker() if masker is None else masker
        self.config = config
        self.metrics = Registry()
        self.health = Health(__version__, self.metrics, masker=self.masker)
        self.context = self._context(identity)
        context, link = self.context, self.context.link
        observe(link, self.health, self.metrics)
        self.quarantine = Quarantine(context)
        self.guard = Guard(context, self.quarantine)
        self.revoked = Revoked(context)
        push = self._options(identity, identity.push) if identity.push is not None else None
        self.cutoff = CutOff(context, self.revoked, push)
        self.desk = Desk(context, self.guard)
        self.drains = Drains(context)
        self.patrol = Patrol(context, self.guard, Listed(context, self.desk).asks)
        self.quarantine.on_change(self.desk.shut_out)
        self.ears = Ears(context, self.drains, self.guard)
        self.values = Values(context)
        self.access = Access(context, config.basket_access, config.basket_sources)
        self.basket = BasketAnswers(context, self.guard, self.values, self.access)
        sources = Sources(sources_of(config.secret_sources), self.health, context.wall)
        self.secrets = context.secrets = SecretValues(context, sources)
        self.known = Known(context, self.basket, self._secret, config.merged_lists)
        context.settle = self.known.settle
        self.renewing = Renewing(context, self.guard)
        self.feed = Feed(context, self.guard, self.revoked)
        self.revoked.on_change(self.desk.revoked)  # behind the feed, which lets go of its keys
        self.cancels = Cancels(context, self.desk)
        self.takeover = Takeover(context, self.desk, self.cancels)
        self.stores = Stores(context, config.jetstream_replicas)
        self.beat = Beat(context, active=lambda: len(self.desk.live), address=config.health_addr)
        self.trusting = Trusting(context, AuthPaths(config.auth).trust)
        self.heads = Heads(context)
        self.publisher = Publisher(context, self.heads, config.trees)
        self.published = Published(context)
        self.trial = Trial(context, config.merged_lists)
        self.settings = SettingsPublisher(
            context, self.published, self.secrets, config.settings_trees, trial=self.trial,
            lists=config.merged_lists,
        )  # fmt: skip
        context.least_settings = self.published.least
        self.known_tree = KnownTree(context, self.known, self.settings, self.published)
        self.sysview = self._sysview(identity)
        self.service = Service(context, self._verbs(), limit=config.max_requests)
        folders = {"state_dir": config.states_dir, "settings_dir": config.settings_dir}
        self.probes = Probes(context, folders, min_peels=config.min_peels)
        self.health.check("fleet", self._fleet)
        context.presence.on_duplicate(self._duplicate)
        context.ears.on_problem(self._deaf)
        self._stop = asyncio.Event()
        self._log = Log("zester.master", {"master": identity.name})

    def _context(self, identity: MasterIdentity) -> Context:
        instance = new_instance()
        options = self._options(identity, identity.credentials)
        link = NatsLink(options)
        presence = Presence(time.monotonic, time.time, started=time.monotonic())
        index = FleetIndex()
        meter = Meter(
            self.metrics,
            peels=lambda: sum(1 for one in presence.present() if one in index),
            jobs=lambda: len(self.desk.live),
            quarantined=lambda: len(self.context.quarantined),
        )
        return Context(
            name=identity.name,
            instance=instance,
            record=identity.commons.record,
            keys=identity.keys,
            trust=identity.commons.trust,
            link=link,
            ears=NatsLink(msgspec.structs.replace(options, name=f"{options.name}/ears")),
            presence=presence,
            index=index,
            boxes=Boxes(identity.keys.returning),
            journal=Journal(link, identity.name),
            meter=meter,
            health=self.health,
            masker=self.masker,
            groups=self.config.groups,
        )

    def _options(self, identity: MasterIdentity, credentials: Credentials) -> LinkOptions:
        paths = AuthPaths(self.config.auth)
        return LinkOptions(
            urls=self.config.nats_url or (identity.commons.record.nats_url,),
            creds=credentials,
            ca=self.config.nats_ca or paths.ca,
            name=f"zester-master/{credentials.name}",
        )

    def _sysview(self, identity: MasterIdentity) -> SysView:
        link = NatsLink(self._options(identity, identity.presence))

        def problem_changed(problem: ZesterError | None) -> None:
            self.context.presence.blind = problem is not None
            if problem is None:
                self.health.clear("presence-blind")
                return
            text = f"who of the peels is connected cannot be seen: {problem.message}"
            self.health.set(Condition("presence-blind", "warning", text, problem.hint))

        link.on_problem(problem_changed)
        return SysView(
            link,
            self.context.presence,
            user=identity.presence.name,
            account=identity.commons.record.accounts["PEELS"],
            saw=self.revoked.saw,
        )

    def _verbs(self) -> dict[str, Verb]:
        context = self.context
        shows = Shows(context, self.desk)
        fleet = FleetVerbs(context, self.drains, Catalogues(context, self.desk), self.quarantine)
        jobs = JobVerbs(context, self.desk, shows, self.cancels)
        site = SiteVerbs(context, self.desk)
        state = SettingsStatus(context, self.settings, self.published, self.feed.strangers.names)
        trees = TreeVerbs(context, self.heads, self.publisher, state)
        settings = SettingsVerbs(context, self.known)
        basket = BasketVerbs(context, self.values, self.access)
        return {
            "target": fleet.target, "peels": fleet.peels, "facts": fleet.facts,
            "catalogue": fleet.catalogue, "drain": fleet.drain, "undrain": fleet.undrain,
            "unquarantine": fleet.unquarantine,
            "run": jobs.run, "rerun": jobs.rerun, "resume": jobs.resume, "cancel": jobs.cancel,
            "follow": jobs.follow, "job": jobs.job, "jobs": jobs.jobs,
            "masters": site.masters, "status": site.status, "whoami": site.whoami,
            "trust": site.trust, "tree-status": trees.status,
            "tree-diff": trees.diff, "tree-publish": trees.publish, "basket": basket.basket,
            "settings": settings.settings,
        }  # fmt: skip

    def _secret(self, name: str) -> str:
        found = self.secrets.find(name)
        return found.value if found is not None else ""

    def _fleet(self) -> Check:
        if self.feed.ready.is_set():
            return Check(ok=True)
        return Check(ok=False, detail={"error": "the facts of the fleet are not read yet"})

    def _deaf(self, problem: ZesterError | None) -> None:
        if problem is None:
            self.health.clear("ears")
            return
        text = f"what peels say unasked is not heard: {problem.message}"
        self.health.set(Condition("ears", "warning", text, problem.hint))

    def _duplicate(self, _peel_id: str, _twice: bool) -> None:  # a hook's form
        presence = self.context.presence
        if not presence.duplicates:
            self.health.clear("duplicate-id")
            return
        named = "; ".join(
            f"{one} at {' and '.join(presence.addresses(one)) or 'unknown places'}"
            for one in sorted(presence.duplicates)[:5]
        )
        self.health.set(
            Condition(
                "duplicate-id",
                "error",
                f"two live peels bear one id, and get no jobs: {named}",
                "stop one of them, make new keys there (zester-peel keys) and let it join anew",
            )
        )

    # -- life ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT, then end within 30 s."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        self._log.info("starting", version=__version__, host=socket.gethostname())
        async with contextlib.AsyncExitStack() as stack:
            if self.config.health_addr:
                server = HealthServer(self.health, self.metrics, self.config.health_addr)
                await stack.enter_async_context(server)
            for link in (self.context.link, self.context.ears):
                stack.push_async_callback(link.close)
            await self._listen()
            self.context.link.start()
            self.context.ears.start()
            parts = self._start_parts()
            try:
                await self._stop.wait()
                self._log.info("stopping")
                await self.service.drain(self.config.drain_time)
                await self.desk.write_off(CLOSING)
            finally:
                for part in parts:
                    part.cancel()
                await asyncio.gather(*parts, return_exceptions=True)
            await self._leave()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        self._log.info("stopped")

    def stop(self) -> None:
        """Begin to end, as a signal would."""
        self._stop.set()

    async def _listen(self) -> None:
        """Declare what this master hears; the link keeps it up over all connections."""
        await self.ears.listen()
        await self.renewing.listen()
        await self.basket.listen()
        await self.cancels.listen()

    def _start_parts(self) -> list[asyncio.Task[None]]:
        supervisor = Supervisor("the master", self.health, self.context.meter.restarts, self._log)
        ready = self.stores.ready
        parts = {
            "buckets": self.stores.run,
            "presence": self.sysview.run,
            "journal": _after(ready, self.context.journal.run),
            "heartbeat": _after(ready, self.beat.run),
            "facts": _after(self.quarantine.ready, _after(self.revoked.ready, self.feed.run)),
            "revoked": _after(ready, self.revoked.run),
            "accounts": _after(self.revoked.ready, self.cutoff.run),
            "basket": _after(self.feed.ready, self.basket.run),
            "known": self.known.run,
            "known-tree": _after(self.published.read, self.known_tree.run),
            "drains": _after(ready, self.drains.run),
            "quarantine": _after(ready, self.quarantine.run),
            "guard": _after(self.quarantine.ready, self.guard.run),
            "patrol": _after(self.quarantine.ready, self.patrol.run),
            "trust": _after(ready, self.trusting.run),
            "tree-heads": _after(ready, self.heads.run),
            "trees": _after(ready, self.publisher.run),
            "secrets": _after(ready, self.secrets.run),
            "settings-published": _after(ready, self.published.run),
            "settings-trial": self.trial.run,
            "settings": _after(ready, self.settings.run),
            "probes": _after(ready, self.probes.run),
            "jobs": _after(ready, self.desk.run),
            "takeover": _after(self.feed.ready, self.takeover.run),
            "api": self._serve,
        }
        return [
            asyncio.create_task(supervisor.keep(name, serve), name=name)
            for name, serve in parts.items()
        ]

    async def _serve(self) -> None:
        await self.context.link.wait_connected()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SEED):
                await self.feed.ready.wait()
                await self.context.presence.seeded.wait()
        self._log.info("ready", peels=len(self.context.index))
        await self.service.run()

    async def _leave(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FLUSH):
                await self.context.journal.flush()
        await self.beat.end()
        with contextlib.suppress(LinkError):
            await self.publisher.lease.release()
            await self.settings.lease.release()
        await self.context.link.drain(DRAIN)


def _after(
    event: asyncio.Event, serve: Callable[[], Awaitable[None]]
) -> Callable[[], Awaitable[None]]:
    """Give a part that begins when something else is ready."""

    async def later() -> None:
        await event.wait()
        await serve()

    return later
