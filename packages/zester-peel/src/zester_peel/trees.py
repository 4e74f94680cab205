"""Where this peel's trees lie when a job begins: its own roots, or the site's published ones."""

from pathlib import Path

import msgspec

from zester_modules.registry import BUILTIN
from zester_modules.states.trees import Roots, SealedSettings, Trees
from zester_peel.config import PeelConfig
from zester_peel.files.keeper import TreeKeeper
from zester_peel.settings.bundle import BadSettings
from zester_peel.settings.keeper import SettingsKeeper
from zester_proto.messages.jobs import Job
from zester_proto.messages.trees import STATES


class PeelTrees:
    """Gives a job its trees.

    Args:
        config: the peel's; `state_roots` and `settings_roots` win over what is published.
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
            settings=_given(config.settings_roots),
            codes=str(config.state_dir / "templates"),
            backups=str(config.state_dir / "backups"),
            cache=str(config.state_dir / "web"),
            template_functions=config.template_functions,
            options=config.options,
            jinja_env=config.jinja_env,
            jinja_sls_env=config.jinja_sls_env,
            modules=config.tree_modules,
            strict=config.strict,
            strict_guards=config.guards == "strict",
            failhard=config.failhard,
            parallel=config.parallel,
            cache_max=config.web_cache_max,
            agent=str(agent),
            basket_functions=config.basket_functions,
        )

    async def of(self, job: Job) -> Trees:
        """Give the trees of a job: of the revision that it names, or the newest that is here.

        Raises:
            ZesterError: what the job names cannot be had whole.
        """
        head = self._keeper.head
        base = msgspec.structs.replace(
            await self._with_settings(), groups=head.groups if head else {}
        )
        if self._own:
            # nobody has signed them
            return msgspec.structs.replace(base, states=self._own, modules=False)
        root = job.tree or (head.root if head else b"")
        if not root:
            return base
        if job.function.startswith(STATES):
            folder = await self._keeper.ensure(root)
        elif _may_be_in_tree(job.function) and self._keeper.store.is_whole(root):
            folder = self._keeper.store.revision(root)
        else:
            return base
        states = {one.name: (str(one),) for one in sorted(folder.iterdir()) if one.is_dir()}
        return msgspec.structs.replace(base, states=states, revision=root.hex())

    async def _with_settings(self) -> Trees:
        if self._base.settings:
            return self._base
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


def _may_be_in_tree(function: str) -> bool:
    return function.partition(".")[0] not in BUILTIN


def _given(roots: tuple[str, ...]) -> Roots:
    found: dict[str, tuple[str, ...]] = {}
    for one in roots:
        name, sign, folder = one.partition("=")
        if not sign or "/" in name:
            name, folder = "base", one
        found[name] = (*found.get(name, ()), folder)
    return found
