"""What functions may ask of the tree that is being compiled."""

from collections.abc import Mapping
from typing import Any, Protocol


class TreeView(Protocol):
    """The tree of one compile, as `cp.*` and `slsutil.renderer` see it."""

    env: str
    """The environment of the file that is being rendered."""

    def states(self, env: str) -> list[str]:
        """Give the references of all state files."""
        ...

    def folders(self, env: str) -> list[str]:
        """Give all folders."""
        ...

    def links(self, env: str) -> Mapping[str, str]:
        """Give where links lead, by their paths."""
        ...

    def files(self, env: str) -> list[str]:
        """Give the paths of all files."""
        ...

    def data(self, path: str, text: str | None, names: Mapping[str, Any], *, plain: bool) -> Any:
        """Render a file (or a text) of the tree and read it as YAML; `plain`: without Jinja.

        Raises:
            ZesterError: it cannot be rendered or read.
        """
        ...
