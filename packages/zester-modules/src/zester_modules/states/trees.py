"""Where a peel's trees lie, and what its configuration says of runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

Roots = Mapping[str, tuple[str, ...]]
"""Environment to folders, the strongest first."""

CACHE: Final = Path("/var/cache/zester")
BACKUPS: Final = Path("/var/lib/zester/backups")


class Trees(msgspec.Struct, frozen=True, kw_only=True):
    """All that a run needs of the configuration; it travels from the agent to a worker."""

    states: Roots = {}
    settings: Roots = {}
    env: str = ""
    """The environment of runs that name none; "" is base, and all for the top file."""
    codes: str = ""
    """Folder of compiled templates; "" keeps them nowhere."""
    backups: str = str(BACKUPS)
    cache: str = str(CACHE / "web")
    """Folder of what came from the web."""
    template_functions: tuple[str, ...] = ()
    strict: bool = False
    failhard: bool = False
    parallel: int = 4

    def paths(self) -> dict[str, list[Path]]:
        """Give the roots of states."""
        return _paths(self.states)

    def settings_paths(self) -> dict[str, list[Path]]:
        """Give the roots of settings."""
        return _paths(self.settings)


def _paths(roots: Roots) -> dict[str, list[Path]]:
    return {env: [Path(one) for one in folders] for env, folders in roots.items()}
