"""The machine that an execution function looks at."""

from zester_modules.context import Context
from zester_modules.host.machine import Machine


def machine_of(context: Context) -> Machine:
    """Give the context's machine, or the one that this process runs on."""
    if context.machine is not None:
        return context.machine
    from zester_modules.host.real import RealMachine  # noqa: PLC0415  # only who looks pays for it

    return RealMachine(context.tmp, context.host)
