"""Renders and reads the files that are asked for and all that they include, in Salt's order."""

from collections.abc import Callable, Iterable
from itertools import count
from typing import Any, Final

import msgspec

from zester_modules.states.blocks import Body, Declaration, Exclude, Source, read_body
from zester_proto.render.lines import LineMap
from zester_proto.render.nodes import Dialect, Place, Scalar
from zester_proto.render.yaml import load
from zester_proto.tree.files import BadTree
from zester_proto.tree.folders import Tree
from zester_proto.tree.problems import Problems
from zester_proto.tree.reference import Found, absolute, dotted, is_glob, matching, sls_names
from zester_proto.tree.renderers import KNOWN, instead_of, pipe_of
from zester_proto.units import did_you_mean

Texts = Callable[[str, str, Dialect, dict[str, Any]], LineMap | None]
"""Renders a file (environment, path, dialect, context); notes why not, and gives None."""

FIRST: Final = 10_000
"""Salt counts states from here, so that `order: 1` is before them."""


class High(msgspec.Struct, kw_only=True):
    """All declarations by id, in the order in which they are looked at."""

    declarations: dict[str, Declaration] = msgspec.field(default_factory=dict[str, Declaration])
    excludes: list[Exclude] = msgspec.field(default_factory=list[Exclude])
    extends: list[Declaration] = msgspec.field(default_factory=list[Declaration])
    files: list[str] = msgspec.field(default_factory=list[str])
    secret: bool = False
    """A file of them read a secret while it was rendered."""
    references: dict[tuple[str, str], bool] = msgspec.field(
        default_factory=dict[tuple[str, str], bool]
    )
    """Environment and reference of each file that was read, and whether it could be."""

    @property
    def whole(self) -> bool:
        """Whether every file could be read, so that what is missing is missing."""
        return all(self.references.values())


class Gatherer:
    """Reads files once each.

    Args:
        tree: where they are.
        render: makes text of them.
        problems: where what is wrong is noted.
    """

    def __init__(self, tree: Tree, render: Texts, problems: Problems) -> None:
        self._tree = tree
        self._render = render
        self._problems = problems
        self._numbers = count(FIRST)
        self.high = High()

    def ask(self, env: str, reference: str, place: Place | None = None) -> None:
        """Read what was asked for by name or in a top file."""
        known = self._tree.references(env)
        wanted = matching(reference, known) if is_glob(reference) else []
        for one in wanted or [reference]:
            self._merge(self._file(env, one, place, ()))

    def _merge(self, body: "_Read") -> None:
        for one in body.declarations:
            self._take(one)

    def _take(self, one: Declaration) -> None:
        known = self.high.declarations.setdefault(one.id, one)
        if known is one:
            return
        if known.source.path == one.source.path and known.source.env == one.source.env:
            self._problems.error(
                f"{one.source.path} is asked for as {known.source.sls!r} and as {one.source.sls!r}",
                one.place, f"write {dotted(one.source.sls)} in both places",
            )  # fmt: skip
        else:
            self._problems.error(
                f"the id {one.id!r} is also in {known.place}", one.place,
                "an id may be in one file only; use `extend` to add to it",
            )  # fmt: skip

    def _file(self, env: str, reference: str, place: Place | None, way: tuple[str, ...]) -> "_Read":
        key = (env, reference)
        read = _Read()
        if key in self.high.references:
            return read
        self.high.references[key] = False
        body = self._body(env, reference, place)
        if body is None:
            return read
        self.high.references[key] = True
        self.high.excludes += body.excludes
        self.high.extends += body.extends
        included: list[Declaration] = []
        for inner_env, node in body.includes:
            for one in self._included(inner_env or env, node, body.source, (*way, reference)):
                one.included_from.append(reference)
                included.append(one)
        for one in body.declarations:
            for block in one.blocks.values():
                if block.arg("order") is None:
                    block.written = next(self._numbers)
        # Salt keeps a file's own ids before those of its includes; the order counts, not this.
        read.declarations = [*body.declarations, *included]
        return read

    def _included(
        self, env: str, node: Scalar, source: Source, way: tuple[str, ...]
    ) -> list[Declaration]:
        found: list[Declaration] = []
        for reference in self._targets(env, node, source):
            found += self._file(env, reference, node.place, way).declarations
        return found

    def _targets(self, env: str, node: Scalar, source: Source) -> Iterable[str]:
        if env not in self._tree.environments:
            known = self._tree.environments
            self._problems.error(
                f"there is no environment {env!r}", node.place, did_you_mean(env, known)
            )
            self.high.references[env, node.text] = False
            return ()
        if node.text.startswith(("/", "./", "../")):
            message = f"there is no state file {node.text!r} in the environment {env!r}"
            self._problems.error(message, node.place, self._hint(env, node.text))
            self.high.references[env, node.text] = False
            return ()
        wanted = absolute(node.text, source.sls, source.path)
        if wanted is None:
            self._problems.error(
                f"`include` of {node.text!r} leads out of the tree", node.place,
                f"it is counted from {source.sls}",
            )  # fmt: skip
            self.high.references[env, node.text] = False
            return ()
        return matching(wanted, self._tree.references(env)) if is_glob(wanted) else (wanted,)

    def _body(self, env: str, reference: str, place: Place | None) -> Body | None:
        found = self._find(env, reference, place)
        if found is None:
            return None
        self.high.files.append(found.path)
        source = Source(
            sls=reference, env=env, path=found.path, dialect=found.dialect,
            context=sls_names(reference, found.path, env),
        )  # fmt: skip
        lines = self._text(source)
        if lines is None:
            return None
        self.high.secret |= bool(lines.secret)
        loaded = load(lines.text, found.path, found.dialect, lines)
        self._problems.extend(loaded.problems)
        if loaded.problems:
            # its ids are known all the same, so that references into it are not reported
            read_body(loaded.root, source, Problems())
            return None
        before = self._problems.count
        body = read_body(loaded.root, source, self._problems)
        if self._problems.count > before:
            self.high.references[env, f"{reference}?"] = False  # parts of it are missing
        return body

    def _find(self, env: str, reference: str, place: Place | None) -> Found | None:
        try:
            found = self._tree.find(env, reference)
        except BadTree as error:
            self._problems.error(error.message, place, error.hint)
            return None
        if found is None:
            message = f"there is no state file {reference!r} in the environment {env!r}"
            if env not in self._tree.environments:
                hint = did_you_mean(env, self._tree.environments)
                self._problems.error(f"there is no environment {env!r}", place, hint)
            else:
                self._problems.error(message, place, self._hint(env, reference))
        return found

    def _hint(self, env: str, reference: str) -> str:
        known = self._tree.references(env)
        meant = dotted(reference)
        if meant != reference and meant in known:
            return f"write {meant}: dots between folders, and no suffix"
        if "/" in reference or "" in reference.split("."):
            return "write dots between folders, and no suffix: web.nginx is web/nginx.zy"
        stem = reference.replace(".", "/")
        looked = f"{stem}.zy, {stem}.sls, {stem}/init.zy and {stem}/init.sls were looked for"
        near = did_you_mean(reference, known)
        return f"{near}; {looked}" if near else looked

    def _text(self, source: Source) -> LineMap | None:
        data = self._tree.read(source.env, source.path) or b""
        first = data[:200].split(b"\n", 1)[0].decode(errors="replace").strip()
        renderers = pipe_of(first)
        strange = [one for one in renderers or () if one not in KNOWN]
        if strange:
            self._problems.error(
                f"{source.path} asks for the renderer {strange[0]!r}, which Zester has not",
                Place(source.path, 1, 1), instead_of(strange[0]),
            )  # fmt: skip
            return None
        if renderers is not None and "jinja" not in renderers:
            return LineMap.plain(source.path, data.decode("utf-8-sig", errors="replace"))
        return self._render(source.env, source.path, source.dialect, source.context)


class _Read(msgspec.Struct):
    """The declarations of a file and of what it includes, its own first."""

    declarations: list[Declaration] = msgspec.field(default_factory=list[Declaration])
