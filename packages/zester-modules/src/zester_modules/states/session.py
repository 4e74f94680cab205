"""One run of a peel's own states: its settings, its tree compiled, and what the run stands on."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from zester_modules.context import Context
from zester_modules.functions.machines import machine_of
from zester_modules.params import fit
from zester_modules.resource import AnyResource
from zester_modules.states.calls import StateCalls
from zester_modules.states.compile import Request
from zester_modules.states.from_context import compiler_of, tree_of
from zester_modules.states.laid import laid
from zester_modules.states.model import Compiled, State
from zester_modules.states.resources_table import Resources
from zester_modules.states.run import Grounds, Wishes, run
from zester_modules.states.source_templates import SourceTemplates
from zester_modules.states.template_context import Given, Templates
from zester_modules.states.tree_sources import TreeSources
from zester_modules.states.trees import Trees
from zester_proto.errors import ZesterError
from zester_proto.tree.folders import Tree


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
        self.context = context
        if pillar:
            self.context = msgspec.structs.replace(context, settings=laid(context.settings, pillar))
        self.resources = Resources()

    def apply(
        self,
        names: Sequence[str] | None,
        exclude: Sequence[Any] = (),
        *,
        failhard: bool = False,
    ) -> dict[str, Any]:
        """Compile and run; `names` None is what the top file names. Give the result."""
        request = Request(
            references=names, env=self._env or None, exclude=exclude, strict=self.context.strict
        )
        compiler = compiler_of(self.context, request, self.resources)
        compiled = compiler.compile()
        tree = tree_of(self.context)
        return self.run(compiled, tree, compiler.templates, failhard=failhard)

    def single(self, state: State) -> dict[str, Any]:
        """Run one state that stands in no tree."""
        tree = Tree(self.context.roots)
        given = Given(context=self.context, template_functions=self.context.template_functions)
        return self.run(Compiled(states=(state,)), tree, Templates(tree, given))

    def run(
        self, compiled: Compiled, tree: Tree, templates: Templates, *, failhard: bool = False
    ) -> dict[str, Any]:
        """Run a compiled tree."""
        wishes = Wishes(
            test=self.context.test,
            failhard=failhard or self._trees.failhard,
            parallel=self._trees.parallel,
        )
        return run(compiled, self._grounds(tree, templates), wishes)

    def _grounds(self, tree: Tree, templates: Templates) -> Grounds:
        context = self.context
        folder = context.tmp / "states"
        folder.mkdir(mode=0o700, exist_ok=True)
        return Grounds(
            machine=machine_of(context),
            find=self.resources.find,
            params=params_of,
            facts=context.facts,
            settings=templates.settings,
            reads=templates.reads,
            masker=context.masker,
            sources=TreeSources(tree, self._env or "base", Path(self._trees.cache)),
            templates=lambda state: SourceTemplates(templates, state),
            calls=StateCalls(templates.calls, context),
            folder=folder,
            backups=Path(self._trees.backups),
            remaining=context.remaining,
            log=context.log,
        )


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
