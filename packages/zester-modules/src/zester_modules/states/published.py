"""A published revision as a tree: folders of what is here, and manifests of all that there is."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from zester_modules.states.fetching import Want, ask_agent
from zester_proto.codec import decode
from zester_proto.errors import CodecError
from zester_proto.messages.trees import MANIFEST_LIMIT, Manifest, Manifests
from zester_proto.tree.folders import Tree
from zester_proto.tree.listing import Listing


class PublishedTree(Tree):
    """A tree of which large files may not be here yet.

    Args:
        roots: environment to its folder in the revision.
        revision: its root, in hexadecimal digits.
        agent: socket of the agent that fetches.
    """

    def __init__(self, roots: Mapping[str, Sequence[Path]], revision: str, agent: str) -> None:
        super().__init__(roots)
        self._revision = revision
        self._agent = agent
        self._complete: dict[str, Listing] = {}

    def listed(self, env: str) -> Listing:
        """Give all that an environment holds, files that are not here yet too."""
        known = self._complete.get(env)
        if known is None:
            known = self._complete[env] = self._merged(env)
        return known

    def _merged(self, env: str) -> Listing:
        found = super().listed(env)
        folders = self.roots.get(env, ())
        manifest = _manifest(folders[0].parent.with_suffix(".manifests"), env) if folders else None
        if manifest is None:
            return found  # then what is here is all that is known
        files = dict.fromkeys((one.path for one in manifest.files), folders[0])
        return Listing(
            dict(sorted({**files, **found.files}.items())),
            manifest.folders or (),
            {one.path: one.target for one in manifest.links or ()},
        )

    def obtain(self, env: str, path: str) -> Path | None:
        """Give where a file lies, fetched if it was not here; None where there is none."""
        found = self.locate(env, path)
        if found is not None or path not in self.files(env):
            return found
        return ask_agent(self._agent, Want(root=self._revision, env=env, path=path))


def _manifest(path: Path, env: str) -> Manifest | None:
    try:
        found = decode(path.read_bytes(), Manifests, limit=4 * MANIFEST_LIMIT)
    except (OSError, CodecError):
        return None
    return found.environments.get(env)
