"""Packages of Python, by Salt's names."""

# ruff: noqa: D417  # the context is handed to every function alike

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.functions.by_state import by_state
from zester_modules.functions.machines import machine_of
from zester_modules.resources.pip.commands import Place, listed
from zester_modules.returns import Return


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


@function("pip.install", dry=True)
def install(  # noqa: PLR0917  # the signature is Salt's
    context: Context,
    pkgs: list[str] | None = None,
    requirements: str = "",
    bin_env: str = "",
    upgrade: bool = False,
    user: str = "",
    index_url: str = "",
    find_links: list[str] | None = None,
    no_index: bool = False,
    extra_args: list[str] | None = None,
) -> Return:
    """Install packages, with what they need.

    Args:
        pkgs: the packages, such as `flask` or `flask>=2`.
        requirements: a file of requirements.
        bin_env: a virtual environment, or a pip; else the host's own.
        upgrade: to the newest version that fits.
        user: who runs pip.
        index_url: the index in place of PyPI.
        find_links: folders or pages of packages.
        no_index: ask no index, only find_links.
        extra_args: further words for pip.
    """
    return by_state(
        context, "pip.installed", "pip.install", pkgs=pkgs, requirements=requirements,
        bin_env=bin_env, upgrade=upgrade, user=user, index_url=index_url, find_links=find_links,
        no_index=no_index, extra_args=extra_args,
    )  # fmt: skip


@function("pip.uninstall", dry=True)
def uninstall(context: Context, pkgs: list[str], bin_env: str = "", user: str = "") -> Return:
    """Remove packages; what they needed stays.

    Args:
        pkgs: the packages.
        bin_env: a virtual environment, or a pip; else the host's own.
        user: who runs pip.
    """
    return by_state(context, "pip.removed", "pip", pkgs=pkgs, bin_env=bin_env, user=user)
