"""Compiles a tree for one peel: one step a module, data in one direction, all problems at once."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from zester_modules.states.blocks import Exclude
from zester_modules.states.chunks import Chunk, copy_used, expand
from zester_modules.states.extend import apply_excludes, apply_extends
from zester_modules.states.gather import Gatherer, High
from zester_modules.states.lost import Lost
from zester_modules.states.model import Compiled, State
from zester_modules.states.order import order
from zester_modules.states.resolve import resolve
from zester_modules.states.resources_table import Resources
from zester_modules.states.template_context import Given, Templates
from zester_modules.states.validate import Validator
from zester_proto.render.lines import LineMap
from zester_proto.render.nodes import Dialect, Place
from zester_proto.tree.folders import Tree
from zester_proto.tree.problems import Problems
from zester_proto.tree.top import Asked, meant, top_lines
from zester_proto.units import did_you_mean


class Request(msgspec.Struct, kw_only=True):
    """What is to be compiled.

    Attributes:
        references: state files; None: what the top file names.
        env: their environment; for the top file, None is all.
        exclude: references or globs of them, or `{"id": ...}`, as the run's argument.
        strict: what Salt lets pass is an error in a `.sls` too.
        strict_guards: a boolean as `onlyif` or `unless` counts in a `.sls` too.
    """

    references: Sequence[str] | None = None
    env: str | None = None
    exclude: Sequence[str | Mapping[str, str]] = ()
    strict: bool = False
    strict_guards: bool = False


def compile_tree(
    tree: Tree, request: Request, given: Given, resources: Resources | None = None
) -> Compiled:
    """Compile a tree for one peel: states in running order, or the errors for which nothing runs.

    It renders templates, which must happen in a worker (states.md 2).
    """
    return Compiler(tree, request, given, resources or Resources()).compile()


class Compiler:
    """One compile; `templates` serves the run that follows, for the templates of sources."""

    def __init__(self, tree: Tree, request: Request, given: Given, resources: Resources) -> None:
        self._tree = tree
        self._request = request
        self._peel = given.context.peel_id
        self._resources = resources
        self._problems = Problems(strict=request.strict)
        self.templates = Templates(tree, given)

    def compile(self) -> Compiled:
        """Compile; it is called once."""
        files = self._gather()
        high, lost = self._high, self._lost()
        apply_extends(high, lost, self._problems)
        copy_used(high, self._problems)
        self._check_excludes(high)
        apply_excludes(high)
        chunks = expand(high, lost, self._problems)
        states = self._states(chunks, high, lost)
        problems = self._problems
        return Compiled(
            states=() if problems.count else tuple(states), errors=problems.in_order(),
            more_errors=problems.more, warnings=tuple(problems.warnings),
            files=tuple(dict.fromkeys((*files, *self._files))),
        )  # fmt: skip

    def _gather(self) -> list[str]:
        request = self._request
        self._files: list[str] = []
        gatherer = Gatherer(self._tree, self._text, self._problems)
        self._high = gatherer.high
        top: list[str] = []
        asked: Iterable[tuple[str, str, Place | None]]
        if request.references is None:
            lines, top = top_lines(self._tree, self.templates, self._problems, request.env)
            named = meant(lines, self.templates, self._problems)
            asked = [(one.env, one.reference, one.place) for one in named]
            if not asked and not self._problems.count:
                self._problems.error(
                    f"the top file names nothing for the peel {self._peel!r}", None,
                    _whom(lines, top),
                )  # fmt: skip
        else:
            asked = [(request.env or "base", one, None) for one in request.references]
        for env, reference, place in asked:
            gatherer.ask(env, reference, place)
        for one in request.exclude:
            kind, text = next(iter(one.items())) if isinstance(one, Mapping) else ("sls", one)

            self._high.excludes.append(Exclude(kind=kind, text=text, place=None))
        return [*top, *self._high.files]

    def _check_excludes(self, high: High) -> None:
        """Warn of files to leave out that are nowhere in the tree: what was meant would run."""
        every = {one for env in self._tree.environments for one in self._tree.references(env)}
        for one in high.excludes:
            if one.kind == "sls" and not any(fnmatchcase(name, one.text) for name in every):
                near = did_you_mean(one.text, every)
                message = f"there is no state file {one.text!r} to exclude"
                self._problems.warn(message, one.place, near)

    def _text(self, env: str, path: str, dialect: Dialect, names: dict[str, Any]) -> LineMap | None:
        rendered = self.templates.render(env, path, names, dialect=dialect)
        self._files += rendered.files
        self._problems.extend(rendered.problems)
        return None if rendered.problems else rendered.lines

    def _lost(self) -> Lost:
        failed = [key for key, good in self._high.references.items() if not good]
        texts: list[str | None] = []
        for env, reference in failed:
            data = self._source(env, reference.removesuffix("?"))
            texts.append(None if data is None else data.decode("utf-8", "replace"))
        return Lost(texts, [reference for _, reference in failed])

    def _source(self, env: str, reference: str) -> bytes | None:
        stem = reference.replace(".", "/")
        for name in (stem, f"{stem}/init"):
            for suffix in (".zy", ".sls"):
                if (data := self._tree.read(env, name + suffix)) is not None:
                    return data
        return None

    def _states(self, chunks: list[Chunk], high: High, lost: Lost) -> list[State]:
        known = frozenset(reference for _, reference in high.references)
        requisites = resolve(chunks, known, lost, self._problems)
        ordered = order(chunks, requisites, self._problems)
        running = ordered.running if ordered else tuple(range(len(chunks)))
        places = {index: place for place, index in enumerate(running)}
        validator = Validator(
            self._resources, self._problems, strict_guards=self._request.strict_guards
        )
        return [
            validator.state(
                chunks[index], requisites[index], places, ordered.places[index] if ordered else 0
            )
            for index in running
        ]


def _whom(lines: Iterable[Asked], files: Sequence[str]) -> str:
    """Say whom top files mean, for a peel that they do not."""
    targets = list(dict.fromkeys(one.target for one in lines))
    some = ", ".join(map(repr, targets[:5])) + (" ..." if len(targets) > 5 else "")
    return f"looked in {', '.join(files)}, which means {some or 'nobody'}"
