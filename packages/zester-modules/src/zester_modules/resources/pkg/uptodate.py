"""pkg.uptodate: all packages in the newest version that can be had."""

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.pkg.change import apply, look_afresh
from zester_modules.resources.pkg.installed import RETIRES, planned
from zester_modules.resources.pkg.installed import Params as Installed
from zester_modules.resources.pkg.wishes import Wish


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Upgrade every package of which there is a newer version; held ones stay."""

    name: Annotated[str, Meta(description="only a name")]
    pkgs: Annotated[list[str] | None, Meta(description="these alone")] = None
    refresh: Annotated[bool, Meta(description="look for new versions first")] = False
    fromrepo: Annotated[str, Meta(description="the repository that is asked")] = ""


def check(params: Params, scope: Scope) -> Plan:
    """Plan to upgrade what is installed and older than what can be had."""
    packages = scope.machine.packages
    warnings = look_afresh(packages) if params.refresh else ()
    have = {
        one.name: one for one in packages.installed().values()
        if not one.held and not one.config_only
        and (params.pkgs is None or one.name in params.pkgs)
    }  # fmt: skip
    newest: Mapping[str, str] = {}
    if have:
        newest = packages.latest(sorted(have), repo=params.fromrepo)
    older = [
        Wish(name=name, version=newest[name]) for name, one in sorted(have.items())
        if name in newest and packages.compare(one.version, newest[name]) < 0
    ]  # fmt: skip
    if not older:
        return Plan(comment="all is up to date", warnings=warnings)
    wanted = Installed(name=params.name, fromrepo=params.fromrepo, refresh=False)
    plan = planned(older, wanted, packages, warnings)
    todo = msgspec.structs.replace(plan.todo, refresh=params.refresh)
    return msgspec.structs.replace(plan, todo=todo)


UPTODATE: Final = Resource(
    name="pkg.uptodate", params=Params, check=check, apply=apply, kind="following",
    # Salt hands these on to the package manager
    retires=(*RETIRES, "dist_upgrade", "skip_verify"), reach="packages",
)  # fmt: skip
