"""A peel as far as it has facts and settings: it fetches, verifies and opens what masters seal."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Self

from zester_peel.clock import SiteClock
from zester_peel.settings.keeper import SettingsKeeper
from zester_peel.trust import TrustWalk
from zester_proto.health import Health
from zester_proto.identity.sealing import open_with
from zester_proto.link import LinkOptions, NatsLink, chunks
from zester_proto.logs import Log
from zester_proto.messages.settings import FILES, SettingsBundle, file_aad
from zester_proto.secrets.masker import Masker
from zester_testing.masters import Master, eventually
from zester_testing.raw_peel import Answer, RawPeel, obey
from zester_testing.site import Bus


class SealedPeel:
    """A peel with settings.

    Attributes:
        raw: what it says and hears besides.
        keeper: its settings.
        health: what is wrong with them.
    """

    def __init__(self, raw: RawPeel, keeper: SettingsKeeper, health: Health) -> None:
        self.raw = raw
        self.keeper = keeper
        self.health = health

    @classmethod
    @contextlib.asynccontextmanager
    async def up(
        cls, bus: Bus, peel_id: str, folder: Path, answer: Answer = obey, **facts: Any
    ) -> AsyncGenerator[Self]:
        """Connect, bring facts, and follow what is sealed for it."""
        health, log, identity = Health("0"), Log("test"), bus.site.peel(peel_id)
        link = NatsLink(LinkOptions(urls=(bus.url,), creds=identity.credentials, ca=bus.site.ca))
        trust = TrustWalk(identity.trust, folder / peel_id / "trust", link, SiteClock(), log)
        keeper = SettingsKeeper(
            peel_id, identity.box, folder / peel_id / "settings", link=link, trust=trust,
            health=health, log=log, masker=Masker(),
        )  # fmt: skip
        async with RawPeel.up(bus, peel_id, answer) as raw, link:
            await link.connect_once(30.0)
            await raw.put_facts(**facts)
            await keeper.load()
            task = asyncio.create_task(keeper.following.serve())
            try:
                yield cls(raw, keeper, health)
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def settled(self, master: Master, after: int = 0) -> SettingsBundle:
        """Hear what a master vouches for until there are settings newer than a generation."""

        def newer() -> SettingsBundle | None:
            self.keeper.welcomed(master.context.least_settings(self.raw.id))
            self.keeper.following.ask()
            bundle = self.keeper.bundle
            return bundle if bundle is not None and bundle.generation > after else None

        return await eventually(newer, f"{self.raw.id} has settings")


async def contents(master: Master, bundle: SettingsBundle, path: str) -> bytes:
    """Give a file as a bundle opens it."""
    row = next(one for one in bundle.files if one.path == path)
    entry = await chunks.read(master.context.link, FILES, row.stored)
    assert entry is not None
    return open_with(row.key, file_aad(bundle.site, row.stored), entry.value)
