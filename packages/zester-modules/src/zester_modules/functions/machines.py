"""The machine that a job looks at and changes: what a run of states sees, else this host."""

from zester_modules.context import Context
from zester_modules.host.machine import Machine


def machine_of(context: Context) -> Machine:
    """Give the machine of a context."""
    if context.machine is not None:
        return context.machine
    from zester_modules.host.real import RealMachine  # noqa: PLC0415  # not for a fake one

    return RealMachine(context.tmp, context.host)
