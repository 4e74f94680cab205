"""What files that could not be read may have held, so that references into them are not told."""

import re
from collections.abc import Iterable
from typing import Final

_TAG: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_ID: Final = re.compile(r"^([^\s#\-][^\n]*?)\s*:(?:\s|$)", re.MULTILINE)
_NAME: Final = re.compile(r"^\s+-\s+name:\s*(.+?)\s*$", re.MULTILINE)
_MADE: Final = re.compile(r"^\{\{", re.MULTILINE)
_HOLE: Final = "\0"


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
            # a macro at the left edge, or a file that is not there, may hold any id
            if text is None or _MADE.search(_without_ids(text)):
                self._anything = True
                continue
            bare = _TAG.sub(_HOLE, text)
            for found in (*_ID.finditer(bare), *_NAME.finditer(bare)):
                self._patterns.append(_pattern(found[1].strip("'\"")))

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


def _without_ids(text: str) -> str:
    """Drop lines that begin with an expression and are an id: `{{ name }}:`."""
    return re.sub(r"^\{\{[^\n]*\}\}[^\n{}]*:\s*$", "", text, flags=re.MULTILINE)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split(_HOLE)), re.DOTALL)
