"""Where this peel's trees lie when a job begins: its own roots, or the site's published ones."""

from pathlib import Path

import msgspec

from zester_modules.registry import BUILTIN
from zester_modules.states.trees import Roots, Trees
from zester_peel.config import PeelConfig
from zester_peel.files.keeper import TreeKeeper
from zester_proto.messages.jobs import Job
from zester_proto.messages.trees import STATES


class PeelTrees:
    """Gives a job its trees.

    Args:
        config: the peel's; `state_roots` win over what is published.
        keeper: has what is published.
        agent: socket where workers ask for large files.
    """

    def __init__(self, config: PeelConfig, keeper: TreeKeeper, agent: Path) -> None:
        self._keeper = keeper
        self._own = _given(config.state_roots)
        self._base = Trees(
            codes=str(config.state_dir / "templates"),
            backups=str(config.state_dir / "backups"),
            cache=str(config.state_dir / "web"),
            template_functions=config.template_functions,
            modules=config.tree_modules,
            strict=config.strict,
            failhard=config.failhard,
            agent=str(agent),
        )

    async def of(self, job: Job) -> Trees:
        """Give the trees of a job: of the revision that it names, or the newest that is here.

        Raises:
            ZesterError: what the job names cannot be had whole.
        """
        if self._own:
            # nobody has signed them
            return msgspec.structs.replace(self._base, states=self._own, modules=False)
        root = job.tree or (self._keeper.head.root if self._keeper.head else b"")
        if not root:
            return self._base
        if job.function.startswith(STATES):
            folder = await self._keeper.ensure(root)
        elif _may_be_in_tree(job.function) and self._keeper.store.is_whole(root):
            folder = self._keeper.store.revision(root)
        else:
            return self._base
        states = {one.name: (str(one),) for one in sorted(folder.iterdir()) if one.is_dir()}
        return msgspec.structs.replace(self._base, states=states, revision=root.hex())


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
