"""service.running: a service that shall run; what it watches restarts or reloads it."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.service.deeds import Deed, apply, enabling, found, planned
from zester_modules.words import Duration


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Have a service running."""

    name: Annotated[str, Meta(description="the service")]
    enable: Annotated[
        bool | None, Meta(description="start it with the machine, or not; by default left alone")
    ] = None
    reload: Annotated[
        bool, Meta(description="reload it when what it watches changes, instead of a restart")
    ] = False
    full_restart: Annotated[bool, Meta(description="restart it, whatever reload says")] = False
    init_delay: Annotated[
        Duration, Meta(description="look again so long after a start whether it still runs")
    ] = 0.0
    unmask: Annotated[bool, Meta(description="unmask it if it is masked")] = False
    unmask_runtime: Annotated[
        bool, Meta(description="unmask it if it is masked until the next boot")
    ] = False


def check(params: Params, scope: Scope) -> Plan:
    """Plan to start it, and what it takes to start with the machine."""
    service = found(params.name, scope)
    deeds: list[Deed] = []
    if service.masked and (params.unmask or params.unmask_runtime):
        deeds.append("unmask-runtime" if params.unmask_runtime else "unmask")
    elif service.masked and not service.running:
        raise HostProblem(f"{params.name} is masked", hint="give unmask: true")
    if not service.running:
        deeds.append("start")
    deeds += enabling(service, wanted=params.enable)
    return planned(params.name, deeds, "the service runs", delay=params.init_delay)


def react(params: Params, scope: Scope) -> Plan:
    """Plan to restart or reload it, unless this run has started it."""
    if params.name in scope.started:
        return Plan(comment="this run has started it")
    service = found(params.name, scope)
    if not params.reload or params.full_restart:
        return planned(params.name, ["restart"], "", delay=params.init_delay)
    if service.can_reload:
        return planned(params.name, ["reload"], "")
    said = (f"{params.name} cannot reload: a restart",)
    return planned(params.name, ["restart"], "", said, delay=params.init_delay)


RUNNING: Final = Resource(
    name="service.running", params=Params, reach="service", check=check, apply=apply, react=react,
    retires=("provider", "timeout"), lacks=("sig", "no_block"),
)  # fmt: skip
