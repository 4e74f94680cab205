"""Packages of Python, by Salt's names."""

# ruff: noqa: D417  # the context is handed to every function alike

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.functions.machines import machine_of
from zester_modules.resources.pip.commands import Place, listed


@function("pip.list", reads=True)
def pip_list(
    context: Context, prefix: str = "", bin_env: str = "", user: str = "", cwd: str = ""
) -> dict[str, str]:
    """Answer the installed packages and their versions.

    Args:
        prefix: only those that begin so.
        bin_env: a virtual environment, or a pip; else the host's own.
        user: who runs pip.
        cwd: the folder that pip is run in.
    """
    found = listed(Place(bin_env=bin_env, user=user, cwd=cwd), machine_of(context)).values()
    return {one.name: one.version for one in found if one.name.startswith(prefix)}


@function("pip.freeze", reads=True)
def freeze(context: Context, bin_env: str = "", user: str = "", cwd: str = "") -> list[str]:
    """Answer the installed packages as lines of a file of requirements.

    Args:
        bin_env: a virtual environment, or a pip; else the host's own.
        user: who runs pip.
        cwd: the folder that pip is run in.
    """
    found = listed(Place(bin_env=bin_env, user=user, cwd=cwd), machine_of(context)).values()
    return [f"{one.name}=={one.version}" for one in found]
