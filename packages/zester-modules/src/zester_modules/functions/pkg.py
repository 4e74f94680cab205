"""Packages of the host."""

# ruff: noqa: D417  # the context is handed to every function alike

from collections.abc import Callable, Sequence

from zester_modules.context import Context
from zester_modules.errors import BadArgument, Refused
from zester_modules.function import function
from zester_modules.functions.machines import machine_of
from zester_modules.host.machine import Packages, Wanted
from zester_modules.returns import Outcome, Return


@function("pkg.list_pkgs", reads=True)
def list_pkgs(context: Context) -> dict[str, str]:
    """Answer the installed packages and their versions."""
    return versions(machine_of(context).packages)


@function("pkg.version", reads=True)
def version(context: Context, *names: str) -> str | dict[str, str]:
    """Answer the version of a package, "" if it is not installed; of several, a map.

    Args:
        names: the packages.
    """
    have = versions(machine_of(context).packages)
    found = {name: have.get(name, "") for name in names}
    return found[names[0]] if len(names) == 1 else found


@function("pkg.latest_version", reads=True)
def latest_version(context: Context, *names: str) -> str | dict[str, str]:
    """Answer the version that an upgrade would bring, "" if there is nothing newer.

    Args:
        names: the packages.
    """
    packages = machine_of(context).packages
    have, newest = versions(packages), packages.latest(names)
    found = {
        name: newest[name]
        if name in newest and (name not in have or packages.compare(have[name], newest[name]) < 0)
        else ""
        for name in names
    }
    return found[names[0]] if len(names) == 1 else found


@function("pkg.version_cmp", reads=True)
def version_cmp(context: Context, pkg1: str, pkg2: str) -> int:
    """Answer -1, 0 or 1: how one version stands to another.

    Args:
        pkg1: the one.
        pkg2: the other.
    """
    return machine_of(context).packages.compare(pkg1, pkg2)


@function("pkg.refresh_db", lock="packages")
def refresh_db(context: Context) -> bool:
    """Fetch the lists of packages anew."""
    machine_of(context).packages.refresh()
    return True


@function("pkg.upgrade_available", reads=True)
def upgrade_available(context: Context, name: str) -> bool:
    """Answer whether an installed package has a newer version.

    Args:
        name: the package.
    """
    return name in newer(machine_of(context).packages, [name])


@function("pkg.list_upgrades")
def list_upgrades(context: Context, refresh: bool = True) -> dict[str, str]:
    """Answer the installed packages that have a newer version, and that version.

    Args:
        refresh: fetch the lists of packages first.
    """
    packages = machine_of(context).packages
    if refresh:
        packages.refresh()
    return newer(packages)


@function("pkg.upgrade", lock="packages")
def upgrade(context: Context, refresh: bool = True) -> Return:
    """Bring all installed packages to their newest version; answer what has changed.

    Args:
        refresh: fetch the lists of packages first.
    """
    packages = machine_of(context).packages
    if refresh:
        packages.refresh()
    wanted = [Wanted(name=name) for name in newer(packages)]
    return _changes(packages, lambda: packages.install(wanted) if wanted else None)


@function("pkg.install", lock="packages")
def install(
    context: Context,
    *names: str,
    name: str = "",
    pkgs: list[str] | None = None,
    version: str = "",
    refresh: bool = False,
    fromrepo: str = "",
) -> Return:
    """Install packages, or change them to the newest version; answer what has changed.

    Args:
        names: the packages.
        name: one more, as Salt's states say it.
        pkgs: several more.
        version: of a single package.
        refresh: fetch the lists of packages first.
        fromrepo: the repository that they are to come from.
    """
    packages = machine_of(context).packages
    if refresh:
        packages.refresh()
    chosen = _chosen("pkg.install", names, name, pkgs)
    own = version if len(chosen) == 1 else ""
    wanted = [Wanted(name=one, version=own) for one in chosen]
    return _changes(packages, lambda: packages.install(wanted, repo=fromrepo))


@function("pkg.remove", lock="packages")
def remove(context: Context, *names: str, name: str = "", pkgs: list[str] | None = None) -> Return:
    """Remove packages; their configuration stays. Answer what has changed.

    Args:
        names: the packages.
        name: one more, as Salt's states say it.
        pkgs: several more.
    """
    packages = machine_of(context).packages
    have = versions(packages)
    here = [one for one in _chosen("pkg.remove", names, name, pkgs) if one in have]
    return _changes(packages, lambda: packages.remove(here, purge=False) if here else None)


@function("pkg.purge", lock="packages")
def purge(context: Context, *names: str, name: str = "", pkgs: list[str] | None = None) -> Return:
    """Remove packages and their configuration; answer what has changed.

    Args:
        names: the packages.
        name: one more, as Salt's states say it.
        pkgs: several more.
    """
    packages = machine_of(context).packages
    have = packages.installed()
    here = [one for one in _chosen("pkg.purge", names, name, pkgs) if one in have]
    return _changes(packages, lambda: packages.remove(here, purge=True) if here else None)


@function("pkg.hold", lock="packages")
def hold(context: Context, *names: str, name: str = "", pkgs: list[str] | None = None) -> Return:
    """Keep packages at their version; answer those that were let go before.

    Args:
        names: the packages.
        name: one more, as Salt's states say it.
        pkgs: several more.
    """
    return _hold(context, _chosen("pkg.hold", names, name, pkgs), held=True)


@function("pkg.unhold", lock="packages")
def unhold(context: Context, *names: str, name: str = "", pkgs: list[str] | None = None) -> Return:
    """Let packages go to other versions again; answer those that were held before.

    Args:
        names: the packages.
        name: one more, as Salt's states say it.
        pkgs: several more.
    """
    return _hold(context, _chosen("pkg.unhold", names, name, pkgs), held=False)


def _hold(context: Context, names: list[str], *, held: bool) -> Return:
    packages = machine_of(context).packages
    have = packages.installed()
    missing = [one for one in names if one not in have]
    if missing:
        raise Refused(f"not installed: {', '.join(missing)}", hint="only those can be held")
    moving = [one for one in names if have[one].held != held]
    if moving:
        packages.hold(moving, held=held)
    return Return(moving, Outcome.CHANGED if moving else Outcome.OK)


def _chosen(function: str, names: tuple[str, ...], name: str, pkgs: list[str] | None) -> list[str]:
    chosen = [*names, *([name] if name else []), *(pkgs or [])]
    if not chosen:
        raise BadArgument(function, "names", "no package is named", expects="packages")
    return chosen


def newer(packages: Packages, names: Sequence[str] | None = None) -> dict[str, str]:
    """Give the newer versions of installed packages, of all unless some are named."""
    have = versions(packages)
    here = [name for name in (have if names is None else names) if name in have]
    newest = packages.latest(here)
    return {
        name: newest[name]
        for name in here
        if name in newest and packages.compare(have[name], newest[name]) < 0
    }


def versions(packages: Packages) -> dict[str, str]:
    """Give the installed packages and their versions."""
    have = packages.installed()
    return {name: one.version for name, one in sorted(have.items()) if not one.config_only}


def _changes(packages: Packages, work: Callable[[], None]) -> Return:
    before = versions(packages)
    work()
    after = versions(packages)
    changed = {
        name: {"old": before.get(name, ""), "new": after.get(name, "")}
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }
    return Return(changed, Outcome.CHANGED if changed else Outcome.OK)
