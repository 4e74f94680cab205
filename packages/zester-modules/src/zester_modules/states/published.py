"""A published revision as a tree: folders of what is here, and manifests of all that there is."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from zester_modules.states.fetching import Want, ask_agent
from zester_proto.codec import decode
from zester_proto.errors import CodecError
from zester_proto.messages.trees import MANIFEST_LIMIT, Manifests
from zester_proto.tree.folders import Tree


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

    def files(self, env: str) -> dict[str, Path]:
        """Give all files of an environment, those that are not here yet too."""
        found = super().files(env)
        folders = self.roots.get(env, ())
        if not folders:
            return found
        listed = _listed(folders[0].parent.with_suffix(".manifests"), env)
        return dict(sorted({**dict.fromkeys(listed, folders[0]), **found}.items()))

    def obtain(self, env: str, path: str) -> Path | None:
        """Give where a file lies, fetched if it was not here; None where there is none."""
        found = self.locate(env, path)
        if found is not None or path not in self.files(env):
            return found
        return ask_agent(self._agent, Want(root=self._revision, env=env, path=path))


def _listed(path: Path, env: str) -> list[str]:
    try:
        found = decode(path.read_bytes(), Manifests, limit=4 * MANIFEST_LIMIT)
    except (OSError, CodecError):
        return []  # then what is here is all that is known
    manifest = found.environments.get(env)
    return [one.path for one in manifest.files] if manifest else []
