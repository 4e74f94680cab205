"""What a basket gives."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec


class BasketItem(msgspec.Struct, frozen=True):
    """One peel's value: what that host claims, and no more."""

    peel: str
    value: Any
    age: float = 0.0
    """Seconds since the masters stored it."""

    def shown(self) -> dict[str, Any]:
        """Give it as templates see it: a map, which filters can write."""
        return {"peel": self.peel, "value": self.value, "age": self.age}


Basket = Callable[[str, str], Sequence[BasketItem]]
"""Gives what peels that a target means share under a name."""
