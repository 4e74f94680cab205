"""A network namespace with one cable to this host, which a test can pull."""

import contextlib
import os
import subprocess
from collections.abc import Generator
from typing import NamedTuple


class Cable(NamedTuple):
    """A namespace and the host's end of its cable."""

    namespace: str
    device: str
    host: str
    """The host's address, as it is seen from inside."""

    @classmethod
    @contextlib.contextmanager
    def laid(cls) -> Generator["Cable"]:
        """Make both, and take them away at the end."""
        number = os.getpid()
        name, third = f"zt{number}", number % 250 + 1
        cable = cls(name, f"ve-{number}", f"10.231.{third}.1")
        ip("netns", "add", name)
        try:
            ip("link", "add", cable.device, "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("addr", "add", f"{cable.host}/30", "dev", cable.device)
            ip("link", "set", cable.device, "up")
            ip("-n", name, "addr", "add", f"10.231.{third}.2/30", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
            yield cable
        finally:
            ip("netns", "del", name)

    def pull(self) -> None:
        """Cut the namespace off; nothing is told to either side."""
        ip("link", "set", self.device, "down")

    def plug(self) -> None:
        """Connect it again."""
        ip("link", "set", self.device, "up")

    @property
    def inside(self) -> list[str]:
        """The words that run a command inside."""
        return ["ip", "netns", "exec", self.namespace]


def ip(*words: str) -> None:
    """Run `ip`."""
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
