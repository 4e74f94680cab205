"""cmd.wait: a command line that is run when something that it watches has changed."""

from typing import Final

from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.cmd.command import RETIRES, CommandParams, apply, paths_of, planned


class Params(CommandParams, frozen=True, kw_only=True):
    """Run a command line only when a watched state has changed."""


def check(_params: Params, _scope: Scope) -> Plan:
    """Plan nothing: it only reacts."""
    return Plan(comment="nothing that it watches has changed")


def react(params: Params, scope: Scope) -> Plan:
    """Plan to run it."""
    return planned(params, scope)


WAIT: Final = Resource(
    name="cmd.wait", params=Params, check=check, apply=apply, react=react, kind="action",
    paths=paths_of, retires=RETIRES,
)  # fmt: skip
