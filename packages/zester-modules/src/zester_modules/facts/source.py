"""The files that facts are read from, under a root that tests can choose."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_LIMIT: Final = 1024 * 1024


class Source:
    """A host's file system, read only.

    Args:
        root: what the paths given to the methods stand under.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root

    def path(self, path: str) -> Path:
        """Give where a path of the host lies."""
        return self._root / path.lstrip("/")

    def text(self, path: str) -> str:
        """Give a file's first MiB as text without outer white space; "" where it cannot be read."""
        try:
            with self.path(path).open("rb") as file:
                return file.read(_LIMIT).decode("utf-8", "replace").strip()
        except OSError:
            return ""

    def need(self, path: str) -> str:
        """Give a file that every host has.

        Raises:
            OSError: this one has not.
        """
        return self.path(path).read_bytes()[:_LIMIT].decode("utf-8", "replace")

    def exists(self, path: str) -> bool:
        """Say whether something lies there."""
        return os.path.lexists(self.path(path))

    def link(self, path: str) -> str:
        """Give what a symbolic link says; "" where there is none."""
        try:
            return str(self.path(path).readlink())
        except OSError:
            return ""

    def names(self, path: str) -> Iterator[str]:
        """Give the names in a folder, sorted; none where there is no folder."""
        try:
            names = sorted(entry.name for entry in self.path(path).iterdir())
        except OSError:
            names = []
        yield from names
