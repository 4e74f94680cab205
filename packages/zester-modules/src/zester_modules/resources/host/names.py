"""host.present, host.absent and host.only: names and addresses in `/etc/hosts`."""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Leaf, Plan, Resource, Scope
from zester_modules.resources.whole_file import Edit, apply, planned
from zester_modules.tables import hosts_file
from zester_modules.tables.hosts_file import HOSTS, Line


class Present(msgspec.Struct, frozen=True, kw_only=True):
    """Let a name stand for addresses."""

    name: Annotated[str, Meta(description="the name")]
    ip: Annotated[list[str], Meta(description="the addresses, one or more")]
    comment: Annotated[str, Meta(description="what stands behind the names")] = ""
    clean: Annotated[bool, Meta(description="take the name from all other addresses")] = False


class Absent(msgspec.Struct, frozen=True, kw_only=True):
    """Let a name no longer stand for addresses."""

    name: Annotated[str, Meta(description="the name")]
    ip: Annotated[
        list[str] | None, Meta(description="the addresses; without them, any that has it")
    ] = None


class Only(msgspec.Struct, frozen=True, kw_only=True):
    """Let an address have these names and no others."""

    name: Annotated[str, Meta(description="the address")]
    hostnames: Annotated[list[str], Meta(description="its names in their order; none: it goes")]


def check_present(params: Present, scope: Scope) -> Plan:
    """Compare the name's addresses."""
    _refuse(params.ip, [params.name])
    before = _lines(scope)
    after = before
    for address in params.ip:
        after = hosts_file.with_name(after, address, params.name, params.comment)
    others = [
        one.address for one in before
        if params.name in one.names
        and not any(hosts_file.same(one.address, address) for address in params.ip)
    ]  # fmt: skip
    for address in others if params.clean else ():
        after = hosts_file.without(after, address, params.name)
    plan = _planned(before, after, scope, f"{params.name} is in {HOSTS} as it should be")
    if others and not params.clean:
        said = f"{params.name} stands for {', '.join(others)}, too; clean: true takes it from there"
        plan = msgspec.structs.replace(plan, warnings=(said,))
    return plan


def check_absent(params: Absent, scope: Scope) -> Plan:
    """Look whether the addresses have the name."""
    before = _lines(scope)
    after = before
    addresses = params.ip if params.ip is not None else [one.address for one in before]
    for address in addresses:
        after = hosts_file.without(after, address, params.name)
    return _planned(before, after, scope, f"{params.name} is not in {HOSTS}")


def check_only(params: Only, scope: Scope) -> Plan:
    """Compare the names of the address."""
    names = list(dict.fromkeys(word for one in params.hostnames for word in one.split()))
    _refuse([params.name], names)
    before = _lines(scope)
    if hosts_file.names_of(before, params.name) == names:
        return Plan(comment=f"{params.name} has these names and no others")
    return _planned(before, hosts_file.with_only(before, params.name, names), scope, "")


def _refuse(addresses: Sequence[str], names: Sequence[str]) -> None:
    strange = [one for one in addresses if not hosts_file.is_address(one)]
    if strange:
        raise HostProblem(f"{strange[0]!r} is no address", hint="write it as 192.0.2.1 or fd00::1")
    strange = [one for one in names if not one or "#" in one or len(one.split()) != 1]
    if strange:
        raise HostProblem(f"{strange[0]!r} is no name of a host")


def _lines(scope: Scope) -> list[Line]:
    return hosts_file.parse(scope.machine.read(HOSTS) or b"")


def _planned(before: list[Line], after: list[Line], scope: Scope, fine: str) -> Plan:
    edit = Edit(path=HOSTS, before=hosts_file.dump(before), after=hosts_file.dump(after))
    if edit.before == edit.after:
        return Plan(comment=fine)
    return planned(edit, _leaves(before, after), f"{HOSTS} would be changed", scope)


def _leaves(before: list[Line], after: list[Line]) -> list[Leaf]:
    """Give a leaf for every address whose names or comments change."""
    found: list[Leaf] = []
    for address in dict.fromkeys(one.address for one in (*before, *after) if one.address):
        old, new = (_entry(lines, address) for lines in (before, after))
        if old != new:
            found.append(Leaf(path=f"{HOSTS}:{address}", before=old, after=new))
    return found


def _entry(lines: list[Line], address: str) -> list[str] | None:
    found = [
        " ".join([*one.names, *([f"# {one.comment}"] if one.comment else [])])
        for one in lines if one.address == address
    ]  # fmt: skip
    return found or None


def _paths(_params: object) -> tuple[str]:
    return (HOSTS,)


PRESENT: Final = Resource(
    name="host.present", params=Present, paths=_paths, check=check_present, apply=apply
)
ABSENT: Final = Resource(
    name="host.absent", params=Absent, paths=_paths, check=check_absent, apply=apply
)
ONLY: Final = Resource(name="host.only", params=Only, paths=_paths, check=check_only, apply=apply)
