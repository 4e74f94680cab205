"""Who shows keys in a peel's name that no master admitted, and what is told of it."""

from collections.abc import Callable
from typing import Final, NamedTuple

from zester_master.site.admitted import NotAdmitted
from zester_proto.health import Condition, Health
from zester_proto.logs import Log
from zester_proto.metrics import Counter
from zester_proto.units import few

FOR: Final = 86_400.0
"""Seconds for which one is told: whoever did it may be gone, and holds the signing key still."""

_CODE: Final = "peel-not-admitted"
_NAMED: Final = 5
_log: Final = Log("zester.facts")


class _Seen(NamedTuple):
    keys: tuple[str, bytes]
    at: float


class Strangers:
    """The keys that were refused lately.

    Args:
        health: gets the condition.
        refused: counts them.
        clock: seconds, rising.
    """

    def __init__(self, health: Health, refused: Counter, clock: Callable[[], float]) -> None:
        self._health = health
        self._refused = refused
        self._clock = clock
        self._seen: dict[str, _Seen] = {}

    def saw(self, peel_id: str, error: NotAdmitted) -> None:
        """Tell of keys in a peel's name."""
        self._refused.inc()
        known = self._seen.get(peel_id)
        self._seen[peel_id] = _Seen(error.keys, self._clock())
        if known is None or known.keys != error.keys:
            nkey, box = error.keys
            _log.warn("keys of a peel are refused", peel_id=peel_id, nkey=nkey, x25519=box.hex(),
                      error=error.message, hint=error.hint)  # fmt: skip
            self._tell()

    def admitted(self, peel_id: str, keys: tuple[str, bytes]) -> None:
        """Let go of a peel that shows the same keys, admitted by now."""
        if (seen := self._seen.get(peel_id)) is not None and seen.keys == keys:
            del self._seen[peel_id]
            self._tell()

    def names(self) -> list[str]:
        """Give in whose names they were shown."""
        return sorted(self._seen)

    def forget_old(self) -> None:
        """Let go of what was seen long ago."""
        old = [one for one, seen in self._seen.items() if self._clock() - seen.at > FOR]
        for peel_id in old:
            del self._seen[peel_id]
        if old:
            self._tell()

    def _tell(self) -> None:
        if not self._seen:
            self._health.clear(_CODE)
            return
        named = few(sorted(self._seen), _NAMED)
        self._health.set(
            Condition(
                _CODE,
                "warning",
                f"keys that no master admitted were shown in the name of {named}; "
                "nothing is sealed for them",
                "a host of yours: zester-peel keys, zester-master peel add, zester-peel join; "
                "else the signing key of peels has leaked: docs/threat-model.md",
            )
        )
