"""Execution functions in a dry run: those that look are called, the others only remembered."""

from collections.abc import Callable
from typing import Any

from zester_modules.host.predicted import History
from zester_modules.resource import Functions


class DryCalls:
    """Calls functions on the machine as it is.

    Args:
        real: the functions.
        history: who acts.
        only_reads: says whether a function changes nothing.
    """

    def __init__(
        self, real: Functions, history: History, only_reads: Callable[[str], bool]
    ) -> None:
        self._real = real
        self._history = history
        self._only_reads = only_reads

    def __call__(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call a function that only reads; its answer may be another after earlier states."""
        self._history.doubt()
        return self._real(name, *args, **kwargs)

    def change(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call nothing: what the function would change, nobody knows."""
        del args, kwargs
        if not self._only_reads(name):
            self._history.unsettle()
