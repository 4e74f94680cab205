"""Settings of a peel from a tree of its own, as a local run renders them (settings.md 1).

A top file names files for targets; they are rendered with what is merged so far, and merged in
the top file's order. Secrets, keys of includes and all that needs a master are not known here.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

from zester_modules.context import Context
from zester_modules.errors import Refused
from zester_modules.states.template_context import Given, Templates
from zester_proto.render.code_cache import CodeCache
from zester_proto.render.merge import merge_all
from zester_proto.render.nodes import Dialect, Node, Problem, Scalar
from zester_proto.render.nodes import Mapping as MapNode
from zester_proto.render.nodes import Sequence as ListNode
from zester_proto.render.values import plain
from zester_proto.render.yaml import load
from zester_proto.tree.files import BadTree
from zester_proto.tree.folders import Tree
from zester_proto.tree.problems import Problems
from zester_proto.tree.reference import absolute, is_glob, matching
from zester_proto.tree.top import read_top

_Layer = tuple[Node | None, Dialect]


def settings_of(
    roots: Mapping[str, Sequence[Path]], context: Context, env: str | None = None
) -> dict[str, Any]:
    """Render and merge the settings that a tree has for this peel.

    Args:
        roots: the folders of each environment.
        context: the peel: its id and facts.
        env: this environment alone; else all that the top file names.

    Raises:
        Refused: something is wrong with the tree; the text says what, and where.
    """
    if not roots:
        return {}
    tree = Tree(roots)
    bare = msgspec.structs.replace(context, settings={})
    given = Given(
        context=bare,
        template_functions=context.template_functions,
        codes=CodeCache(context.codes) if context.codes else None,
    )
    templates = Templates(tree, given)
    problems = Problems()
    asked, _ = read_top(tree, templates, problems, env)
    _refuse(problems)
    reader = _Reader(tree, templates, problems)
    for one, reference, _ in asked:
        reader.add(one, reference)
    merged = merge_all(reader.layers)
    problems.extend(merged.problems)
    _refuse(problems)
    for warning in merged.warnings:
        context.log.warning("settings: %s", _text(warning))
    return reader.settings


class _Reader:
    """Reads files in their order; each sees what is merged so far as its settings."""

    def __init__(self, tree: Tree, templates: Templates, problems: Problems) -> None:
        self.layers: list[_Layer] = []
        self.settings = templates.settings
        self._tree = tree
        self._templates = templates
        self._problems = problems
        self._seen: set[tuple[str, str]] = set()

    def add(self, env: str, reference: str) -> None:
        """Read a file and what it includes, or all files that a glob means."""
        if is_glob(reference):
            for one in matching(reference, self._tree.references(env)):
                self.add(env, one)
            return
        if (env, reference) in self._seen:
            return
        self._seen.add((env, reference))
        try:
            found = self._tree.find(env, reference)
        except BadTree as error:
            self._problems.error(error.message, None, error.hint)
            return
        if found is None:
            self._problems.error(f"there are no settings {reference!r} in {env}", None)
            return
        rendered = self._templates.render(
            env, found.path, {"sls": reference}, dialect=found.dialect
        )
        self._problems.extend(rendered.problems)
        if rendered.problems:
            return
        loaded = load(rendered.text, found.path, found.dialect, rendered.lines)
        self._problems.extend(loaded.problems)
        root = loaded.root
        if isinstance(root, MapNode):
            self._includes(env, reference, found.path, root)
            pairs = tuple(pair for pair in root.pairs if pair[0].text != "include")
            root = MapNode(pairs, root.place, root.tag)
        elif root is not None:
            self._problems.error("settings are a map of names and values", root.place)
            return
        self.layers.append((root, found.dialect))
        merged = merge_all(self.layers).root
        self.settings.clear()
        if merged is not None:
            self.settings.update(cast("dict[str, Any]", plain(merged, found.dialect)))

    def _includes(self, env: str, reference: str, path: str, root: MapNode) -> None:
        for key, value in root.pairs:
            items = value.items if isinstance(value, ListNode) else ()
            for item in items if key.text == "include" else ():
                if not isinstance(item, Scalar):
                    self._problems.error(
                        "an include of settings with options is only known to a master",
                        item.place,
                        "write the reference alone",
                    )
                    continue
                other = absolute(item.text, reference, path)
                if other is None:
                    self._problems.error(f"{item.text} leads out of the tree", item.place)
                else:
                    self.add(env, other)


def _refuse(problems: Problems) -> None:
    if problems.count:
        texts = [_text(one) for one in problems.errors]
        raise Refused("\n".join(["the settings cannot be rendered:", *texts]))


def _text(one: Problem) -> str:
    where = f"{one.place}: " if one.place else ""
    return f"{where}{one.message}" + (f" ({one.hint})" if one.hint else "")
