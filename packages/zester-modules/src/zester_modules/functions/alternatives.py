"""Alternatives of programs."""

# ruff: noqa: D417  # the context is handed to every function alike

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.functions.machines import machine_of
from zester_modules.host.machine import Command
from zester_modules.resources.alternatives import TOOL, read_group


@function("alternatives.show_current", reads=True)
def show_current(context: Context, name: str) -> str:
    """Answer the alternative that is taken; "" if there is none.

    Args:
        name: of the group, such as editor.
    """
    done = machine_of(context).ask(Command(argv=(TOOL, "--query", name)))
    return read_group(done.stdout.decode("utf-8", "replace")).value if not done.exit_code else ""
