"""Filters on paths; none of them looks at a file."""

import posixpath
from collections.abc import Callable, Mapping
from typing import Any, Final


def path_join(*parts: str, use_posixpath: bool = True) -> str:
    """Join parts of a path; a leading slash of any but the first means nothing."""
    del use_posixpath  # ours always are
    first, *rest = (posixpath.normpath(part) for part in parts)
    return posixpath.normpath(posixpath.join(first, *(part.lstrip("/") for part in rest)))


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {"path_join": path_join}
