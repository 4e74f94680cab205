"""A peel as far as it has facts and settings: it fetches, verifies and opens what masters seal."""

import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Self

from zester_peel.settings.keeper import SettingsKeeper
from zester_proto.health import Health
from zester_proto.identity.sealing import open_with
from zester_proto.link import chunks
from zester_proto.messages.settings import FILES, SettingsBundle, file_aad
from zester_testing.kept import kept_settings
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
        kept = kept_settings(bus, folder / peel_id, bus.site.peel(peel_id))
        async with RawPeel.up(bus, peel_id, answer) as raw, kept.serving() as keeper:
            await raw.put_facts(**facts)
            yield cls(raw, keeper, kept.health)

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
