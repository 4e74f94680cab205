"""Functions that try out the way from an operator to a peel and back."""

# ruff: noqa: D417  # the context is handed to every function alike

import time
from typing import Final

from zester_modules.context import Context
from zester_modules.errors import Refused
from zester_modules.function import function
from zester_modules.returns import Return
from zester_modules.words import Duration

_PROVIDERS: Final = {
    "apk": "apkpkg", "apt": "aptpkg", "dnf": "yumpkg", "pacman": "pacmanpkg",
    "zypper": "zypperpkg", "systemd": "systemd_service", "sysv": "debian_service",
}  # fmt: skip
"""Salt's names of what manages packages and services, by ours."""


@function("test.ping", runs="inline", reads=True)
async def ping(_context: Context) -> bool:
    """Answer true: the peel is there and runs jobs."""
    return True


@function("test.echo", runs="inline", reads=True)
async def echo(_context: Context, text: str) -> str:
    """Answer the text that was sent.

    Args:
        text: what to answer.
    """
    return text


@function("test.fail", runs="inline", reads=True)
async def fail(_context: Context, text: str = "test.fail was asked to fail") -> Return:
    """Fail, to see what that looks like.

    Args:
        text: what to give as the reason.
    """
    return Return(None, "failed", error=text)


@function("test.true", runs="inline", reads=True)
async def true(_context: Context) -> bool:
    """Answer true."""
    return True


@function("test.false", runs="inline", reads=True)
async def false(_context: Context) -> bool:
    """Answer false."""
    return False


@function("test.version", runs="inline", reads=True)
async def version(context: Context) -> str:
    """Answer the version of the agent."""
    return context.version


@function("test.sleep", reads=True)
def sleep(_context: Context, seconds: Duration) -> float:
    """Do nothing for a while, in a worker, and answer how long that was asked to be.

    Args:
        seconds: how long.
    """
    time.sleep(seconds)
    return seconds


@function("test.provider", reads=True)
def provider(context: Context, module: str) -> str:
    """Answer what manages packages or services here, in Salt's words.

    Args:
        module: `pkg` or `service`.
    """
    if module not in {"pkg", "service"}:
        raise Refused(f"{module!r} has no provider", hint="pkg and service have one")
    from zester_modules.functions.machines import machine_of  # noqa: PLC0415  # test.ping needs it not
    from zester_modules.host.machine import HostProblem  # noqa: PLC0415  # the same

    machine = machine_of(context)
    try:
        found = machine.packages.kind if module == "pkg" else machine.services.kind
    except HostProblem:
        return ""
    return _PROVIDERS.get(found, found)
