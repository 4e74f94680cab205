"""What files that could not be read may have held, so that references into them are not told."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

_TAG: Final = re.compile(r"\{[{%#][^\n{}]*[}%#]\}")
_HOLE: Final = "\0"
_MOST: Final = 1_000_000
"""Characters of a file that are looked at."""
_MAX_HOLES: Final = 4
"""Of an id; more make it match whatever begins as it does."""


class Lost:
    """Ids and names that failed files may have held."""

    def __init__(self, texts: Iterable[str | None], references: Iterable[str]) -> None:
        """Look at what was lost.

        Args:
            texts: of the files that failed; None where there is none.
            references: of the same files.
        """
        self._anything = False
        self._patterns: list[re.Pattern[str]] = []
        self.references = frozenset(references)
        for text in texts:
            if text is None:
                self._anything = True  # a file that is not there may hold any id
                continue
            for name in _names(text[:_MOST]):
                if name.strip(_HOLE):
                    self._patterns.append(_pattern(name))
                else:
                    self._anything = True  # so may a macro at the left edge

    def __bool__(self) -> bool:
        return self._anything or bool(self._patterns) or bool(self.references)

    def add(self, text: str) -> None:
        """Note an id that is there and could not be understood."""
        self._patterns.append(_pattern(text))

    def may_hold(self, kind: str, text: str) -> bool:
        """Say whether a reference may be into one of them."""
        if kind == "sls":
            return text in self.references
        return self._anything or any(one.fullmatch(text) for one in self._patterns)


def _names(text: str) -> Iterator[str]:
    """Give what stands as id or name in a file's lines, with holes for expressions."""
    for line in text.split("\n"):
        bare = line.strip()
        if bare.startswith("- name:"):
            yield _TAG.sub(_HOLE, bare.removeprefix("- name:").strip()).strip("'\"")
        elif bare and not line[0].isspace() and not bare.startswith(("#", "-", "{%", "{#")):
            key, colon, _ = _TAG.sub(_HOLE, bare + " ").partition(": ")
            if colon or key.startswith(_HOLE):
                yield key.strip().strip("'\"")


def _pattern(text: str) -> re.Pattern[str]:
    parts = [re.escape(part) for part in re.split(f"{_HOLE}+", text)]
    if len(parts) > _MAX_HOLES + 1:
        parts = [parts[0], ""]
    return re.compile(".*".join(parts), re.DOTALL)
