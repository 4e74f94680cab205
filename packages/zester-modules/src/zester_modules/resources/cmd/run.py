"""cmd.run: a command line, run every time unless a guard keeps it."""

from typing import Final

from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.cmd.command import RETIRES, CommandParams, apply, paths_of, planned


class Params(CommandParams, frozen=True, kw_only=True):
    """Run a command line; `creates`, `onlyif` and `unless` say when it is not needed."""


def check(params: Params, scope: Scope) -> Plan:
    """Plan to run it."""
    return planned(params, scope)


RUN: Final = Resource(
    name="cmd.run", params=Params, check=check, apply=apply, kind="action", paths=paths_of,
    retires=RETIRES,
)  # fmt: skip
