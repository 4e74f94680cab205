"""Facts that remember which of them were looked at: who has the same has the same settings."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from zester_proto.codec import pack

_MISSING: Final = b""


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

    @contextmanager
    def apart(self) -> Generator[None]:
        """Note within only what is looked at within; what was before is added at the end."""
        seen, whole = self.seen, self.whole
        self.seen, self.whole = set(), False
        try:
            yield
        finally:
            self.seen |= seen
            self.whole |= whole

    def packed(self, names: tuple[str, ...]) -> tuple[bytes, ...]:
        """Give what some facts are, to compare them."""
        return packed(self._facts, names)

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


def packed(facts: Mapping[str, Any], names: tuple[str, ...]) -> tuple[bytes, ...]:
    """Give what some facts are, to compare them; those that are not there are empty."""
    return tuple(pack(facts[name]) if name in facts else _MISSING for name in names)
