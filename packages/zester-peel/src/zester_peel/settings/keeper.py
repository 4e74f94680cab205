"""Keeps this peel's settings at the newest that a master has vouched for, and the last good ones.

A peel that was never told whether it has settings has none to give: whoever looks at them is
refused, and nothing is ever rendered with none in their place (settings.md 3).
"""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from zester_modules.states.trees import learn
from zester_peel.follow import Follower
from zester_peel.settings.bundle import BadSettings, checked, unsealed
from zester_peel.settings.store import SettingsStore
from zester_peel.trust import TrustWalk
from zester_proto.codec import digest
from zester_proto.health import Health
from zester_proto.identity.bundle import TrustError
from zester_proto.identity.sealing import BoxKey
from zester_proto.identity.signing import BadSignature
from zester_proto.ids import token
from zester_proto.link import NatsLink, chunks
from zester_proto.logs import Log
from zester_proto.messages.settings import (
    BUNDLE_LIMIT,
    BUNDLES,
    FILE_LIMIT,
    FILES,
    SettingsBundle,
    SettingsFile,
)
from zester_proto.secrets.masker import Masker
from zester_proto.together import together

JITTER: Final = 0.5
SECONDS: Final = 5.0
PATIENCE: Final = 3.0
"""Seconds that a job waits for settings which a master has said there are."""

_AT_ONCE: Final = 8
_SEALED: Final = 512
"""Bytes by which a stored file may be longer than the file."""


class SettingsKeeper:
    """The settings of this peel.

    Args:
        peel_id: whose they are.
        box: its X25519 key.
        folder: where they are kept.
        link: the bus.
        trust: says which masters are believed.
        health: gets the condition of what cannot be had.
        masker: learns the secrets before anything can say them.
        log: where lines go.
    """

    def __init__(
        self,
        peel_id: str,
        box: BoxKey,
        folder: Path,
        *,
        link: NatsLink,
        trust: TrustWalk,
        health: Health,
        masker: Masker,
        log: Log,
    ) -> None:
        self.bundle: SettingsBundle | None = None
        """The newest that is whole here."""
        self.least = -1
        """What masters vouch for; -1: nothing yet, 0: this peel has no settings."""
        self.took: Callable[[], None] = lambda: None
        """Called when there are other settings."""
        self.store = SettingsStore(folder)
        self.following = Follower(
            self._look, link=link, health=health, code="settings",
            what="the newest settings cannot be had", jitter=JITTER,
        )  # fmt: skip
        self._peel_id = peel_id
        self._box = box
        self._link = link
        self._trust = trust
        self._masker = masker
        self._log = log
        self._lock = asyncio.Lock()
        self._settled = asyncio.Event()
        self._changed: list[Callable[[], None]] = []

    def on_change(self, hook: Callable[[], None]) -> None:
        """Have a hook told when other settings hold."""
        self._changed.append(hook)

    def _tell(self) -> None:
        for hook in self._changed:
            hook()

    async def load(self) -> None:
        """Take what the process before this one kept.

        Raises:
            FileProblem: the folder cannot be used.
        """
        self.store.open()
        data = self.store.bundle()
        if data is None:
            return
        try:
            bundle = await self._open(data)
        except (BadSettings, TrustError, BadSignature) as error:
            self._log.warn("the kept settings are not believed", error=str(error))
            return
        if all(self.store.has(one.stored, one.digest) for one in bundle.files):
            self.bundle = bundle
            self._settled.set()

    def welcomed(self, least: int) -> None:
        """Hear from a master which bundle of this peel is the least that may be believed."""
        if least < 0:
            return  # a master that does not know yet
        self.following.vouch()
        if least == 0:
            self._none()
        elif least > self.generation or self.least == 0:
            self.least = max(least, self.least)
            self.following.ask()

    @property
    def generation(self) -> int:
        """Of the bundle that is here; 0 is none."""
        return self.bundle.generation if self.bundle is not None else 0

    def _none(self) -> None:
        had, self.bundle = self.bundle is not None, None
        self.least = 0
        self.store.forget()
        self._settled.set()
        if had:
            self._log.info("this peel has no settings any more")
            self._tell()

    async def current(self) -> SettingsBundle | None:
        """Give the settings that hold now; None: a master says that there are none.

        Raises:
            BadSettings: nobody has said whether there are any, and none were kept.
        """
        if self.bundle is None and self.least > 0 and self._link.connected:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._settled.wait()
        if self.bundle is None and self.least != 0:
            raise BadSettings(
                "the settings of this peel are not known yet, so nothing is run with them",
                hint="its conditions `settings` and `no-welcome` say why: zester peel show",
            )
        return self.bundle

    async def refresh(self) -> int:
        """Look now; give the generation that is here then.

        Raises:
            ZesterError: what is in the store cannot be had, or is not believed.
        """
        await self._look()
        return self.generation

    # -- reading ---------------------------------------------------------------------------------

    async def _look(self) -> None:
        async with self._lock:
            key = token(self._peel_id)
            entry = await chunks.read(self._link, BUNDLES, key, limit=BUNDLE_LIMIT, seconds=SECONDS)
            if entry is None:
                if self.least > 0:
                    raise BadSettings(
                        "the store has no settings of this peel, and a master says it should",
                        hint="was the bucket `secrets` lost? masters seal it anew within seconds",
                    )
                return
            bundle = await self._open(entry.value)
            if bundle.generation < max(self.generation, self.least):
                raise BadSettings(
                    f"the store gives generation {bundle.generation} of the settings, and "
                    f"{max(self.generation, self.least)} is known: an older one is not taken",
                    hint="a backup was restored perhaps: edit a settings file, so that masters "
                    "publish anew",
                )
            if bundle.generation != self.generation:
                await self._take(bundle, entry.value)

    async def _open(self, data: bytes) -> SettingsBundle:
        site = self._trust.store.site
        signed = unsealed(data, site, self._peel_id, self._box)
        try:
            body, _ = await self._trust.verify(signed, "secrets")
        except (TrustError, BadSignature) as error:
            raise BadSettings(f"the settings are signed by no master: {error}") from error
        bundle = checked(body, site, self._peel_id, self._box)
        learn(bundle, self._masker)
        return bundle

    async def _take(self, bundle: SettingsBundle, data: bytes) -> None:
        gate = asyncio.Semaphore(_AT_ONCE)
        files = {one.stored: one for one in bundle.files}
        await together(self._fetch(one, gate) for one in files.values())
        # runs that began with the settings before still read their files
        before = self.bundle.files if self.bundle is not None else ()
        self.store.keep(data, {one.stored for one in (*bundle.files, *before)})
        self.bundle = bundle
        self.least = max(self.least, bundle.generation)
        self._settled.set()
        self.took()
        self._log.info(
            "took the settings", generation=bundle.generation, files=len(bundle.files),
            secrets=len(bundle.secrets),
        )  # fmt: skip
        self._tell()

    async def _fetch(self, file: SettingsFile, gate: asyncio.Semaphore) -> None:
        async with gate:
            if self.store.has(file.stored, file.digest):
                return
            entry = await chunks.read(
                self._link, FILES, file.stored, limit=FILE_LIMIT + _SEALED, seconds=SECONDS
            )
            if entry is None:
                raise BadSettings(f"the settings file {file.path} is not in the store (yet)")
            if digest(entry.value) != file.digest:
                raise BadSettings(f"the settings file {file.path} is damaged in the store")
            await asyncio.to_thread(self.store.put, file.stored, entry.value)
