"""Functions and states that a tree brings itself, in `_modules/` and `_states/`: off by default.

A file is run from its bytes, under a name that nothing installed can have, in the worker of one
job. It imports what is installed, and no other file of the tree.
"""

import ast
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from zester_modules.states.published import PublishedTree
from zester_modules.states.salt_names import SALT_NAMES, hint_for
from zester_modules.states.trees import Trees
from zester_proto.errors import ZesterError
from zester_proto.providers import Provider
from zester_proto.tree.folders import Tree

FUNCTIONS: Final = "_modules"
STATES: Final = "_states"

PACKAGE: Final = "zester_tree"
"""First part of the names that such modules have within Python."""

SALTS: Final[dict[str, str]] = {
    "_grains": "facts come from /etc/zester/facts and from entry points zester.facts",
    "_utils": "put what several modules share into a distribution",
    "_renderers": "templates are Jinja and YAML",
    "_pillar": "settings are a tree of their own",
    "_beacons": "watch from outside, or with a schedule",
    "_returners": "zester job answers what was returned",
    "_outputters": "zester --output json, and a program of your own",
    "_runners": "call zester from a script",
    "_engines": "run them as services of their own",
    "_tops": "write a top file",
    "_matchers": "zester target explains what targets can say",
    "_serializers": "import a distribution",
    "_proxy": "there are no proxies",
    "_executors": "there are none",
    "_sdb": "secrets are settings",
}
"""Folders of Salt's that nothing here reads, and what there is instead."""

_OFF: Final = (
    "code in {}/ of a tree is off, and `tree_modules: true` in the peel's configuration turns it on"
)
_HOW: Final = (
    "it is loaded from published trees alone, which are signed; `zester-peel call --tree-modules` "
    "loads it from --tree"
)


class Unloadable(ZesterError):
    """Raised when a module of the tree is not to be loaded, or is none of ours."""


def providers(trees: Trees, folder: str) -> list[Provider]:
    """Give the modules in a folder of the tree, off or not; nothing is loaded yet.

    Args:
        trees: of the job.
        folder: FUNCTIONS or STATES.
    """
    tree = _open(trees)
    env = trees.env or "base"
    names = [path.split("/") for path in tree.files(env)]
    stems = [one[1][:-3] for one in names if len(one) == 2 and one[0] == folder and _is_python(one)]
    return [_provider(trees, tree, env, folder, stem) for stem in stems]


def _is_python(parts: list[str]) -> bool:
    return parts[1].endswith(".py") and parts[1][:-3].isidentifier() and parts[1] != "__init__.py"


def _open(trees: Trees) -> Tree:
    if trees.revision:
        return PublishedTree(trees.paths(), trees.revision, trees.agent)
    return Tree(trees.paths())


def _provider(trees: Trees, tree: Tree, env: str, folder: str, stem: str) -> Provider:
    path = f"{folder}/{stem}.py"

    def load() -> ModuleType:
        if not trees.modules:
            raise Unloadable(_OFF.format(folder), hint=_HOW)
        place = tree.obtain(env, path)
        if place is None:
            raise Unloadable("it is gone from the tree")
        return _run(f"{PACKAGE}.{folder}.{stem}", place, path)

    return Provider(name=stem, package=f"{path} in the tree", load=load)


def _run(name: str, place: Path, path: str) -> ModuleType:
    """Run a file as a module.

    Raises:
        Unloadable: it is written for Salt, or no Python.
        Exception: whatever it raises.
    """
    try:
        parsed = ast.parse(place.read_bytes(), path)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise Unloadable(f"{path}:{line}: not Python: {error}") from error
    _refuse_salts(parsed, path)
    module = ModuleType(name)
    module.__file__ = str(place)
    # annotations that are texts are looked up there
    sys.modules[name] = module
    try:
        # the tree is signed by a master of the site, or was named by who may run anything here
        exec(compile(parsed, str(place), "exec"), vars(module))  # noqa: S102
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _refuse_salts(parsed: ast.Module, path: str) -> None:
    found: list[Any] = [
        node for node in ast.walk(parsed) if isinstance(node, ast.Name) and node.id in SALT_NAMES
    ]
    if found:
        first = min(found, key=lambda node: node.lineno)
        raise Unloadable(f"{path}:{first.lineno}: there is no {first.id}", hint=hint_for(first.id))


def unread(tree: Tree, env: str, *, modules: bool) -> list[dict[str, str]]:
    """Give the folders of a tree that Salt would load code from and this peel does not."""
    tops = {path.partition("/")[0] for path in tree.files(env)}
    known = (
        dict(SALTS) if modules else {one: _OFF.format(one) for one in (FUNCTIONS, STATES)} | SALTS
    )
    return [{"folder": one, "hint": known[one]} for one in sorted(tops & known.keys())]
