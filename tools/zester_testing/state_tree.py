"""A tree of state files in a folder, compiled for a made-up peel."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zester_modules.context import Context
from zester_modules.registry import Registry
from zester_modules.states.compile import Request, compile_tree
from zester_modules.states.model import Compiled
from zester_modules.states.resources_table import Resources
from zester_modules.states.template_context import Given
from zester_proto.tree.folders import Tree

FACTS: dict[str, Any] = {"id": "web-1", "os_family": "Debian", "os": "Debian", "roles": ["web"]}


class StateTree:
    """Files below one root of the environment `base`, or of others by `env:path`.

    Args:
        root: an empty folder.
        files: texts by path; `dev:a.sls` lies in the environment `dev`.
        facts: of the peel.
        settings: of the peel.
        resources: what states may name; without it every state is unknown.
    """

    def __init__(
        self,
        root: Path,
        files: Mapping[str, str],
        *,
        facts: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        resources: Resources | None = None,
    ) -> None:
        self.root = root
        self.resources = resources or Resources({}, None)
        self.context = Context(
            registry=Registry(),
            peel_id="web-1",
            facts=FACTS if facts is None else facts,
            settings=settings or {},
        )
        self.environments = {"base"}
        for name, text in files.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> Path:
        """Write one file."""
        env, colon, path = name.rpartition(":")
        self.environments.add(env if colon else "base")
        file = self.root / (env or "base") / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    @property
    def tree(self) -> Tree:
        """The tree."""
        return Tree({env: [self.root / env] for env in self.environments})

    def compile(self, *references: str, given: Given | None = None, **request: Any) -> Compiled:
        """Compile state files, or with none what the top file names."""
        return compile_tree(
            self.tree,
            Request(references=references or None, **request),
            given or Given(context=self.context),
            self.resources,
        )

    def errors(self, *references: str, **request: Any) -> list[tuple[str, str]]:
        """Compile, and give each error's place and message."""
        found = self.compile(*references, **request)
        return [(str(one.place), one.message) for one in found.errors]
