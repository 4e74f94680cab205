"""A throw-away root: the files of a Debian host, without a boot, ready in milliseconds."""

import contextlib
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Self

from hosts.cache import remove_tree
from hosts.commands import PATIENCE, Completed, complete
from hosts.mounts import mount_overlay, unmount_below
from hosts.upper import Snapshot, snapshot


class Root:
    """A root that takes whatever is written to it, and forgets it.

    Attributes:
        path: where all of it is seen; mind that an absolute link in it leads out, save in `run`.
        upper: what was written, and nothing else.
    """

    def __init__(self, path: Path, upper: Path) -> None:
        self.path = path
        self.upper = upper

    @classmethod
    @contextlib.contextmanager
    def up(
        cls, layers: Sequence[Path], folder: Path, *, upper: Path | None = None
    ) -> Generator[Self]:
        """Make a root, and remove it with the block.

        Args:
            layers: of `hosts.layers`.
            folder: a new one; it goes with the root.
            upper: takes what is written and is kept; without it nothing is.
        """
        remove_tree(folder)
        kept = upper or folder / "upper"
        work = folder / "work" if upper is None else kept.with_name(f"{kept.name}.work")
        try:
            mount_overlay(layers, kept, work, folder / "root")
            yield cls(folder / "root", kept)
        finally:
            unmount_below(folder)
            remove_tree(work)
            remove_tree(folder)

    def run(
        self,
        words: Sequence[str],
        *,
        stdin: str | bytes = b"",
        env: Mapping[str, str] | None = None,
        timeout: float = PATIENCE,
    ) -> Completed:
        """Run a command in the root, with processes and a /proc of its own and our network."""
        spaces = ("--mount", "--pid", "--fork", "--kill-child")
        wrapper = ["unshare", *spaces, f"--root={self.path}", "--wd=/", "--mount-proc", "--"]
        return complete(wrapper, words, stdin=stdin, env=env, timeout=timeout)

    def written(self) -> Snapshot:
        """Give what has been written until now."""
        return snapshot(self.upper)
