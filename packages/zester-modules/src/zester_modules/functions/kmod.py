"""Modules of the kernel."""

# ruff: noqa: D417  # the context is handed to every function alike

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.functions.by_state import by_state
from zester_modules.functions.machines import machine_of
from zester_modules.resources.kmod import LOADED, loaded_in
from zester_modules.returns import Return


@function("kmod.list", reads=True)
def kmod_list(context: Context) -> list[str]:
    """Answer the loaded modules of the kernel."""
    return sorted(loaded_in((machine_of(context).read(LOADED) or b"").decode()))


@function("kmod.is_loaded", reads=True)
def is_loaded(context: Context, mod: str) -> bool:
    """Answer whether a module of the kernel is loaded.

    Args:
        mod: the module.
    """
    return mod.replace("-", "_") in kmod_list(context)


@function("kmod.load", dry=True)
def load(context: Context, mod: str, persist: bool = False) -> Return:
    """Load a module of the kernel.

    Args:
        mod: the module.
        persist: after a boot, too.
    """
    return by_state(context, "kmod.present", mod, persist=persist)


@function("kmod.remove", dry=True)
def remove(context: Context, mod: str, persist: bool = False) -> Return:
    """Take a module out of the kernel.

    Args:
        mod: the module.
        persist: after a boot, too.
    """
    return by_state(context, "kmod.absent", mod, persist=persist)
