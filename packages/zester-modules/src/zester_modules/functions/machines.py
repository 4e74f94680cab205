"""The machine that functions of packages, services and settings look at."""

from zester_modules.context import Context
from zester_modules.host.machine import Machine
from zester_modules.host.real.machine import RealMachine


def machine_of(context: Context) -> Machine:
    """Give the machine of a context: what a run of states sees, else this host."""
    return context.machine or RealMachine(context.tmp, context.host)
