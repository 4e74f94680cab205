"""Jobs that are over, in as few bytes as will do: a peel may have to remember tens of thousands."""

from collections.abc import Iterator
from typing import Final

_JID: Final = 27
"""Bytes of a jid."""

_SPAN: Final = 60
"""Seconds of one generation."""


class Ended:
    """A set of jids, each kept until a moment; 27 bytes a jid where a dict takes 200."""

    def __init__(self) -> None:
        self._generations: dict[int, bytearray] = {}

    def __len__(self) -> int:
        return sum(map(len, self._generations.values())) // _JID

    def __contains__(self, jid: str) -> bool:
        wanted = jid.encode()
        return any(_find(jids, wanted) for jids in self._generations.values())

    def add(self, jid: str, until: float) -> None:
        """Keep a jid until a moment, in seconds of site time."""
        self._generations.setdefault(int(until // _SPAN) + 1, bytearray()).extend(jid.encode())

    def forget(self, now: float) -> None:
        """Let go of those whose moment has passed."""
        for end in [end for end in self._generations if end * _SPAN < now]:
            del self._generations[end]

    def generations(self) -> Iterator[tuple[float, bytes]]:
        """Give the jids that are kept until the same moment, one text after the other."""
        for end, jids in self._generations.items():
            yield float(end * _SPAN), bytes(jids)

    def add_generation(self, until: float, jids: bytes) -> None:
        """Take back what `generations` gave."""
        self._generations.setdefault(int(until // _SPAN), bytearray()).extend(jids)


def _find(jids: bytearray, wanted: bytes) -> bool:
    at = jids.find(wanted)
    while at % _JID and at >= 0:  # two neighbours may hold it across their border
        at = jids.find(wanted, at + 1)
    return at >= 0
