"""A peel's keeper of what masters publish, which serves on a link of its own."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Generic, TypeVar

from zester_peel.clock import SiteClock
from zester_peel.files.keeper import TreeKeeper
from zester_peel.settings.keeper import SettingsKeeper
from zester_peel.trust import TrustWalk
from zester_proto.health import Health
from zester_proto.identity.joining import PeelIdentity
from zester_proto.link import LinkOptions, NatsLink
from zester_proto.logs import Log
from zester_proto.secrets.masker import Masker
from zester_testing.masters import eventually
from zester_testing.site import Bus

_Keeper = TypeVar("_Keeper", TreeKeeper, SettingsKeeper)


class Kept(Generic[_Keeper]):
    """A keeper.

    Attributes:
        keeper: it.
        health: what is wrong with what it keeps.
    """

    def __init__(
        self,
        bus: Bus,
        folder: Path,
        peel: PeelIdentity,
        make: Callable[[NatsLink, TrustWalk, Health, Log], _Keeper],
        code: str,
    ) -> None:
        log = Log("test")
        self.health = Health("0")
        self._link = NatsLink(LinkOptions(urls=(bus.url,), creds=peel.credentials, ca=bus.site.ca))
        trust = TrustWalk(peel.trust, folder / "trust", self._link, SiteClock(), log)
        self.keeper = make(self._link, trust, self.health, log)
        self._code = code

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncGenerator[_Keeper]:
        """Connect and follow what is published."""
        async with self._link:
            await self._link.connect_once(30.0)
            await self.keeper.load()
            task = asyncio.create_task(self.keeper.following.serve())
            try:
                yield self.keeper
            finally:
                assert not task.done()
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def takes(self, generation: int) -> None:
        """Have it look, and wait until it has that generation."""
        self.keeper.following.ask()
        await eventually(lambda: self.keeper.generation == generation, f"it has {generation}")

    async def complains(self, text: str) -> None:
        """Have it look, and wait until it says what is wrong."""
        self.health.clear(self._code)
        self.keeper.following.ask()
        await eventually(lambda: text in self.told(), f"it says: {text}")

    def told(self) -> str:
        """Give what is wrong with what it keeps."""
        return "".join(one.text for one in self.health.conditions() if one.code == self._code)


def kept_trees(bus: Bus, folder: Path, peel: PeelIdentity) -> Kept[TreeKeeper]:
    """Give the keeper of a peel's state trees."""

    def make(link: NatsLink, trust: TrustWalk, health: Health, log: Log) -> TreeKeeper:
        return TreeKeeper(
            peel.trust.site, folder / "trees", link=link, trust=trust, health=health, log=log
        )

    return Kept(bus, folder, peel, make, "trees")


def kept_settings(bus: Bus, folder: Path, peel: PeelIdentity) -> Kept[SettingsKeeper]:
    """Give the keeper of a peel's settings."""

    def make(link: NatsLink, trust: TrustWalk, health: Health, log: Log) -> SettingsKeeper:
        return SettingsKeeper(
            peel.id, peel.box, folder / "settings", link=link, trust=trust, health=health,
            masker=Masker(), log=log,
        )  # fmt: skip

    return Kept(bus, folder, peel, make, "settings")
