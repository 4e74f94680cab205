"""The services of a predicted machine."""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from zester_modules.host.machine import HostProblem, Machine, Service, Services, Unknowable
from zester_modules.host.predicted.history import History
from zester_modules.host.predicted.table import Row

_UNITS: Final = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")


def unit_files(name: str) -> tuple[str, ...]:
    """Give where the unit or script of a service may lie."""
    unit = name if "." in name else f"{name}.service"
    return *(f"{folder}/{unit}" for folder in _UNITS), f"/etc/init.d/{name}"


def services_of(paths: Iterable[str]) -> list[str]:
    """Give the services whose units or scripts lie at some paths."""
    found: list[str] = []
    for path in paths:
        folder, _, name = path.rpartition("/")
        if folder in _UNITS or folder == "/etc/init.d":
            found.append(name.removesuffix(".service"))
    return list(dict.fromkeys(found))


class PredictedServices:
    """Remembers what would be started, stopped, enabled and masked.

    Args:
        real: the machine below.
        history: who acts.
        written: says who has written a file of one of these paths.
    """

    def __init__(
        self, real: Machine, history: History, written: Callable[[tuple[str, ...]], bool]
    ) -> None:
        self._machine = real
        self._history = history
        self._written = written
        self._rows: dict[str, Row[Service]] = {}
        self._touched: set[str] | None = None

    @property
    def _real(self) -> Services:
        return self._machine.services

    @property
    def kind(self) -> str:
        """The manager's name."""
        return self._real.kind

    def find(self, name: str) -> Service | None:
        """Give a service.

        Raises:
            Unknowable: an earlier state may bring it.
        """
        row = self._rows.get(name)
        if row is not None and row.because:
            raise Unknowable(row.because)
        found = row.value if row is not None else self._real.find(name)
        if found is None:
            self._history.missing(row.stamp if row is not None else 0)
            if row is None and self._written(unit_files(name)):
                raise Unknowable(self._history.changed or (self._history.actor,))
        return found

    def names(self) -> list[str]:
        """Give the names of all services."""
        self._history.doubt()
        return self._real.names()

    def start(self, name: str) -> None:
        """Remember that it would run."""
        self._set(name, running=True)

    def stop(self, name: str) -> None:
        """Remember that it would not run."""
        self._set(name, running=False)

    def restart(self, name: str) -> None:
        """Remember that it would run."""
        self._set(name, running=True)

    def reload(self, name: str) -> None:
        """Remember that something was done to it."""
        self._set(name)

    def enable(self, name: str, *, enabled: bool) -> None:
        """Remember whether it would start with the machine."""
        self._set(name, enabled=enabled)

    def mask(self, name: str, *, masked: bool, runtime: bool = False) -> None:
        """Remember whether it could be started."""
        del runtime
        self._set(name, masked=masked)

    def daemon_reload(self) -> None:
        """Change nothing that can be seen."""

    def log(self, name: str) -> list[str]:
        """Give nothing: nothing has run."""
        del name
        return []

    def hide(self, name: str) -> None:
        """Take it that the actor does something to a service, and nobody knows what."""
        self._rows[name] = Row(None, self._history.change(), (self._history.actor,))

    def begin_doubt(self) -> None:
        """Remember from now on what is touched."""
        self._touched = set()

    def end_doubt(self, because: tuple[str, ...]) -> None:
        """Make a mystery of all that was touched since."""
        touched, self._touched = self._touched or set[str](), None
        for name in touched:
            self._rows[name] = Row(None, self._rows[name].stamp, because)

    def _set(self, name: str, **fields: bool) -> None:
        found = self.find(name)
        if found is None:
            raise HostProblem(
                f"there is no service {name!r}", hint=f"{self.kind} of this host knows none"
            )
        if self._touched is not None:
            self._touched.add(name)
        self._rows[name] = Row(msgspec.structs.replace(found, **fields), self._history.change())
