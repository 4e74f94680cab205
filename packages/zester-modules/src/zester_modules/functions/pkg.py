"""Packages of the host."""

# ruff: noqa: D417  # the context is handed to every function alike

from collections.abc import Callable

from zester_modules.context import Context
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


@function("pkg.install", lock="packages")
def install(context: Context, *names: str, version: str = "", refresh: bool = False) -> Return:
    """Install packages, or change them to the newest version; answer what has changed.

    Args:
        names: the packages.
        version: of a single package.
        refresh: fetch the lists of packages first.
    """
    packages = machine_of(context).packages
    if refresh:
        packages.refresh()
    wanted = [Wanted(name=name, version=version if len(names) == 1 else "") for name in names]
    return _changes(packages, lambda: packages.install(wanted))


@function("pkg.remove", lock="packages")
def remove(context: Context, *names: str) -> Return:
    """Remove packages; their configuration stays. Answer what has changed.

    Args:
        names: the packages.
    """
    packages = machine_of(context).packages
    here = [name for name in names if name in versions(packages)]
    return _changes(packages, lambda: packages.remove(here, purge=False) if here else None)


@function("pkg.purge", lock="packages")
def purge(context: Context, *names: str) -> Return:
    """Remove packages and their configuration; answer what has changed.

    Args:
        names: the packages.
    """
    packages = machine_of(context).packages
    here = [name for name in names if name in packages.installed()]
    return _changes(packages, lambda: packages.remove(here, purge=True) if here else None)


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
