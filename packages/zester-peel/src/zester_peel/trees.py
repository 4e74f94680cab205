"""Where this peel's trees lie when a job begins: its own roots, or the site's published ones."""

from pathlib import Path
from typing import Final

import msgspec

from zester_modules.states.trees import Roots, SealedSettings, Trees
from zester_peel.config import PeelConfig
from zester_peel.files.keeper import TreeKeeper
from zester_peel.settings.bundle import BadSettings
from zester_peel.settings.keeper import SettingsKeeper
from zester_proto.messages.jobs import Job
from zester_proto.messages.trees import STATES

REFRESH: Final = "settings.refresh"
"""The function that has us look before it begins."""


class PeelTrees:
    """Gives a job its trees.

    Args:
        config: the peel's; `state_roots` win over what is published.
        keeper: has what is published.
        settings: has what masters sealed for this peel.
        agent: socket where workers ask for large files.
    """

    def __init__(
        self, config: PeelConfig, keeper: TreeKeeper, settings: SettingsKeeper, agent: Path
    ) -> None:
        self._keeper = keeper
        self._settings = settings
        self._own = _given(config.state_roots)
        self._base = Trees(
            codes=str(config.state_dir / "templates"),
            backups=str(config.state_dir / "backups"),
            cache=str(config.state_dir / "web"),
            template_functions=config.template_functions,
            strict=config.strict,
            failhard=config.failhard,
            agent=str(agent),
        )

    async def of(self, job: Job) -> Trees:
        """Give the trees of a job: of the revision that it names, or the newest that is here.

        Raises:
            ZesterError: what the job names cannot be had whole.
        """
        if job.function == REFRESH:
            await self._settings.refresh()
        base = await self._with_settings()
        if self._own:
            return msgspec.structs.replace(base, states=self._own)
        root = job.tree or (self._keeper.head.root if self._keeper.head else b"")
        if not job.function.startswith(STATES) or not root:
            return base
        folder = await self._keeper.ensure(root)
        states = {one.name: (str(one),) for one in sorted(folder.iterdir()) if one.is_dir()}
        return msgspec.structs.replace(base, states=states, revision=root.hex())

    async def _with_settings(self) -> Trees:
        try:
            bundle = await self._settings.current()
        except BadSettings as error:
            return msgspec.structs.replace(
                self._base, unsettled=error.message, unsettled_hint=error.hint
            )
        if bundle is None:
            return self._base
        sealed = SealedSettings(bundle=bundle, folder=str(self._settings.store.files))
        return msgspec.structs.replace(self._base, sealed=sealed)


def _given(roots: tuple[str, ...]) -> Roots:
    found: dict[str, tuple[str, ...]] = {}
    for one in roots:
        name, sign, folder = one.partition("=")
        if not sign or "/" in name:
            name, folder = "base", one
        found[name] = (*found.get(name, ()), folder)
    return found
