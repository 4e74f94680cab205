"""Modules of the kernel."""

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.functions.machines import machine_of
from zester_modules.resources.kmod import LOADED, loaded_in


@function("kmod.list", reads=True)
def kmod_list(context: Context) -> list[str]:
    """Answer the loaded modules of the kernel."""
    return sorted(loaded_in((machine_of(context).read(LOADED) or b"").decode()))
