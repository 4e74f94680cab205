"""pkg.latest: packages in the newest version that can be had."""

from typing import Final

import msgspec

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.pkg.change import apply, look_afresh
from zester_modules.resources.pkg.installed import RETIRES, Params, planned
from zester_modules.resources.pkg.wishes import Wish, names_of


class LatestParams(Params, frozen=True, kw_only=True):
    """Have packages installed in their newest version."""


def check(params: LatestParams, scope: Scope) -> Plan:
    """Plan to install or upgrade what is not the newest that can be had."""
    packages = scope.machine.packages
    names = names_of(params.name, params.pkgs)
    afresh = params.refresh is not False
    warnings = look_afresh(packages) if afresh else ()
    newest = packages.latest(names, repo=params.fromrepo)
    strange = [name for name in names if name not in newest]
    if strange:
        raise HostProblem(f"nobody has {', '.join(strange)}", hint="look at the name")
    have = packages.installed()
    asked = [
        Wish(name=name, version="" if is_newer else newest[name])
        for name in names
        for found in (have.get(name),)
        for is_newer in (
            found is not None
            and not found.config_only
            and packages.compare(found.version, newest[name]) > 0,
        )
    ]
    fixed = msgspec.structs.replace(params, refresh=False)
    plan = planned(asked, fixed, packages, warnings)
    return msgspec.structs.replace(plan, todo=msgspec.structs.replace(plan.todo, refresh=afresh))


LATEST: Final = Resource(
    name="pkg.latest", params=LatestParams, check=check, apply=apply, kind="following",
    retires=RETIRES, reach="packages",
)  # fmt: skip
