"""pkg.held and pkg.unheld: packages that stay at their version, or no longer."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.pkg.change import Todo, apply, hold_leaves, in_order
from zester_modules.resources.pkg.wishes import names_of


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Have packages kept at their version, or let go."""

    name: Annotated[str, Meta(description="the package; means nothing beside pkgs")]
    pkgs: Annotated[list[Any] | None, Meta(description="several packages")] = None


def check_held(params: Params, scope: Scope) -> Plan:
    """Plan to hold what is installed and not held."""
    have = scope.machine.packages.installed()
    names = names_of(params.name, params.pkgs)
    missing = [name for name in names if (one := have.get(name)) is None or one.config_only]
    if missing:
        raise HostProblem(f"{', '.join(missing)} is not installed, and cannot be held")
    leaves = in_order(hold_leaves(names, have, held=True))
    changing = tuple(leaf.path.rpartition(":")[0] for leaf in leaves)
    return Plan(leaves=leaves, comment="" if leaves else "held", todo=Todo(hold=changing))


def check_unheld(params: Params, scope: Scope) -> Plan:
    """Plan to let go what is held."""
    have = scope.machine.packages.installed()
    leaves = in_order(hold_leaves(names_of(params.name, params.pkgs), have, held=False))
    changing = tuple(leaf.path.rpartition(":")[0] for leaf in leaves)
    return Plan(leaves=leaves, comment="" if leaves else "not held", todo=Todo(unhold=changing))


HELD: Final = Resource(
    name="pkg.held", params=Params, reach="packages", check=check_held, apply=apply
)
UNHELD: Final = Resource(
    name="pkg.unheld", params=Params, reach="packages", check=check_unheld, apply=apply
)
