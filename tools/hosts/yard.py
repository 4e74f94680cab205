"""A yard: a few hosts and roots with one owner, which leaves nothing behind.

A yard has a number for as long as its process lives. Whoever opens one clears first what the yards
of dead processes left: hosts, mounts, interfaces, rules and folders.
"""

import contextlib
import fcntl
import itertools
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import IO, Final, Self

from hosts.cache import cache_folder, remove_tree
from hosts.cgroups import clear_cgroups
from hosts.errors import HostsError
from hosts.host import Host
from hosts.layers import give_archives
from hosts.network import Network
from hosts.root import Root

STATE: Final = Path("/run/zester-hosts")
"""Numbers are of the machine, not of a user or a checkout."""

_NUMBERS: Final = range(1, 255)


class Yard:
    """Where hosts stand.

    Attributes:
        network: theirs.
        folder: all that lies on a disk; it goes with the yard.
        hosts: by name.
    """

    def __init__(self, number: int, folder: Path) -> None:
        self.network = Network(number, STATE)
        self.folder = folder
        self.hosts: dict[str, Host] = {}
        self._prefix = f"{self.network.bridge}h"
        self._roots = itertools.count()
        self._way_out = False

    @classmethod
    @contextlib.contextmanager
    def up(cls) -> Generator[Self]:
        """Open a yard, and clear it at the end.

        Raises:
            HostsError: all numbers are taken.
        """
        STATE.mkdir(exist_ok=True)
        sweep()
        with contextlib.ExitStack() as stack:
            number = next((n for n in _NUMBERS if _taken(stack, n)), None)
            if number is None:
                raise HostsError("there are too many yards on this machine")
            yard = cls(number, cache_folder() / "yards" / str(number))
            yard.folder.mkdir(parents=True, exist_ok=True)
            record = STATE / f"{number}.folder"
            record.write_text(str(yard.folder))
            try:
                yield yard
            finally:
                yard.clear()
                record.unlink()

    def host(self, name: str, layers: Sequence[Path]) -> Host:
        """Add a host, not started yet.

        Args:
            name: its host name.
            layers: of `hosts.layers`.
        """
        if not self.network.is_up:
            self.network.up()
        number = len(self.hosts)
        folder = self.folder / f"host-{number}"
        folder.mkdir()
        host = self.hosts[name] = Host(name, number, layers, folder, self.network)
        return host

    def start(self, *names: str, layers: Sequence[Path]) -> list[Host]:
        """Add hosts, start them all at once, and wait until all are up.

        Raises:
            HostsError: one does not come up.
        """
        hosts = [self.host(name, layers) for name in names]
        for host in hosts:
            host.begin()
        for host in hosts:
            host.wait_up()
        return hosts

    @contextlib.contextmanager
    def root(self, layers: Sequence[Path]) -> Generator[Root]:
        """Make a throw-away root."""
        with Root.up(layers, self.folder / f"root-{next(self._roots)}") as root:
            yield root

    def give_packages(self, host: Host) -> None:
        """Let a host fetch Debian packages, as this machine does.

        Raises:
            HostsError: this machine has no way out, or knows no archive of Debian.
        """
        if not self._way_out:
            self.network.open_way_out()
            self._way_out = True
        give_archives(Path(f"/proc/{host.pid}/root"))

    def clear(self) -> None:
        """End every host and take back all that was made."""
        for host in self.hosts.values():
            host.remove()
        clear_cgroups(self._prefix)
        self.network.clear()
        remove_tree(self.folder)


def sweep() -> None:
    """Clear the yards whose processes are gone."""
    for file in sorted(STATE.glob("*.folder")):
        with contextlib.ExitStack() as stack:
            if _taken(stack, int(file.stem)):
                Yard(int(file.stem), Path(file.read_text())).clear()
                file.unlink(missing_ok=True)


def _taken(stack: contextlib.ExitStack, number: int) -> bool:
    """Take a number for as long as the stack is open; false if a live process has it."""
    file: IO[str] = stack.enter_context((STATE / f"{number}.lock").open("w"))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
