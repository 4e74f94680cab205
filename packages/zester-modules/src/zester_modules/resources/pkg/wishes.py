"""What the arguments of a state of packages ask for, and whether a package is that already."""

from fnmatch import fnmatchcase
from typing import Any, Final, cast

import msgspec

from zester_modules.host.machine import HostProblem, Package, Packages, Wanted
from zester_modules.resource import Scope
from zester_modules.resources.sources import missing

_OPERATORS: Final = (">=", "<=", "!=", "==", ">", "<", "=")


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """One package that shall be there."""

    name: str
    version: str = ""
    """A version, a pattern with `*`, or comparisons such as `>=1.2,<2`; "" is any."""
    source: str = ""
    """A local file."""

    def is_met(self, found: Package | None, packages: Packages) -> bool:
        """Say whether what is installed will do."""
        if found is None or found.config_only:
            return False
        return self.allows(found.version, packages)

    def allows(self, version: str, packages: Packages) -> bool:
        """Say whether a version will do."""
        return all(_holds(version, part, packages) for part in self._parts())

    def wanted(self) -> Wanted:
        """Give what to ask the package manager for."""
        exact = self.version.removeprefix("==").removeprefix("=").strip()
        compared = exact.startswith((">", "<", "!")) or "," in exact
        return Wanted(name=self.name, version="" if compared else exact, source=self.source)

    def _parts(self) -> list[str]:
        return [part.strip() for part in self.version.split(",") if part.strip()]


def _holds(version: str, part: str, packages: Packages) -> bool:
    operator = next((one for one in _OPERATORS if part.startswith(one)), "=")
    asked = part.removeprefix(operator).strip()
    if operator in {"=", "=="}:
        return fnmatchcase(version, asked) if "*" in asked else version == asked
    order = packages.compare(version, asked)
    return {
        ">=": order >= 0, "<=": order <= 0, ">": order > 0, "<": order < 0, "!=": order != 0,
    }[operator]  # fmt: skip


def wishes(
    name: str, version: str, pkgs: list[Any] | None, sources: list[Any] | None, scope: Scope
) -> list[Wish]:
    """Give the packages that a state asks for.

    Raises:
        HostProblem: the arguments contradict each other, or a source cannot be had.
    """
    if pkgs and sources:
        raise HostProblem("pkgs and sources cannot be given together")
    if sources is not None:
        return [_sourced(one, place, scope) for one, place in _pairs(sources) if place]
    if pkgs is not None:
        return [Wish(name=one, version=which) for one, which in _pairs(pkgs)]
    return [Wish(name=name, version=version)]


def names_of(name: str, pkgs: list[Any] | None) -> list[str]:
    """Give the names that a state asks for, versions left out."""
    return [one for one, _ in _pairs(pkgs)] if pkgs is not None else [name]


def _sourced(name: str, place: str, scope: Scope) -> Wish:
    found = scope.sources.fetch(place, digest="skip_verify" if "://" in place else "")
    if found is None:
        raise missing(place)
    return Wish(name=name, source=str(found))


def _pairs(given: list[Any]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for one in given:
        if isinstance(one, dict):
            entry = cast("dict[Any, Any]", one)
            pairs += [
                (str(key), "" if value is None else str(value)) for key, value in entry.items()
            ]
        else:
            pairs.append((str(one), ""))
    return list(dict(pairs).items())
