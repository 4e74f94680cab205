"""Sources of files from a tree in folders of this host, and from local paths."""

from pathlib import Path

from zester_modules.host.machine import HostProblem
from zester_modules.states.tree import Tree, split_source


class TreeSources:
    """Finds `salt://` and `zester://` in a tree.

    Args:
        tree: its roots.
        env: where a source names none.
    """

    def __init__(self, tree: Tree, env: str) -> None:
        self._tree = tree
        self._env = env

    def fetch(self, source: str, *, digest: str = "", env: str = "") -> Path | None:
        """Give where a source lies; None: it is not there.

        Raises:
            HostProblem: it lies somewhere that this cannot reach.
        """
        del digest  # a tree's own files and the host's are what they are
        split = split_source(source)
        if split is not None:
            path, own = split
            return self._tree.locate(own or env or self._env, path)
        if source.startswith("/"):
            return Path(source) if Path(source).exists() else None
        raise HostProblem(
            f"{source} cannot be fetched here", hint="salt://, zester:// and whole paths can"
        )

    def find(self, folder: str, *, env: str = "") -> list[str]:
        """Give the sources of all files below a folder of the tree, sorted."""
        split = split_source(folder)
        if split is None:
            return []
        path, own = split
        below = path.rstrip("/") + "/"
        chosen = own or env or self._env
        return [f"salt://{one}" for one in self._tree.files(chosen) if one.startswith(below)]
