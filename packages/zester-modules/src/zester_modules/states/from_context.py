"""A compile as a job asks for it: the tree, the peel and what is configured, from the context."""

from collections.abc import Iterable

from zester_modules.context import Context
from zester_modules.errors import Refused
from zester_modules.states.compile import Compiler, Request
from zester_modules.states.published import PublishedTree
from zester_modules.states.resources_table import Resources, resources_of
from zester_modules.states.template_context import Given
from zester_modules.states.trees import Trees
from zester_proto.render.code_cache import CodeCache
from zester_proto.tree.folders import Tree


def tree_of(context: Context) -> Tree:
    """Give the job's tree.

    Raises:
        Refused: none is configured.
    """
    if not context.roots:
        raise Refused(
            "there is no state tree on this peel",
            hint="zester tree status shows what is published; zester-peel call takes --tree DIR",
        )
    trees = context.trees
    if trees is not None and trees.revision:
        return PublishedTree(context.roots, trees.revision, trees.agent)
    return Tree(context.roots)


def compiler_of(context: Context, request: Request, resources: Resources | None = None) -> Compiler:
    """Give a compiler for a job.

    Raises:
        Refused: there is no tree.
    """
    return Compiler(
        tree_of(context), request, given_by(context), resources or resources_of(context)
    )


def given_by(context: Context) -> Given:
    """Give what the job and the peel's configuration say of compiles."""
    trees = context.trees or Trees()
    return Given(
        context=context,
        template_functions=context.template_functions,
        codes=CodeCache(context.codes) if context.codes else None,
        groups=trees.groups,
        jinja_env=trees.jinja_env,
        jinja_sls_env=trees.jinja_sls_env,
    )


def request_of(
    context: Context,
    names: Iterable[str],
    *,
    env: str = "",
    strict: bool = False,
    exclude: Iterable[str] = (),
) -> Request:
    """Give a request; no name is the top file, and of what is left out `a,b` is two."""
    return Request(
        references=[*names] or None,
        env=env or None,
        exclude=split_names(exclude),
        strict=strict or context.strict,
        strict_guards=context.trees is not None and context.trees.strict_guards,
    )


def split_names(names: Iterable[str]) -> list[str]:
    """Give the single words of a list with commas."""
    return [part.strip() for name in names for part in name.split(",") if part.strip()]
