"""Which settings a file gives, as far as its text says so without being rendered."""

import re
from typing import Final

_NAME: Final = re.compile(
    r"""^(?:([A-Za-z0-9_.-]+)|'([^'\n{]+)'|"([^"\n{]+)")[ ]*:(?:\s|$)""", re.MULTILINE
)
_MADE: Final = re.compile(r"^(?:\{\{|\{%-?\s*include\b|include[ ]*:|<<[ ]*:)", re.MULTILINE)
"""What may give any name: an expression at the begin of a line, and what comes from elsewhere."""

_MACRO: Final = re.compile(r"\{%-?\s*(?:call|block|extends)\b")


def top_names(text: str, key: tuple[str, ...] = ()) -> tuple[str, ...] | None:
    """Give the names at the top of a settings file; None where only rendering can tell.

    Args:
        text: its source.
        key: below which settings it is included.
    """
    if key:
        return key[:1]
    if _MADE.search(text) is not None or _MACRO.search(text) is not None:
        return None
    found = (one[1] or one[2] or one[3] for one in _NAME.finditer(text))
    return tuple(dict.fromkeys(found))
