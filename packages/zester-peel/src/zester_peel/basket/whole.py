"""All of the basket that one agent holds, put together."""

import asyncio
from typing import Final

from zester_peel.basket.counter import BasketCounter
from zester_peel.basket.declaring import may_declare
from zester_peel.basket.own import OwnValues
from zester_peel.basket.views import Views
from zester_peel.clock import SiteClock
from zester_peel.config import PeelConfig
from zester_peel.jobs.errand import Errands
from zester_peel.settings.keeper import SettingsKeeper
from zester_peel.trust import TrustWalk
from zester_proto.errors import ZesterError
from zester_proto.health import Health
from zester_proto.identity.joining import PeelIdentity
from zester_proto.link import NatsLink
from zester_proto.logs import Log

LOOK: Final = 300.0
"""Seconds that all values which this peel shares may take to be found."""


class PeelBasket:
    """The basket of one agent.

    Attributes:
        own: what it shares.
        counter: answers its workers.
    """

    def __init__(
        self,
        config: PeelConfig,
        identity: PeelIdentity,
        *,
        link: NatsLink,
        trust: TrustWalk,
        clock: SiteClock,
        settings: SettingsKeeper,
        health: Health,
        log: Log,
    ) -> None:
        folder = config.state_dir / "basket"
        self.own = OwnValues(
            identity.id,
            box=identity.box,
            folder=folder,
            link=link,
            trust=identity.trust,
            health=health,
            look=self._look,
            log=log,
        )
        views = Views(identity.id, folder / "read", link=link, trust=trust, log=log)
        self.counter = BasketCounter(self.own, views, clock)
        self._settings = settings
        settings.on_change(self._settings_changed)
        self._configured = bool(config.basket_functions or config.settings_roots)
        self._errands: Errands | None = None
        self._begun = False

    def use(self, errands: Errands) -> None:
        """Find values by these."""
        self._errands = errands

    def welcomed(self) -> None:
        """Look at all that is declared, once the site's time is known."""
        if not self._begun:
            self._begun = True
            self.own.refresh()

    def _settings_changed(self) -> None:
        if self._begun:
            self.own.refresh()

    async def _declares(self) -> bool:
        """Say whether anything may declare values, or did."""
        if self._configured or self.own.values:
            return True
        bundle = self._settings.bundle
        if bundle is None:
            return False
        return await asyncio.to_thread(may_declare, bundle, self._settings.store.files)

    async def _look(self, names: tuple[str, ...]) -> ZesterError | None:
        """Have a worker find values; give why they are not found."""
        if self._errands is None or not await self._declares():
            return None
        try:
            ending = await self._errands.run("basket.update", names, LOOK)
        except ZesterError as error:
            return error
        return ZesterError(ending.error, hint=ending.hint) if ending.error else None
