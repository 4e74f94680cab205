"""What lies in the tree, by Salt's names."""

# ruff: noqa: D417  # the context is handed to every function alike

from zester_modules.context import Context
from zester_modules.errors import Refused
from zester_modules.function import function
from zester_modules.states.tree_view import TreeView


@function("cp.list_states", reads=True)
def list_states(context: Context, saltenv: str | None = None) -> list[str]:
    """Answer the references of all state files.

    Args:
        saltenv: the environment; else that of the file being rendered.
    """
    tree = _tree(context)
    return tree.states(saltenv or tree.env)


@function("cp.list_master_dirs", reads=True)
def list_master_dirs(context: Context, saltenv: str | None = None, prefix: str = "") -> list[str]:
    """Answer all folders of the tree.

    Args:
        saltenv: the environment; else that of the file being rendered.
        prefix: only those that begin so.
    """
    tree = _tree(context)
    return [one for one in tree.folders(saltenv or tree.env) if one.startswith(prefix)]


@function("cp.list_master_symlinks", reads=True)
def list_master_symlinks(
    context: Context, saltenv: str | None = None, prefix: str = ""
) -> dict[str, str]:
    """Answer all links of the tree, and where each leads.

    Args:
        saltenv: the environment; else that of the file being rendered.
        prefix: only those that begin so.
    """
    tree = _tree(context)
    links = tree.links(saltenv or tree.env)
    return {path: target for path, target in links.items() if path.startswith(prefix)}


@function("cp.list_master", reads=True)
def list_master(context: Context, saltenv: str | None = None, prefix: str = "") -> list[str]:
    """Answer all files of the tree.

    Args:
        saltenv: the environment; else that of the file being rendered.
        prefix: only those that begin so.
    """
    tree = _tree(context)
    return [one for one in tree.files(saltenv or tree.env) if one.startswith(prefix)]


def _tree(context: Context) -> TreeView:
    if context.tree is None:
        raise Refused("cp: there is no tree here", hint="call it in a template")
    return context.tree
