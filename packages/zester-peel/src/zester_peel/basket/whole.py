"""All of the basket that one agent holds, put together."""

from typing import Final

from zester_peel.basket.counter import BasketCounter
from zester_peel.basket.own import OwnValues
from zester_peel.basket.views import Views
from zester_peel.clock import SiteClock
from zester_peel.config import PeelConfig
from zester_peel.jobs.errand import Errands
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
        self._configured = bool(config.basket_functions)
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

    async def _look(self, names: tuple[str, ...]) -> ZesterError | None:
        """Have a worker find values; give why they are not found."""
        if self._errands is None or not (self._configured or self.own.values):
            return None  # nothing declares any
        try:
            ending = await self._errands.run("basket.update", names, LOOK)
        except ZesterError as error:
            return error
        return ZesterError(ending.error, hint=ending.hint) if ending.error else None
