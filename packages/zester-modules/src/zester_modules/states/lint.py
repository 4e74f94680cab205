"""What is wrong with a tree, or would be in a stricter one."""

from collections.abc import Iterable
from typing import Any

from zester_modules.context import Context
from zester_modules.states.compile import Request
from zester_modules.states.from_context import compiler_of, tree_of
from zester_modules.states.show import problem_data
from zester_modules.states.tree_modules import unread
from zester_modules.states.trees import Trees
from zester_proto.render.nodes import Problem
from zester_proto.target import TargetError, parse
from zester_proto.tree.files import BadTree
from zester_proto.tree.folders import Tree
from zester_proto.tree.problems import Problems, where
from zester_proto.tree.reference import is_glob, matching
from zester_proto.tree.salt_targets import in_our_letters
from zester_proto.tree.top import top_lines
from zester_proto.units import did_you_mean


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
    top = _of_top(context, tree, own) if not wanted else Problems(strict=True)
    found: dict[Problem, None] = dict.fromkeys(top.errors)
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


def _of_top(context: Context, tree: Tree, env: str) -> Problems:
    """Read the top file of an environment as this peel would, and all that it says of others."""
    problems = Problems(strict=True)
    if env not in tree.environments:
        hint = did_you_mean(env, tree.environments)
        problems.error(f"there is no environment {env!r}", None, hint)
    if "top" not in tree.references(env):
        return problems
    templates = compiler_of(context, Request(references=[], env=env)).templates
    groups = (context.trees or Trees()).groups
    for one in top_lines(tree, templates, problems, env)[0]:
        try:
            parse(in_our_letters(one.target, one.kind), groups=groups)
            if not is_glob(one.reference) and tree.find(one.env, one.reference) is None:
                near = did_you_mean(one.reference, tree.references(one.env))
                problems.error(f"there is no state file {one.reference!r}", one.place, near)
        except BadTree as error:
            problems.error(error.message, one.place, error.hint)
        except TargetError as error:
            problems.error(f"{one.target!r}: {error.message}", one.at, error.hint)
    return problems


def _meant(name: str, tree: Tree, env: str) -> list[str]:
    return matching(name, tree.references(env)) or [name]


def _each(tree: Tree, env: str) -> list[str]:
    return sorted(one for one in tree.references(env) if one != "top")
