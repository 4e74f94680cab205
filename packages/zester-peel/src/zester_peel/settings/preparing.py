"""Has a worker make new settings ready before a job needs them."""

import asyncio
import random
from typing import Final

from zester_peel.jobs.errand import Errands
from zester_peel.settings.keeper import SettingsKeeper
from zester_proto.errors import ZesterError
from zester_proto.logs import Log

SETTLE: Final = 1.0
"""Seconds until new settings are made ready, half as many or half as many more: edits come in
bursts, and many peels on few machines get them at the same time."""

SECONDS: Final = 60.0
STAY: Final = 3.0
"""Seconds that a nursery stays which nothing but this has needed."""


class SettingsPreparing:
    """Runs `settings.prepare` when settings came whose files were not here before.

    Args:
        settings: what is kept of them.
        log: where lines go.
    """

    def __init__(self, settings: SettingsKeeper, log: Log) -> None:
        self._settings = settings
        self._log = log
        self._errands: Errands | None = None
        self._known: frozenset[str] = frozenset()
        self._changed = asyncio.Event()
        settings.on_change(self._changed.set)

    def use(self, errands: Errands) -> None:
        """Run it by these; without, nothing is made ready."""
        self._errands = errands

    async def serve(self) -> None:
        """Make settings ready when they change, until cancelled."""
        # what the process before this one kept was made ready by it
        self._known = self._stored()
        while True:
            await self._changed.wait()
            await asyncio.sleep(SETTLE * random.uniform(0.5, 1.5))  # noqa: S311  # no secret
            self._changed.clear()
            known, self._known = self._known, self._stored()
            if self._errands is not None and not self._known <= known:
                await self._prepare(self._errands)

    def _stored(self) -> frozenset[str]:
        """Give the names of all files, which hang on what is in them."""
        bundle = self._settings.bundle
        return frozenset(one.stored for one in bundle.files) if bundle is not None else frozenset()

    async def _prepare(self, errands: Errands) -> None:
        try:
            ending = await errands.run("settings.prepare", (), SECONDS, stay=STAY)
        except ZesterError as error:
            self._log.warn("the settings are not made ready for jobs", error=error.message)
            return
        if ending.error:
            self._log.warn("the settings are not made ready for jobs", error=ending.error)
        else:
            self._log.info("made the settings ready for jobs", generation=self._settings.generation)
