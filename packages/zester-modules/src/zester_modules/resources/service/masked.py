"""service.masked and service.unmasked: whether a service can be started at all."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.service.deeds import Deed, apply, found, planned


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Have a service impossible to start, or possible again."""

    name: Annotated[str, Meta(description="the service")]
    runtime: Annotated[bool, Meta(description="only until the next boot")] = False


def check_masked(params: Params, scope: Scope) -> Plan:
    """Plan to mask it; it is not stopped."""
    if found(params.name, scope).masked:
        return planned(params.name, [], "it is masked")
    _refuse_own_unit(params.name, scope)
    return planned(params.name, ["mask-runtime" if params.runtime else "mask"], "")


def _refuse_own_unit(name: str, scope: Scope) -> None:
    """Hold back what systemd cannot do: the link that masks would lie where the unit's file is."""
    if scope.machine.services.kind != "systemd":
        return
    path = f"/etc/systemd/system/{name if '.' in name else f'{name}.service'}"
    unit = scope.machine.stat(path)
    if unit is not None and unit.kind == "file":
        raise HostProblem(
            f"{name} cannot be masked: its unit is {path}, in whose place the mask would lie",
            hint="disable it (service.disabled), or have its unit in /usr/local/lib/systemd/system",
        )


def check_unmasked(params: Params, scope: Scope) -> Plan:
    """Plan to unmask it."""
    deeds: list[Deed] = ["unmask-runtime" if params.runtime else "unmask"]
    masked = found(params.name, scope).masked
    return planned(params.name, deeds if masked else [], "it is not masked")


MASKED: Final = Resource(
    name="service.masked", params=Params, reach="service", check=check_masked, apply=apply
)
UNMASKED: Final = Resource(
    name="service.unmasked", params=Params, reach="service", check=check_unmasked, apply=apply
)
