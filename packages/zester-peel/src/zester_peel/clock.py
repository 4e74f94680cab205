"""The site's time: what a master said, carried on by the clock since boot (bus.md 5)."""

import time
from collections.abc import Callable
from typing import Final

OFF: Final = 30.0
"""Seconds by which the wall clock may differ before that is a condition."""


def since_boot() -> float:
    """Give the seconds since the host's boot; unlike the monotonic clock it counts sleep, too."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class SiteClock:
    """Knows the site's time from the first welcome on.

    Attributes:
        welcomed: site time of the first welcome over the present connection; jobs that were issued
            much before it are not for this connection. None where there is no welcome yet.
    """

    def __init__(
        self,
        steady: Callable[[], float] = since_boot,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.welcomed: float | None = None
        self._steady = steady
        self._wall = wall
        self._offset: float | None = None
        self.off = 0.0
        """Seconds by which the wall clock is ahead of the site."""

    def steady(self) -> float:
        """Give the seconds since boot."""
        return self._steady()

    def set(self, site_time: float, asked: float, answered: float) -> None:
        """Take a master's word.

        Args:
            site_time: what it said.
            asked: `steady()` when it was asked.
            answered: `steady()` when the answer came; half of the way there and back is added.
        """
        self._offset = site_time + max(0.0, answered - asked) / 2 - answered
        self.off = self._wall() - self.now()
        if self.welcomed is None:
            self.welcomed = site_time

    def disconnected(self) -> None:
        """Take notice that the next welcome is the first of a new connection."""
        self.welcomed = None

    @property
    def known(self) -> bool:
        """Whether there ever was a welcome."""
        return self._offset is not None

    def now(self) -> float:
        """Give the site's time in seconds; before the first welcome, 0."""
        return 0.0 if self._offset is None else self._steady() + self._offset
