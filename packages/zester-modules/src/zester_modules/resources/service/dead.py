"""service.dead: a service that shall not run."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.service.deeds import Deed, apply, enabling, planned


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Have a service stopped; one that is not there is stopped."""

    name: Annotated[str, Meta(description="the service")]
    enable: Annotated[
        bool | None, Meta(description="start it with the machine, or not; by default left alone")
    ] = None


def check(params: Params, scope: Scope) -> Plan:
    """Plan to stop it, and whether it starts with the machine."""
    service = scope.machine.services.find(params.name)
    if service is None:
        return Plan(comment="there is no such service")
    deeds: list[Deed] = ["stop"] if service.running else []
    deeds += enabling(service, wanted=params.enable)
    return planned(params.name, deeds, "the service does not run")


DEAD: Final = Resource(
    name="service.dead", params=Params, reach="service", check=check, apply=apply,
    retires=("provider", "timeout", "init_delay"), lacks=("sig", "no_block"),
)  # fmt: skip
