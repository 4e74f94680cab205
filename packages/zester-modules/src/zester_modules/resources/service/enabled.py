"""service.enabled and service.disabled: whether a service starts with the machine."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.service.deeds import apply, enabling, found, planned


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Have a service start with the machine, or not."""

    name: Annotated[str, Meta(description="the service")]


def check_enabled(params: Params, scope: Scope) -> Plan:
    """Plan to let it start with the machine."""
    service = found(params.name, scope)
    comment = "something else starts it" if service.static else "it is enabled"
    return planned(params.name, enabling(service, wanted=True), comment)


def check_disabled(params: Params, scope: Scope) -> Plan:
    """Plan not to let it start with the machine."""
    service = scope.machine.services.find(params.name)
    if service is None:
        return Plan(comment="there is no such service")
    return planned(params.name, enabling(service, wanted=False), "it is not enabled")


ENABLED: Final = Resource(
    name="service.enabled", params=Params, reach="service", check=check_enabled, apply=apply
)
DISABLED: Final = Resource(
    name="service.disabled", params=Params, reach="service", check=check_disabled, apply=apply
)
