"""What is wrong with a tree, or would be in a stricter one."""

from collections.abc import Iterable
from typing import Any

from zester_modules.context import Context
from zester_modules.states.compile import Request
from zester_modules.states.from_context import compiler_of, tree_of
from zester_modules.states.show import problem_data
from zester_modules.states.tree_modules import unread
from zester_proto.render.nodes import Problem
from zester_proto.tree.folders import Tree
from zester_proto.tree.problems import where
from zester_proto.tree.reference import matching


def lint(context: Context, names: Iterable[str], env: str = "") -> dict[str, Any]:
    """Compile strictly, and tell everything that is refused, hidden or never read.

    Args:
        context: of the job.
        names: state files or globs of them; without any, each file of the tree by itself.
        env: their environment; else `base`.
    """
    tree = tree_of(context)
    own = env or "base"
    wanted = [one for name in names for one in _meant(name, tree, own)]
    found: dict[Problem, None] = {}
    files: set[str] = set()
    for one in wanted or _each(tree, own):
        compiled = compiler_of(context, Request(references=[one], env=own, strict=True)).compile()
        found |= dict.fromkeys(compiled.errors)
        files |= set(compiled.files)
    return {
        "files": len(files),
        "errors": [problem_data(one) for one in sorted(found, key=where)],
        "unread": unread(tree, own, modules=context.trees is not None and context.trees.modules),
        "hidden": [
            {"file": one.path, "root": str(one.root), "by": str(one.by)} for one in tree.hidden(own)
        ],
    }


def _meant(name: str, tree: Tree, env: str) -> list[str]:
    return matching(name, tree.references(env)) or [name]


def _each(tree: Tree, env: str) -> list[str]:
    return sorted(one for one in tree.references(env) if one != "top")
