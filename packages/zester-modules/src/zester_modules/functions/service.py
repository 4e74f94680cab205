"""Services of the host."""

# ruff: noqa: D417  # the context is handed to every function alike

from zester_modules.context import Context
from zester_modules.errors import Refused
from zester_modules.function import function
from zester_modules.functions.machines import machine_of
from zester_modules.host.machine import Service
from zester_modules.returns import Outcome, Return


@function("service.status", reads=True)
def status(context: Context, name: str) -> bool:
    """Answer whether a service runs.

    Args:
        name: the service.
    """
    found = machine_of(context).services.find(name)
    return found is not None and found.running


@function("service.available", reads=True)
def available(context: Context, name: str) -> bool:
    """Answer whether there is a service of that name.

    Args:
        name: the service.
    """
    return machine_of(context).services.find(name) is not None


@function("service.enabled", reads=True)
def enabled(context: Context, name: str) -> bool:
    """Answer whether a service starts with the machine.

    Args:
        name: the service.
    """
    found = machine_of(context).services.find(name)
    return found is not None and found.enabled


@function("service.get_all", reads=True)
def get_all(context: Context) -> list[str]:
    """Answer the names of all services."""
    return machine_of(context).services.names()


@function("service.start")
def start(context: Context, name: str) -> Return:
    """Start a service, and answer whether it runs.

    Args:
        name: the service.
    """
    was = _found(context, name).running
    machine_of(context).services.start(name)
    return _now(context, name, changed=not was)


@function("service.stop")
def stop(context: Context, name: str) -> Return:
    """Stop a service, and answer whether it is stopped.

    Args:
        name: the service.
    """
    was = _found(context, name).running
    machine_of(context).services.stop(name)
    return _now(context, name, changed=was, running=False)


@function("service.restart")
def restart(context: Context, name: str) -> Return:
    """Restart a service, and answer whether it runs.

    Args:
        name: the service.
    """
    _found(context, name)
    machine_of(context).services.restart(name)
    return _now(context, name, changed=True)


@function("service.reload")
def reload(context: Context, name: str) -> Return:
    """Let a service read its configuration anew, and answer whether it runs.

    Args:
        name: the service.
    """
    _found(context, name)
    machine_of(context).services.reload(name)
    return _now(context, name, changed=True)


@function("service.enable")
def enable(context: Context, name: str) -> Return:
    """Have a service start with the machine.

    Args:
        name: the service.
    """
    return _with_machine(context, name, starts=True)


@function("service.disable")
def disable(context: Context, name: str) -> Return:
    """Have a service not start with the machine.

    Args:
        name: the service.
    """
    return _with_machine(context, name, starts=False)


@function("service.disabled", reads=True)
def disabled(context: Context, name: str) -> bool:
    """Answer whether a service does not start with the machine.

    Args:
        name: the service.
    """
    found = machine_of(context).services.find(name)
    return found is None or not found.enabled


@function("service.missing", reads=True)
def missing(context: Context, name: str) -> bool:
    """Answer whether there is no service of that name.

    Args:
        name: the service.
    """
    return machine_of(context).services.find(name) is None


@function("service.masked", reads=True)
def masked(context: Context, name: str) -> bool:
    """Answer whether a service cannot be started.

    Args:
        name: the service.
    """
    found = machine_of(context).services.find(name)
    return found is not None and found.masked


@function("service.mask")
def mask(context: Context, name: str, runtime: bool = False) -> Return:
    """Make it impossible to start a service.

    Args:
        name: the service.
        runtime: until the next boot.
    """
    return _masked(context, name, wanted=True, runtime=runtime)


@function("service.unmask")
def unmask(context: Context, name: str, runtime: bool = False) -> Return:
    """Make it possible again to start a service.

    Args:
        name: the service.
        runtime: what was masked until the next boot.
    """
    return _masked(context, name, wanted=False, runtime=runtime)


@function("service.systemctl_reload")
def systemctl_reload(context: Context) -> bool:
    """Let the service manager read its units anew."""
    machine_of(context).services.daemon_reload()
    return True


def _with_machine(context: Context, name: str, *, starts: bool) -> Return:
    if _found(context, name).enabled == starts:
        return Return(value=True)
    machine_of(context).services.enable(name, enabled=starts)
    return Return(value=True, outcome=Outcome.CHANGED)


def _masked(context: Context, name: str, *, wanted: bool, runtime: bool) -> Return:
    if _found(context, name).masked == wanted:
        return Return(value=True)
    machine_of(context).services.mask(name, masked=wanted, runtime=runtime)
    return Return(value=True, outcome=Outcome.CHANGED)


def _found(context: Context, name: str) -> Service:
    found = machine_of(context).services.find(name)
    if found is None:
        raise Refused(f"there is no service {name!r}", hint="look at service.get_all")
    return found


def _now(context: Context, name: str, *, changed: bool, running: bool = True) -> Return:
    if _found(context, name).running == running:
        return Return(value=True, outcome=Outcome.CHANGED if changed else Outcome.OK)
    word = "does not run" if running else "still runs"
    return Return(value=False, outcome=Outcome.FAILED, error=f"{name} {word}")
