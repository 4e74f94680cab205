"""One run of a peel's own states: its settings, its tree compiled, and what the run stands on."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from zester_modules.context import Context
from zester_modules.functions.machines import machine_of
from zester_modules.host.machine import Machine
from zester_modules.params import fit
from zester_modules.resource import AnyResource
from zester_modules.states.calls import StateCalls
from zester_modules.states.compile import Compiler, Request
from zester_modules.states.from_context import compiler_of, given_by, tree_of
from zester_modules.states.laid import laid
from zester_modules.states.model import Compiled, State
from zester_modules.states.resources_table import resources_of
from zester_modules.states.run import Grounds, Wishes, run
from zester_modules.states.source_templates import SourceTemplates
from zester_modules.states.template_context import Templates
from zester_modules.states.tree_sources import TreeSources
from zester_modules.states.trees import Trees
from zester_proto.errors import ZesterError
from zester_proto.tree.folders import Tree

FIRED: Final = "state/result"
"""The tag of what `fire_event: true` tells."""


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
            settings = laid(context.settings, pillar)
            self.context = msgspec.structs.replace(context, settings=settings)
        self.resources = resources_of(self.context)

    def apply(
        self,
        names: Sequence[str] | None,
        exclude: Sequence[Any] = (),
        *,
        failhard: bool = False,
    ) -> dict[str, Any]:
        """Compile and run; `names` None is what the top file names. Give the result."""
        compiler = self.compiler(names, exclude)
        compiled = compiler.compile()
        tree = tree_of(self.context)
        return self.run(compiled, tree, compiler.templates, failhard=failhard)

    def compiler(self, names: Sequence[str] | None, exclude: Sequence[Any] = ()) -> Compiler:
        """Give what compiles state files, or what the top file names."""
        request = Request(
            references=names, env=self._env or None, exclude=exclude, strict=self.context.strict,
            strict_guards=self._trees.strict_guards,
        )  # fmt: skip
        return compiler_of(self.context, request, self.resources)

    def single(self, state: State) -> dict[str, Any]:
        """Run one state that stands in no tree."""
        tree = tree_of(self.context) if self.context.roots else Tree({})
        templates = Templates(tree, given_by(self.context))
        return self.run(Compiled(states=(state,)), tree, templates)

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

    def sources(
        self, tree: Tree, *, fetched: Callable[[Path], None] = lambda _path: None
    ) -> TreeSources:
        """Give where files come from; `fetched` hears of each that was not here before."""
        return TreeSources(
            tree, self._env or "base", Path(self._trees.cache), cache_max=self._trees.cache_max,
            fetched=fetched,
        )  # fmt: skip

    def _grounds(self, tree: Tree, templates: Templates) -> Grounds:
        context = self.context
        folder = context.tmp / "states"
        folder.mkdir(mode=0o700, exist_ok=True)
        machine = machine_of(context)
        return Grounds(
            machine=machine,
            find=self.resources.find,
            params=params_of,
            facts=context.facts,
            facts_dir=context.facts_dir,
            settings=templates.settings,
            reads=templates.reads,
            masker=context.masker,
            sources=self.sources(tree),
            templates=lambda state: SourceTemplates(templates, state),
            calls=StateCalls(templates.calls, context),
            only_reads=self._only_reads,
            folder=folder,
            backups=Path(self._trees.backups),
            remaining=context.remaining,
            event=self._tell,
            forget=lambda: self._forget(machine),
            log=context.log,
        )

    def _only_reads(self, name: str) -> bool:
        try:
            return self.context.registry.find(name).reads
        except ZesterError:
            return False

    def _tell(self, tag: str, data: Mapping[str, Any]) -> None:
        from zester_modules.events import tell  # noqa: PLC0415  # few states ask for it

        tell(self.context, tag or FIRED, data)

    def _forget(self, machine: Machine) -> None:
        """Forget what was looked up about the host: a state has brought more of it."""
        importlib.invalidate_caches()
        machine.forget()
        self.context.registry.forget()
        self.resources.forget()


def params_of(resource: AnyResource, state: State) -> msgspec.Struct:
    """Give a state's arguments, fitted to its resource.

    Raises:
        ZesterError: they do not fit.
    """
    # the resource may be another one by now: a state before has brought it
    if state.params is not None and type(state.params) is resource.params:
        return state.params
    fitted = fit(resource, state.name, state.arguments, state.dialect)
    if fitted.params is None:
        wrong = [one for one in fitted.problems if one.kind in {"type", "missing"}]
        raise ZesterError("; ".join(one.message for one in wrong), hint=wrong[0].hint)
    return fitted.params
