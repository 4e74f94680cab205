"""pkg.installed: packages that shall be there, maybe at a version."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import Candidate, HostProblem, Package, Packages, Wanted
from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.pkg.change import (
    Offer,
    Todo,
    apply,
    hold_leaves,
    in_order,
    offer,
    version_leaves,
)
from zester_modules.resources.pkg.wishes import Wish, wishes

RETIRES: Final = (
    "skip_suggestions", "pkg_verify", "normalize", "resolve_capabilities", "allow_updates",
    "report_reboot_exit_codes", "ignore_types", "cache_valid_time", "disable_excludes",
)  # fmt: skip


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Have packages installed."""

    name: Annotated[str, Meta(description="the package; means nothing beside pkgs or sources")]
    version: Annotated[
        str, Meta(description="a version, a pattern, comparisons like `>=1.2,<2`, or `latest`")
    ] = ""
    pkgs: Annotated[
        list[Any] | None, Meta(description="several packages, each a name or `name: version`")
    ] = None
    sources: Annotated[
        list[Any] | None, Meta(description="packages to install from files, each `name: source`")
    ] = None
    refresh: Annotated[
        bool | None,
        Meta(description="fetch the lists of packages first; by default only where they are old"),
    ] = None
    fromrepo: Annotated[str, Meta(description="the release or repository to prefer")] = ""
    skip_verify: Annotated[bool, Meta(description="take unsigned packages, too")] = False
    hold: Annotated[
        bool | None, Meta(description="keep them at their version from then on, or let them go")
    ] = None
    update_holds: Annotated[bool, Meta(description="change held packages, too")] = False


def check(params: Params, scope: Scope) -> Plan:
    """Plan to install what is missing or of another version."""
    packages = scope.machine.packages
    asked = wishes(params.name, params.version, params.pkgs, params.sources, scope)
    asked = at_latest(asked, packages, params.fromrepo)
    return planned(asked, params, packages)


def at_latest(asked: list[Wish], packages: Packages, repo: str) -> list[Wish]:
    """Put versions in place of the word `latest`."""
    names = [one.name for one in asked if one.version == "latest"]
    newest = packages.latest(names, repo=repo) if names else dict[str, str]()
    return [
        msgspec.structs.replace(one, version=newest.get(one.name, ""))
        if one.version == "latest"
        else one
        for one in asked
    ]


def planned(
    asked: Sequence[Wish], params: Params, packages: Packages, warnings: tuple[str, ...] = ()
) -> Plan:
    """Plan to have packages as they are asked for.

    Raises:
        HostProblem: they cannot be had so.
    """
    have = packages.installed()
    missing = [one for one in asked if not one.is_met(have.get(one.name), packages)]
    offered = Offer(found=[])
    if missing:
        wanted = [one.wanted() for one in missing]
        offered = offer(packages, wanted, refresh=params.refresh, repo=params.fromrepo)
        _hold_to(missing, offered.found, packages)
    release = _held_back(offered.found, have, params)
    names = [one.name for one in asked] if params.hold is not None else []
    held = params.hold is True
    holds = hold_leaves(names, have, held=held)
    changing = tuple(leaf.path.rpartition(":")[0] for leaf in holds)
    leaves = in_order((*version_leaves(offered.found), *holds))
    todo = Todo(
        refresh=offered.refresh,
        retry=params.refresh is None,
        release=release,
        install=_exactly(missing, offered.found) if offered.found else (),
        hold=changing if held else (),
        unhold=() if held else changing,
        repo=params.fromrepo,
        verify=not params.skip_verify,
    )
    return Plan(
        leaves=leaves,
        comment="" if leaves else "all packages are as they should be",
        warnings=(*warnings, *offered.warnings),
        todo=todo,
    )


def _hold_to(missing: Sequence[Wish], found: Sequence[Candidate], packages: Packages) -> None:
    offered = {one.name: one.after for one in found}
    for wish in missing:
        version = offered.get(wish.name)
        if version and not wish.allows(version, packages):
            raise HostProblem(
                f"{wish.name} can be had in version {version}, which is not {wish.version}",
                hint="ask for another version, or add a repository that has it",
            )


def _held_back(
    found: Sequence[Candidate], have: Mapping[str, Package], params: Params
) -> tuple[str, ...]:
    held = tuple(one.name for one in found if (old := have.get(one.name)) is not None and old.held)
    if held and not params.update_holds:
        raise HostProblem(
            f"{', '.join(held)} would change and is held", hint="give update_holds: true"
        )
    return held


def _exactly(missing: Sequence[Wish], found: Sequence[Candidate]) -> tuple[Wanted, ...]:
    """Give what to install at the very versions that were planned."""
    offered = {one.name: one.after for one in found}
    return tuple(
        wanted if wanted.source else Wanted(name=wish.name, version=offered.get(wish.name, ""))
        for wish in missing
        for wanted in (wish.wanted(),)
    )


INSTALLED: Final = Resource(
    name="pkg.installed", params=Params, reach="packages", check=check, apply=apply, retires=RETIRES
)
