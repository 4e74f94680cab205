"""Has a worker make new settings ready before a job needs them."""

import asyncio
import random
import sys
from typing import Final

from zester_peel.jobs.errand import Errands
from zester_peel.settings.keeper import SettingsKeeper
from zester_proto import __version__
from zester_proto.codec import digest
from zester_proto.errors import FileProblem, ZesterError
from zester_proto.files import write_atomic
from zester_proto.logs import Log

SETTLE: Final = 1.0
"""Seconds until new settings are made ready, half as many or half as many more: edits come in
bursts, and many peels on few machines get them at the same time."""

SECONDS: Final = 60.0
STAY: Final = 3.0
"""Seconds that a nursery stays which nothing but this has needed."""


class SettingsPreparing:
    """Runs `settings.prepare` when there are settings that were not made ready by these versions.

    Args:
        settings: what is kept of them; beside it is noted what was made ready last.
        log: where lines go.
    """

    def __init__(self, settings: SettingsKeeper, log: Log) -> None:
        self._settings = settings
        self._file = settings.store.ready
        self._log = log
        self._errands: Errands | None = None
        self._wanted = asyncio.Event()
        settings.on_change(self.look)

    def use(self, errands: Errands) -> None:
        """Run it by these; without, nothing is made ready."""
        self._errands = errands

    def look(self) -> None:
        """Look soon whether there is something to be made ready."""
        self._wanted.set()

    async def serve(self) -> None:
        """Make settings ready, until cancelled."""
        while True:
            await self._wanted.wait()
            await asyncio.sleep(SETTLE * random.uniform(0.5, 1.5))  # noqa: S311  # no secret
            self._wanted.clear()
            basis = self._basis()
            if self._errands is not None and basis not in {b"", self._ready()}:
                await self._prepare(self._errands, basis)

    def _basis(self) -> bytes:
        """Give what all that is made ready hangs on; nothing where there are no settings."""
        bundle = self._settings.bundle
        if bundle is None or not bundle.files:
            return b""
        # the names hang on what is in the files
        names = sorted(one.stored for one in bundle.files)
        return digest("\0".join((__version__, sys.version, *names)).encode())

    def _ready(self) -> bytes:
        try:
            return self._file.read_bytes()
        except OSError:
            return b""

    async def _prepare(self, errands: Errands, basis: bytes) -> None:
        generation = self._settings.generation
        try:
            ending = await errands.run("settings.prepare", (), SECONDS, stay=STAY)
        except ZesterError as error:
            self._log.warn("the settings are not made ready for jobs", error=error.message)
            return
        if ending.error:
            self._log.warn("the settings are not made ready for jobs", error=ending.error)
            return
        self._log.info("made the settings ready for jobs", generation=generation)
        try:
            write_atomic(self._file, basis, lasting=False)
        except FileProblem as error:
            self._log.warn("that settings are ready is not remembered", error=error.message)
