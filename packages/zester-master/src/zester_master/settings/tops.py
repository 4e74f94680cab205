"""Who gets what: the lines of the top files, and the peels that each means (settings.md 2).

A top file with a template is rendered for each peel with its facts; those for whom it says the
same are treated alike. One without is read once.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from zester_proto.errors import ZesterError
from zester_proto.grains import grains_view
from zester_proto.kept import Kept
from zester_proto.messages.settings import SettingsEntry
from zester_proto.render.code_cache import CodeCache
from zester_proto.render.nodes import Dialect, Place, Problem
from zester_proto.render.renderer import Rendered, Renderer
from zester_proto.render.secret_text import Secrets
from zester_proto.target import Node, asks_settings, parse, walk
from zester_proto.target.ast import And, Globs, Group, IdRegex, Listed, Not, Or, Ranged
from zester_proto.tree.files import TreeFiles
from zester_proto.tree.problems import Problems
from zester_proto.tree.reference import env_options
from zester_proto.tree.salt_targets import in_our_letters
from zester_proto.tree.top import Asked, top_lines

_BY_ID: Final = (And, Or, Not, Group, Globs, Listed, Ranged, IdRegex)
_KEPT: Final = 20_000
"""What top files say to peels, and targets in them, that are kept; those not seen longest go."""

_MARKS: Final = (b"{{", b"{%", b"{#", b"#!")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One file that a line of a top file names."""

    entry: SettingsEntry
    place: Place
    """Of the file's name."""
    target: Node
    at: Place
    """Of the target."""
    by_id: bool
    """No fact decides: only ids, lists and regular expressions of ids, all the way down."""
    trust_facts: bool


class Tops:
    """The top files of one tree.

    Attributes:
        files: environment and path of each, those that others include among them.
        is_template: one of them may say another thing to each peel.

    Args:
        tree: the files.
        groups: what `N@` may name.
    """

    def __init__(self, tree: TreeFiles, groups: Mapping[str, str]) -> None:
        self._tree = tree
        self._groups = groups
        self._codes = CodeCache()
        self.files = self._found()
        self.is_template = any(
            mark in (tree.read(*file) or b"") for file in self.files for mark in _MARKS
        )
        self._read = Kept[tuple[str, ...], tuple[Line, ...]](_KEPT)
        self._targets = Kept[tuple[str, str], Node](_KEPT)

    def lines(self, peel_id: str, facts: Mapping[str, Any], problems: Problems) -> tuple[Line, ...]:
        """Give what the top files say where they are rendered for a peel.

        Equal answers are the same object, as long as they are kept: peels can be grouped by it.
        """
        rendering = _TopRendering(self._tree, self._codes, peel_id, facts)
        before = problems.count
        asked, _ = top_lines(self._tree, rendering, problems, None)
        said = tuple(rendering.texts)
        known = self._read.get(said)
        if known is None:
            known = tuple(self._line(one, problems) for one in asked)
            if problems.count == before:  # else it is told each time
                self._read.put(said, known)
        return known

    def _found(self) -> frozenset[tuple[str, str]]:
        tree = self._tree
        _, files = top_lines(tree, _TopRendering(tree, self._codes, "", {}), Problems(), None)
        return frozenset(
            (env, path) for env in tree.environments for path in files if tree.has(env, path)
        )

    def _line(self, asked: Asked, problems: Problems) -> Line:
        try:
            target = self._target(asked.target, asked.kind)
        except ZesterError as error:
            problems.error(f"{asked.target!r}: {error.message}", asked.at, error.hint)
            target = Listed(())
        if asks_settings(target):
            problems.error(
                "a top file of settings cannot ask for settings (I@, J@)", asked.at,
                "they are what it decides: use ids or facts",
            )  # fmt: skip
        return Line(
            entry=SettingsEntry(asked.env, asked.reference, asked.ignore_missing),
            place=asked.place, target=target, at=asked.at, trust_facts=asked.trust_facts,
            by_id=all(isinstance(part, _BY_ID) for _, part in walk(target)),
        )  # fmt: skip

    def _target(self, text: str, kind: str) -> Node:
        """Read a target, once for all the peels whose top file has it."""
        known = self._targets.get((text, kind))
        if known is None:
            known = parse(in_our_letters(text, kind), groups=self._groups)
            self._targets.put((text, kind), known)
        return known


class _TopRendering:
    """Renders top files with nothing but a peel's id and facts."""

    def __init__(
        self, tree: TreeFiles, codes: CodeCache, peel_id: str, facts: Mapping[str, Any]
    ) -> None:
        self.settings: dict[str, Any] = {}
        self.secrets = Secrets()
        self.called: set[str] = set()
        self.texts: list[str] = []
        self._tree = tree
        self._codes = codes
        own = dict(facts)
        self._names = {"facts": own, "grains": grains_view(own), "peel_id": peel_id}

    def is_meant(self, expression: str, kind: str = "compound") -> bool:
        """Never asked: the index says whom a line means."""
        raise NotImplementedError((expression, kind))

    def render(
        self,
        env: str,
        path: str,
        extra: Mapping[str, Any],
        *,
        dialect: Dialect = "sls",
        text: str | None = None,
        source: bool = False,
    ) -> Rendered:
        """Render a top file."""
        renderer = Renderer(lambda name: self._tree.read(env, name), codes=self._codes)
        opts = {"id": self._names["peel_id"], **env_options(env)}
        names = {**self._names, "opts": opts, "env": env, "saltenv": env, **extra}
        rendered = renderer.render(path, names, dialect=dialect, text=text, source=source)
        self.texts.append(rendered.text)
        return rendered


def trust_problems(lines: Iterable[Line], marked: Mapping[SettingsEntry, str]) -> list[Problem]:
    """Say which lines would give secrets to whoever says the right thing of itself.

    Args:
        lines: of the top files.
        marked: for entries that lead to marked secrets the name of one.
    """
    return [
        Problem(
            message=f"{line.entry.reference} holds the secret {marked[line.entry]}, and facts "
            "decide who gets it: a peel says itself what its facts are",
            place=line.at,
            hint="name the peels by id, or write `trust_facts: true` in this list",
        )
        for line in lines
        if line.entry in marked and not (line.by_id or line.trust_facts)
    ]
