"""Alternatives of programs."""

# ruff: noqa: D417  # the context is handed to every function alike

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.functions.by_state import by_state
from zester_modules.functions.machines import machine_of
from zester_modules.host.machine import Command
from zester_modules.resources.alternatives import TOOL, read_group
from zester_modules.returns import Return


@function("alternatives.show_current", reads=True)
def show_current(context: Context, name: str) -> str:
    """Answer the alternative that is taken; "" if there is none.

    Args:
        name: of the group, such as editor.
    """
    done = machine_of(context).ask(Command(argv=(TOOL, "--query", name)))
    return read_group(done.stdout.decode("utf-8", "replace")).value if not done.exit_code else ""


@function("alternatives.install", dry=True)
def install(context: Context, name: str, link: str, path: str, priority: int) -> Return:
    """Have an alternative offered.

    Args:
        name: of the group, such as editor.
        link: the link that people use.
        path: the alternative.
        priority: the highest is taken unless one is set.
    """
    return by_state(context, "alternatives.install", name, link=link, path=path, priority=priority)


@function("alternatives.set", dry=True)
def alternatives_set(context: Context, name: str, path: str) -> Return:
    """Have an alternative taken.

    Args:
        name: of the group, such as editor.
        path: the alternative.
    """
    return by_state(context, "alternatives.set", name, path=path)


@function("alternatives.auto", dry=True)
def auto(context: Context, name: str) -> Return:
    """Have the alternative of the highest priority taken.

    Args:
        name: of the group, such as editor.
    """
    return by_state(context, "alternatives.auto", name)


@function("alternatives.remove", dry=True)
def remove(context: Context, name: str, path: str) -> Return:
    """Have an alternative no longer offered.

    Args:
        name: of the group, such as editor.
        path: the alternative.
    """
    return by_state(context, "alternatives.remove", name, path=path)
