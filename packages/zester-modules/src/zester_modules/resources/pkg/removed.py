"""pkg.removed and pkg.purged: packages that shall not be there."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import Package
from zester_modules.resource import Leaf, Plan, Resource, Scope
from zester_modules.resources.pkg.change import Todo, apply, in_order, version_leaves
from zester_modules.resources.pkg.wishes import Wish, wishes


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Have packages removed, with all that needs them."""

    name: Annotated[str, Meta(description="the package; means nothing beside pkgs")]
    pkgs: Annotated[list[Any] | None, Meta(description="several packages")] = None
    version: Annotated[str, Meta(description="only if it is of this version")] = ""


def check_removed(params: Params, scope: Scope) -> Plan:
    """Plan to remove what is installed; its configuration stays."""
    return _check(params, scope, purge=False)


def check_purged(params: Params, scope: Scope) -> Plan:
    """Plan to remove what is installed, and the configuration of what was."""
    return _check(params, scope, purge=True)


def _check(params: Params, scope: Scope, *, purge: bool) -> Plan:
    packages = scope.machine.packages
    have = packages.installed()
    asked = [
        one.name
        for one in wishes(params.name, params.version, params.pkgs, None, scope)
        if (found := have.get(one.name)) is not None and _goes(found, one, purge=purge, scope=scope)
    ]
    if not asked:
        return Plan(comment="no such package is there")
    gone = packages.simulate_removal(asked, purge=purge)
    rests = {name for name in asked if have[name].config_only}
    leaves = [
        *version_leaves([one for one in gone if one.name not in rests]),
        *(Leaf(path=f"{name}:configuration", before="kept") for name in rests),
    ]
    return Plan(leaves=in_order(leaves), todo=Todo(remove=tuple(asked), purge=purge))


def _goes(found: Package, wish: Wish, *, purge: bool, scope: Scope) -> bool:
    if found.config_only:
        return purge
    return wish.allows(found.version, scope.machine.packages)


_RETIRES: Final = ("normalize", "ignore_epoch")

REMOVED: Final = Resource(
    name="pkg.removed",
    params=Params,
    reach="packages",
    check=check_removed,
    apply=apply,
    retires=_RETIRES,
)
PURGED: Final = Resource(
    name="pkg.purged",
    params=Params,
    reach="packages",
    check=check_purged,
    apply=apply,
    retires=_RETIRES,
)
