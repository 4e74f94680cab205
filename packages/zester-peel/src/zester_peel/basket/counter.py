"""Answers workers of this host about the basket."""

import time

from zester_modules.states.fetching import (
    BasketDrop,
    BasketGive,
    BasketPlan,
    BasketQuestion,
    Got,
)
from zester_peel.basket.own import OwnValues
from zester_peel.basket.views import Views
from zester_peel.clock import SiteClock
from zester_proto.errors import ZesterError
from zester_proto.messages.basket import BasketValue, check_name


class BasketCounter:
    """The basket of this peel, as its workers see it."""

    def __init__(self, own: OwnValues, views: Views, clock: SiteClock) -> None:
        self._own = own
        self._views = views
        self._clock = clock

    async def answer(self, question: BasketQuestion) -> Got:
        """Do what a worker asks."""
        try:
            return await self._answer(question)
        except ZesterError as error:
            return Got(error=error.message, hint=error.hint)

    async def _answer(self, question: BasketQuestion) -> Got:
        match question:
            case BasketGive():
                self._own.give(
                    BasketValue(
                        name=check_name(question.name),
                        function=question.function,
                        value=question.value,
                        allow=question.allow,
                    )
                )
                return Got()
            case BasketPlan():
                self._own.planned(question.intervals, question.failed)
                return Got()
            case BasketDrop():
                return Got(names=self._own.drop(question.names))
            case _:
                seen = await self._views.get(question.target, question.name)
                # a peel that never had a welcome goes by its own clock
                now = self._clock.now() if self._clock.known else time.time()
                return Got(path=str(seen.path), now=now)
