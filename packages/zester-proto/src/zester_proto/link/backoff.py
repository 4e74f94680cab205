"""How long to wait before the next try: exponential with full jitter, so that a fleet spreads."""

import random
from collections.abc import Callable


class Backoff:
    """Delays of one chain of tries; each is uniform between 0 and a bound that doubles.

    Attributes:
        tries: failures in a row so far.
    """

    def __init__(
        self,
        *,
        base: float = 0.5,
        cap: float = 30.0,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """Begin with no failures.

        Args:
            base: bound of the first delay, seconds.
            cap: bound of every later one, seconds.
            uniform: the source of chance, for tests.
        """
        self._base = base
        self._cap = cap
        self._uniform = uniform
        self.tries = 0

    @property
    def bound(self) -> float:
        """The longest that the next delay can be, seconds."""
        return min(self._cap, self._base * 2 ** min(self.tries, 32))

    def next(self) -> float:
        """Count one more failure and give the delay before the next try, seconds."""
        bound = self.bound
        self.tries += 1
        return self._uniform(0.0, bound)

    def reset(self) -> None:
        """Forget the failures: something worked."""
        self.tries = 0
