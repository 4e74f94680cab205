"""Settings of the kernel."""

# ruff: noqa: D417  # the context is handed to every function alike

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.functions.by_state import by_state
from zester_modules.functions.machines import machine_of
from zester_modules.resources.sysctl import place
from zester_modules.returns import Return


@function("sysctl.get", reads=True)
def sysctl_get(context: Context, name: str) -> str:
    """Answer a setting of the kernel; "" if there is none of that name.

    Args:
        name: such as net.ipv4.ip_forward.
    """
    found = machine_of(context).read(place(name))
    return (found or b"").decode("utf-8", "replace").strip()


@function("sysctl.persist", dry=True)
def persist(context: Context, name: str, value: str, config: str | None = None) -> Return:
    """Set a setting of the kernel, now and after a boot.

    Args:
        name: such as net.ipv4.ip_forward.
        value: its value.
        config: the file that keeps it.
    """
    return by_state(context, "sysctl.present", name, value=value, config=config)
