"""How a change of packages is planned, done and told; all states of packages do it alike."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from zester_modules.host.machine import (
    Busy,
    Candidate,
    HostProblem,
    Package,
    Packages,
    Unknowable,
    Wanted,
)
from zester_modules.resource import Changes, Leaf, Plan, Scope


class Todo(msgspec.Struct, frozen=True, kw_only=True):
    """What apply does, in this order."""

    refresh: bool = False
    retry: bool = False
    """Refresh and try once more where the lists turn out to be too old."""
    release: tuple[str, ...] = ()
    """Let these held ones go, to hold them again afterwards."""
    install: tuple[Wanted, ...] = ()
    remove: tuple[str, ...] = ()
    purge: bool = False
    hold: tuple[str, ...] = ()
    unhold: tuple[str, ...] = ()
    repo: str = ""
    verify: bool = True


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What the package manager would do."""

    found: list[Candidate]
    refresh: bool = False
    """The answer rests on lists newer than the host's."""
    warnings: tuple[str, ...] = ()


def look_afresh(packages: Packages) -> tuple[str, ...]:
    """Look at the newest lists from now on; give warnings where some cannot be had."""
    try:
        packages.peek()
    except HostProblem as problem:
        return (f"some lists of packages could not be fetched: {problem.message}",)
    return ()


def offer(
    packages: Packages, wanted: Sequence[Wanted], *, refresh: bool | None, repo: str
) -> Offer:
    """Ask what installing would change; without a word on `refresh`, only where old lists fail."""
    if refresh:
        warnings = look_afresh(packages)
        return Offer(found=packages.simulate(wanted, repo=repo), refresh=True, warnings=warnings)
    try:
        return Offer(found=packages.simulate(wanted, repo=repo))
    except (HostProblem, Unknowable):
        if refresh is False:
            raise
    warnings = look_afresh(packages)
    return Offer(found=packages.simulate(wanted, repo=repo), refresh=True, warnings=warnings)


def version_leaves(found: Sequence[Candidate]) -> tuple[Leaf, ...]:
    """Give a leaf for each package that would change."""
    return tuple(
        Leaf(path=f"{one.name}:version", before=one.before or None, after=one.after or None)
        for one in sorted(found, key=lambda one: one.name)
    )


def hold_leaves(
    names: Sequence[str], have: Mapping[str, Package], *, held: bool
) -> tuple[Leaf, ...]:
    """Give a leaf for each package whose hold would change."""
    return tuple(
        Leaf(path=f"{name}:held", before=not held, after=held)
        for name in names
        if ((found := have.get(name)) is not None and found.held) != held
    )


def in_order(leaves: Sequence[Leaf]) -> tuple[Leaf, ...]:
    """Sort leaves, as plan and apply both do."""
    return tuple(sorted(leaves, key=lambda one: one.path))


def apply(plan: Plan, scope: Scope) -> Changes:
    """Do what was planned, and tell what has become of the packages."""
    todo: Todo = plan.todo
    packages = scope.machine.packages
    before = _picture(packages)
    said = _refresh(packages) if todo.refresh else ""
    if todo.release:
        packages.hold(todo.release, held=False)
    try:
        _install(packages, todo)
    finally:
        if todo.release:
            packages.hold(todo.release, held=True)
    if todo.remove:
        packages.remove(todo.remove, purge=todo.purge)
    if todo.hold:
        packages.hold(todo.hold, held=True)
    if todo.unhold:
        packages.hold(todo.unhold, held=False)
    return Changes(leaves=_difference(before, _picture(packages)), comment=said)


def _refresh(packages: Packages) -> str:
    try:
        packages.refresh()
    except HostProblem as problem:
        return f"some lists of packages could not be fetched: {problem.message}"
    return ""


def _install(packages: Packages, todo: Todo) -> None:
    if not todo.install:
        return
    try:
        packages.install(todo.install, repo=todo.repo, verify=todo.verify)
    except HostProblem as problem:
        if isinstance(problem, Busy) or not todo.retry or todo.refresh:
            raise
        packages.refresh()
        packages.install(todo.install, repo=todo.repo, verify=todo.verify)


def _picture(packages: Packages) -> dict[str, Package]:
    table = packages.installed()
    found: dict[str, Package] = {}
    for name in table:
        try:
            found[name] = table[name]
        except Unknowable:
            continue
    return found


def _difference(before: Mapping[str, Package], after: Mapping[str, Package]) -> tuple[Leaf, ...]:
    leaves: list[Leaf] = []
    for name in before.keys() | after.keys():
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        parts: dict[str, tuple[Any, Any]] = {"version": (_version(old), _version(new))}
        if new is not None and not new.config_only:
            parts["held"] = (old is not None and old.held, new.held)
        if new is None:
            parts["configuration"] = (_kept(old), None)
        leaves += [
            Leaf(path=f"{name}:{part}", before=was, after=now)
            for part, (was, now) in parts.items()
            if was != now
        ]
    return in_order(leaves)


def _version(one: Package | None) -> str | None:
    return None if one is None or one.config_only else one.version


def _kept(one: Package | None) -> str | None:
    return "kept" if one is not None and one.config_only else None
