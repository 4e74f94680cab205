"""The network of a yard: a bridge, a subnet, and the way out to where packages are had.

The subnets are of RFC 2544's range for trials of devices, which no network uses.
"""

import contextlib
import fcntl
import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Final

from hosts.cache import locked
from hosts.commands import machine
from hosts.errors import HostsError

_FORWARD: Final = "forwarding"


class Network:
    """A bridge with a subnet of its own.

    Attributes:
        bridge: the name of the interface.
        address: of this machine on it.
        mark: the comment that its rules bear.
    """

    def __init__(self, number: int, state: Path) -> None:
        self.bridge = f"zh{number}"
        self.address = f"198.18.{number}.1"
        self._subnet = f"198.18.{number}.0/24"
        self.mark = f"zester-hosts-{number}"
        self._forwarding = Forwarding(state)

    @property
    def is_up(self) -> bool:
        """Whether the bridge is there."""
        return Path("/sys/class/net", self.bridge).exists()

    def host_address(self, number: int) -> str:
        """Give the address of the n-th host, from 0."""
        return f"{self.address.rpartition('.')[0]}.{10 + number}"

    def up(self) -> None:
        """Make the bridge.

        Raises:
            HostsError: the kernel refused.
        """
        machine("ip", "link", "add", self.bridge, "type", "bridge")
        machine("ip", "addr", "add", f"{self.address}/24", "dev", self.bridge)
        machine("ip", "link", "set", self.bridge, "up")

    def open_way_out(self) -> None:
        """Let hosts reach what this machine reaches.

        Raises:
            HostsError: this machine has no way out itself, or the kernel refused.
        """
        uplink = _uplink()
        jump = ("-m", "comment", "--comment", self.mark, "-j")
        source, out = ("-s", self._subnet), ("-o", uplink)
        machine(
            "iptables", "-w", "-t", "nat", "-A", "POSTROUTING", *source, *out, *jump, "MASQUERADE"
        )
        for way in ("-i", "-o"):
            machine("iptables", "-w", "-I", "FORWARD", way, self.bridge, *jump, "ACCEPT")
        self._forwarding.take(uplink)
        _forwarding_of(self.bridge).write_text("1")

    def clear(self) -> None:
        """Take back whatever `up` and `open_way_out` did, also for somebody who died."""
        if self.is_up:
            machine("ip", "link", "del", self.bridge)
        for table in ("nat", "filter"):
            for rule in _rules(table):
                if self.mark in rule:
                    machine("iptables", "-w", "-t", table, "-D", *rule[1:])
        self._forwarding.give_back()


def _rules(table: str) -> list[list[str]]:
    command = ["iptables", "-w", "-t", table, "-S"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    rules = [shlex.split(line) for line in done.stdout.splitlines()]
    return [rule for rule in rules if rule[:1] == ["-A"]]


def _uplink() -> str:
    found = re.search(r"\bdev (\S+)", machine("ip", "-4", "route", "show", "default"))
    if found is None:
        raise HostsError("this machine has no default route")
    return found[1]


def _forwarding_of(interface: str) -> Path:
    return Path("/proc/sys/net/ipv4/conf") / interface / "forwarding"


class Forwarding:
    """The uplink's forwarding, switched on while any yard of this machine needs it.

    Each yard holds a shared lock; who lets go last puts back what was there before the first.
    """

    def __init__(self, state: Path) -> None:
        self._guard = state / f"{_FORWARD}.guard"
        self._file = state / f"{_FORWARD}.json"
        self._users = state / f"{_FORWARD}.users"
        self._held = contextlib.ExitStack()

    def take(self, uplink: str) -> None:
        """Switch it on."""
        with locked(self._guard):
            file = self._held.enter_context(self._users.open("w"))
            fcntl.flock(file, fcntl.LOCK_SH)
            switch = _forwarding_of(uplink)
            if not self._file.exists():
                self._file.write_text(json.dumps([uplink, switch.read_text().strip()]))
            switch.write_text("1")

    def give_back(self) -> None:
        """Let go of it; it is as it was if nobody else needs it."""
        with locked(self._guard):
            self._held.close()
            if not self._file.exists():
                return
            with self._users.open("w") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return
                uplink, before = json.loads(self._file.read_text())
                if _forwarding_of(uplink).exists():
                    _forwarding_of(uplink).write_text(before)
                self._file.unlink()
