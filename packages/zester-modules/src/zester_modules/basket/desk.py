"""What workers ask of their agent about the basket, over the socket of states/fetching.py."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zester_modules.basket.item import BasketItem
from zester_modules.errors import Refused
from zester_modules.host.machine import HostProblem
from zester_modules.states.fetching import (
    BasketDrop,
    BasketGive,
    BasketPlan,
    BasketWant,
    Got,
    talk,
)
from zester_proto.codec import decode, pack, unpack
from zester_proto.errors import CodecError, ZesterError
from zester_proto.messages.basket import VALUE_LIMIT, BasketAnswer

KEPT_LIMIT = 64 * 1024 * 1024
"""Bytes of one answer."""


class AgentBasket:
    """The basket as a worker has it.

    Args:
        agent: path of the agent's socket.
    """

    def __init__(self, agent: str) -> None:
        self._agent = agent

    def __call__(self, target: str, name: str) -> Sequence[BasketItem]:
        """Give what peels that a target means share under a name.

        Raises:
            ZesterError: no master answers and nothing is kept, or it may not be read.
        """
        got = self._ask(BasketWant(target=target, name=name))
        try:
            answer = decode(Path(got.path).read_bytes(), BasketAnswer, limit=KEPT_LIMIT)
            return [
                BasketItem(
                    row.peel, unpack(row.value, limit=VALUE_LIMIT), max(0.0, got.now - row.at)
                )
                for row in answer.rows
            ]
        except (OSError, CodecError) as error:
            raise HostProblem(f"what peels share as {name} cannot be read: {error}") from error

    def give(self, name: str, function: str, value: Any, allow: str = "") -> None:
        """Share a value.

        Raises:
            ZesterError: it cannot travel, or is too large.
        """
        packed = pack(value)
        if len(packed) > VALUE_LIMIT:
            raise Refused(
                f"the value of {name} has {len(packed)} bytes, at most {VALUE_LIMIT} are shared",
                hint="share less of it: an argument of the function, or another function",
            )
        self._ask(BasketGive(name=name, function=function, value=packed, allow=allow))

    def plan(self, intervals: dict[str, float], failed: dict[str, str]) -> None:
        """Say what is declared, and what of it failed.

        Raises:
            ZesterError: the agent does not answer.
        """
        self._ask(BasketPlan(intervals=intervals, failed=failed))

    def drop(self, names: Sequence[str]) -> list[str]:
        """Share some values no longer, or none at all; give the names that were shared.

        Raises:
            ZesterError: the agent does not answer.
        """
        return list(self._ask(BasketDrop(names=tuple(names))).names)

    def _ask(self, question: BasketWant | BasketGive | BasketPlan | BasketDrop) -> Got:
        try:
            got = talk(self._agent, question)
        except (OSError, CodecError) as error:
            raise HostProblem(
                f"the agent does not answer about the basket: {error}",
                hint="is zester-peel running? its log says more",
            ) from error
        if got.error:
            raise ZesterError(got.error, hint=got.hint)
        return got
