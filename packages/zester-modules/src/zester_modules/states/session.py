"""One run of a peel's own states: its settings, its tree compiled, and what the run stands on."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

from zester_modules.context import Context
from zester_modules.errors import Refused
from zester_modules.host.machine import Machine
from zester_modules.host.real import RealMachine
from zester_modules.params import fit
from zester_modules.resource import AnyResource
from zester_modules.resource import Templates as SourceTemplates
from zester_modules.states.calls import StateCalls
from zester_modules.states.compile import Compiler, Request
from zester_modules.states.model import Compiled, State
from zester_modules.states.resources_table import Resources
from zester_modules.states.run import Grounds, Wishes, run
from zester_modules.states.settings_of import settings_of
from zester_modules.states.template_context import Given, Templates, code_cache
from zester_modules.states.tree import Tree
from zester_modules.states.tree_sources import TreeSources
from zester_modules.states.trees import Trees
from zester_proto.errors import ZesterError


class Session:
    """What one function of `state.*` works with.

    Args:
        context: the job.
        env: the environment; "" is all that the top file names, and `base` for files by name.
        pillar: settings laid on top for this run.
    """

    def __init__(
        self, context: Context, *, env: str = "", pillar: Mapping[str, Any] | None = None
    ) -> None:
        self._trees = context.trees or Trees()
        self._env = env or self._trees.env
        given = self._given(context)
        found = settings_of(self._trees.settings_paths(), context, given)
        settings = _laid(found or context.settings, pillar or {})
        self.context = msgspec.structs.replace(context, settings=settings)
        self.resources = Resources()

    def _given(self, context: Context) -> Given:
        trees = self._trees
        return Given(
            context=context,
            template_functions=frozenset(trees.template_functions),
            codes=code_cache(Path(trees.codes) if trees.codes else None),
        )

    def tree(self) -> Tree:
        """Give the state tree.

        Raises:
            Refused: this peel has none.
        """
        if not self._trees.states:
            raise Refused(
                "this peel has no state tree",
                hint="give one with --tree DIR, or set state_roots in its configuration",
            )
        return Tree(self._trees.paths())

    def apply(self, names: Sequence[str] | None, exclude: Sequence[Any] = ()) -> dict[str, Any]:
        """Compile and run; `names` None is what the top file names. Give the result."""
        tree = self.tree()
        request = Request(
            references=names, env=self._env or None, exclude=exclude, strict=self._trees.strict
        )
        compiler = Compiler(tree, request, self._given(self.context), self.resources)
        compiled = compiler.compile()
        return self.run(compiled, tree, compiler.templates)

    def single(self, state: State) -> dict[str, Any]:
        """Run one state that stands in no tree."""
        tree = Tree(self._trees.paths())
        return self.run(Compiled(states=(state,)), tree, Templates(tree, self._given(self.context)))

    def run(self, compiled: Compiled, tree: Tree, templates: Templates) -> dict[str, Any]:
        """Run a compiled tree."""
        wishes = Wishes(
            test=self.context.test,
            failhard=self._trees.failhard,
            parallel=self._trees.parallel,
        )
        return run(compiled, self._grounds(tree, templates), wishes)

    def _grounds(self, tree: Tree, templates: Templates) -> Grounds:
        context = self.context
        folder = context.tmp / "states"
        folder.mkdir(mode=0o700, exist_ok=True)
        return Grounds(
            machine=context.machine or real_machine(context),
            find=self.resources.find,
            params=params_of,
            facts=context.facts,
            settings=context.settings,
            sources=TreeSources(tree, self._env or "base", Path(self._trees.cache)),
            templates=lambda state: _source_templates(templates, state),
            calls=StateCalls(templates.calls, context),
            folder=folder,
            backups=Path(self._trees.backups),
            remaining=context.remaining,
            log=context.log,
        )


def real_machine(context: Context) -> Machine:
    """Give the machine that this process runs on."""
    return RealMachine(context.tmp, context.host)


def params_of(resource: AnyResource, state: State) -> msgspec.Struct:
    """Fit a state's arguments to its resource.

    Raises:
        ZesterError: they do not fit.
    """
    fitted = fit(resource, state.name, state.arguments, state.dialect)
    if fitted.params is None:
        wrong = [one for one in fitted.problems if one.kind != "unknown"]
        raise ZesterError("; ".join(one.message for one in wrong), hint=wrong[0].hint)
    return fitted.params


def _source_templates(templates: Templates, state: State) -> SourceTemplates:
    def render(
        text: str, *, source: str, context: Mapping[str, Any], defaults: Mapping[str, Any]
    ) -> str:
        path = source.partition("://")[2].partition("?")[0] or source.lstrip("/")
        names = {**state.context, **defaults, **context}
        # of a source the folder is its own; the state's is under `sls` and `slspath`
        names = {key: value for key, value in names.items()
                 if not key.startswith("tpl") or key in defaults or key in context}  # fmt: skip
        rendered = templates.render(
            state.env, path, names, dialect=state.dialect, text=text, source=True
        )
        if rendered.problems:
            one = rendered.problems[0]
            where = f" ({one.place})" if one.place else ""
            raise ZesterError(f"{one.message}{where}", hint=one.hint)
        return rendered.text

    return render


def _laid(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    laid = dict(base)
    for key, value in over.items():
        before = laid.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            maps = cast("tuple[Mapping[str, Any], Mapping[str, Any]]", (before, value))
            laid[key] = _laid(*maps)
        else:
            laid[key] = value
    return laid
