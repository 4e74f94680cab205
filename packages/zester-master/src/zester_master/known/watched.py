"""Facts that remember which of them were looked at: who has the same has the same settings."""

from collections.abc import Iterator, Mapping
from typing import Any


class WatchedFacts(Mapping[str, Any]):
    """A peel's facts, as templates of one compile see them.

    Attributes:
        seen: names at the top that were looked at, whether they were there or not.
        whole: somebody looked at all of them.
    """

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.seen: set[str] = set()
        self.whole = False
        self._facts = facts

    def __getitem__(self, name: str) -> Any:
        self.seen.add(name)
        return self._facts[name]

    def __contains__(self, name: object) -> bool:
        self.seen.add(str(name))
        return name in self._facts

    def __iter__(self) -> Iterator[str]:
        self.whole = True
        return iter(self._facts)

    def __len__(self) -> int:
        self.whole = True
        return len(self._facts)
