"""The packages of a predicted machine: what would be installed, and what that hides."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from zester_modules.host.machine import (
    Candidate,
    HostProblem,
    Machine,
    Package,
    Packages,
    Unknowable,
    Wanted,
)
from zester_modules.host.predicted.history import History
from zester_modules.host.predicted.table import Table

T = TypeVar("T")

SOURCES: Final = (
    "/etc/apk",
    "/etc/apt",
    "/etc/dnf",
    "/etc/pacman.d",
    "/etc/yum.repos.d",
    "/etc/zypp",
)
"""Where package managers are told what there is to install."""


class PredictedPackages:
    """Remembers installations and removals; the files that they bring are unknown.

    Args:
        real: the machine below.
        history: who acts.
        written: says whether something below one of these folders was changed.
        lose: is told what may go with packages.
    """

    def __init__(
        self,
        real: Machine,
        history: History,
        written: Callable[[tuple[str, ...]], bool],
        lose: Callable[[Sequence[str]], None],
    ) -> None:
        self._machine = real
        self._history = history
        self._sources_changed = written
        self._lose = lose
        self.table: Table[Package] = Table(self._installed, history, "package")

    @property
    def _real(self) -> Packages:
        return self._machine.packages

    @property
    def kind(self) -> str:
        """The manager's name."""
        return self._real.kind

    def installed(self) -> Mapping[str, Package]:
        """Give every package by name."""
        return self.table

    def simulate(self, wanted: Sequence[Wanted], *, repo: str = "") -> list[Candidate]:
        """Give all that installing would change.

        Raises:
            Unknowable: the manager cannot say so before the states before have run.
        """
        left = [one for one in wanted if not self._has(one)]
        if not left:
            return []
        found = self._or_unknowable(lambda: self._real.simulate(left, repo=repo))
        return [one for one in found if not self._is_done(one)]

    def simulate_removal(self, names: Sequence[str], *, purge: bool) -> list[Candidate]:
        """Give all that removing would take along."""
        real = self._real.installed()
        known = [name for name in names if name in real]
        new = [self.table[name] for name in names if name in self.table and name not in real]
        found = self._or_unknowable(
            lambda: self._real.simulate_removal(known, purge=purge) if known else []
        )
        return [
            *(one for one in found if one.name in self.table),
            *(Candidate(name=one.name, before=one.version) for one in new),
        ]

    def contents(self, names: Sequence[str]) -> list[str]:
        """Give the paths that packages of the real machine have brought."""
        known = [name for name in names if name in self._real.installed()]
        return self._real.contents(known) if known else []

    def latest(self, names: Sequence[str], *, repo: str = "") -> Mapping[str, str]:
        """Give the newest version that can be had."""
        found = self._or_unknowable(lambda: self._real.latest(names, repo=repo))
        if set(names) - found.keys() and self._history.changed:
            # a repository that an earlier state adds may have it
            raise Unknowable(self._history.changed)
        return found

    def compare(self, one: str, other: str) -> int:
        """Give -1, 0 or 1."""
        return self._real.compare(one, other)

    def peek(self) -> None:
        """Let `simulate` and `latest` look at the newest lists."""
        self._real.peek()

    def refresh(self) -> None:
        """Change nothing: `simulate` looks at lists of our own."""

    def install(self, wanted: Sequence[Wanted], *, repo: str = "", verify: bool = True) -> None:
        """Remember what would be installed."""
        del verify
        found = self.simulate(wanted, repo=repo)
        self._lose(self.contents([one.name for one in found if not one.after]))
        for one in found:
            before = self.table.get(one.name)
            held = before is not None and before.held
            package = Package(name=one.name, version=one.after, held=held) if one.after else None
            self.table.set(one.name, package)
        self._history.obscure("contents")

    def remove(self, names: Sequence[str], *, purge: bool) -> None:
        """Remember what would be removed."""
        found = self.simulate_removal(names, purge=purge)
        self._lose(self.contents([one.name for one in found]))
        for one in found:
            package = Package(name=one.name, version=one.before, config_only=True)
            self.table.set(one.name, None if purge else package)
        self._history.obscure("contents")

    def hold(self, names: Sequence[str], *, held: bool) -> None:
        """Remember what would be held."""
        for name in names:
            one = self.table[name]
            self.table.set(name, Package(name=name, version=one.version, held=held))

    def _installed(self) -> Mapping[str, Package]:
        return self._real.installed()

    def _has(self, one: Wanted) -> bool:
        if one.source or one.name not in self.table:
            return False
        found = self.table[one.name]
        # without a version the newest is meant, which the manager knows, unless we put it there
        new = self._real.installed().get(one.name) != found
        return not found.config_only and (found.version == one.version or (not one.version and new))

    def _is_done(self, one: Candidate) -> bool:
        found = self.table.get(one.name)
        if found is None or found.config_only:
            return not one.after
        return found.version == one.after

    def _or_unknowable(self, ask: Callable[[], T]) -> T:
        if self._sources_changed(SOURCES):
            self._history.doubt()
        try:
            return ask()
        except HostProblem as error:
            if self._history.changed:
                raise Unknowable(self._history.changed) from error
            raise
