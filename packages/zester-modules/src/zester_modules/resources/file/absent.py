"""file.absent: nothing lies at a path; and file.exists, file.missing, which only look."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Leaf, Plan, Resource, Scope
from zester_modules.resources.file.steps import Remove, Work, apply, planned, whole


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """A path."""

    name: Annotated[str, Meta(description="the path")]


def check_absent(params: Params, scope: Scope) -> Plan:
    """Plan to remove what is there; a link goes, not what it names."""
    path = whole(params.name)
    if path == "/":
        raise HostProblem("/ cannot be removed")
    found = scope.machine.stat(path)
    if found is None:
        return Plan(comment="it is not there")
    work = Work(leaves=(Leaf(path=path, before=found.kind),), steps=(Remove(path),))
    return planned(work, f"a {found.kind} that is not to be there")


def check_exists(params: Params, scope: Scope) -> Plan:
    """Fail where nothing is."""
    if scope.machine.follow(whole(params.name)) is None:
        raise HostProblem(f"{params.name} is not there")
    return Plan(comment="it is there")


def check_missing(params: Params, scope: Scope) -> Plan:
    """Fail where something is."""
    if scope.machine.follow(whole(params.name)) is not None:
        raise HostProblem(f"{params.name} is there")
    return Plan(comment="it is not there")


ABSENT: Final = Resource(
    name="file.absent", params=Params, reach="path", check=check_absent, apply=apply
)
EXISTS: Final = Resource(
    name="file.exists", params=Params, reach="nothing", check=check_exists, apply=apply
)
MISSING: Final = Resource(
    name="file.missing", params=Params, reach="nothing", check=check_missing, apply=apply
)
