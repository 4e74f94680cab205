"""A whole Debian host: booted, cut off, crashed, started again, and looked into."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from hosts.cgroups import clear_cgroups, enter_cgroup
from hosts.commands import PATIENCE, Completed, complete, die_with_parent, machine
from hosts.errors import HostsError
from hosts.mounts import mount_overlay, mounted_below, unmount
from hosts.network import Network
from hosts.upper import Snapshot, snapshot

_POWER_OFF: Final = signal.SIGRTMIN + 4
"""What systemd takes as the wish to power off."""

_NETWORK: Final = """\
[Unit]
Description=The address of this host
DefaultDependencies=no
Before=network.target network-online.target
Wants=network.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/ip link set host0 up
ExecStart=/usr/sbin/ip addr replace {address}/24 dev host0
ExecStart=/usr/sbin/ip route replace default via {gateway}

[Install]
WantedBy=sysinit.target
"""


class Host:
    """A host; `hosts.yard.Yard` makes it, and takes it back whatever becomes of the test.

    Start it in the main thread: it dies with the thread that started it.

    Attributes:
        name: its host name.
        address: where the machine and other hosts reach it.
        upper: what was written to its disk.
        console: what its console said.
    """

    def __init__(
        self, name: str, number: int, layers: Sequence[Path], folder: Path, network: Network
    ) -> None:
        self.name = name
        self.address = network.host_address(number)
        self.upper = folder / "upper"
        self.console = folder / "console.log"
        self._machine = f"{network.bridge}h{number}x"
        self._layers = tuple(layers)
        self._folder = folder
        self._network = network
        self._process: subprocess.Popen[bytes] | None = None
        self._leader = 0
        self._ready: socket.socket | None = None

    @property
    def running(self) -> bool:
        """Whether it is up, or on its way."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its systemd, as this machine numbers it."""
        if not self._leader:
            raise HostsError(f"{self.name} is not up")
        return self._leader

    def start(self) -> None:
        """Start it, with the disk that it had, and wait until it is up.

        Raises:
            HostsError: it does not come up; the text holds what its console said.
        """
        self.begin()
        self.wait_up()

    def begin(self) -> None:
        """Start it without waiting, so that several start at once."""
        if self.running:
            raise HostsError(f"{self.name} runs already")
        root = self._folder / "root"
        if root not in mounted_below(root):
            mount_overlay(self._layers, self.upper, self._folder / "work", root)
        if not (root / "etc/hostname").exists():
            self._prepare(root)
        self._ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        name = f"{self._machine}-{secrets.token_hex(4)}"
        self._ready.bind(f"\0{name}")
        with self.console.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(root),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={"PATH": os.environ["PATH"], "NOTIFY_SOCKET": f"@{name}"},
                preexec_fn=self._before_exec,  # noqa: PLW1509  # nothing else runs in the child
            )

    def _before_exec(self) -> None:
        die_with_parent()
        enter_cgroup(self._machine)

    def _command(self, root: Path) -> list[str]:
        return [
            "systemd-nspawn",
            "--quiet",
            "--settings=no",
            "--register=no",
            "--keep-unit",
            "--notify-ready=yes",
            "--resolv-conf=off",
            "--timezone=off",
            "--link-journal=no",
            f"--machine={self._machine}",
            f"--hostname={self.name}",
            f"--network-bridge={self._network.bridge}",
            f"--directory={root}",
            "--boot",
        ]

    def _prepare(self, root: Path) -> None:
        units = root / "etc/systemd/system"
        text = _NETWORK.format(address=self.address, gateway=self._network.address)
        (units / "host0.service").write_text(text)
        (units / "sysinit.target.wants").mkdir(exist_ok=True)
        (units / "sysinit.target.wants/host0.service").symlink_to("../host0.service")
        (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n{self.address} {self.name}\n")
        (root / "etc/machine-id").write_text(f"{secrets.token_hex(16)}\n")
        (root / "etc/hostname").write_text(f"{self.name}\n")

    def wait_up(self) -> None:
        """Wait until what `begin` started is up.

        Raises:
            HostsError: it does not come up; the text holds what its console said.
        """
        assert self._ready is not None
        end = time.monotonic() + PATIENCE
        with contextlib.closing(self._ready) as ready:
            ready.settimeout(0.5)
            said: dict[str, str] = {}
            while said.get("READY") != "1":
                if not self.running or time.monotonic() > end:
                    self.crash()
                    console = self.console.read_text(errors="replace")[-3000:]
                    raise HostsError(f"{self.name} does not come up: {console}")
                with contextlib.suppress(TimeoutError):
                    for line in ready.recv(65536).decode().splitlines():
                        name, _, said[name] = line.partition("=")
        self._leader = int(said["X_NSPAWN_LEADER_PID"])

    def stop(self) -> None:
        """Let it power off in order; its disk stays for the next start."""
        self.begin_stop()
        self.wait_stopped()

    def begin_stop(self) -> None:
        """Tell it to power off, without waiting."""
        if self.running:
            os.kill(self.pid, _POWER_OFF)

    def wait_stopped(self) -> None:
        """Wait for what `begin_stop` began.

        Raises:
            HostsError: it does not end; it is crashed then.
        """
        assert self._process is not None
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.crash()
            raise HostsError(f"{self.name} did not power off") from None
        self._gone()

    def crash(self) -> None:
        """End it as a loss of power does; its disk stays for the next start."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._gone()

    def _gone(self) -> None:
        self._leader = 0
        clear_cgroups(self._machine)  # which kills what nspawn left
        # The kernel removes a dead host's interface some time later; the next start wants its name.
        subprocess.run(["ip", "link", "del", self.interface], capture_output=True, check=False)

    @property
    def interface(self) -> str:
        """This machine's end of its cable."""
        return f"vb-{self._machine}"

    def cut(self) -> None:
        """Pull its cable out."""
        machine("ip", "link", "set", self.interface, "down")

    def mend(self) -> None:
        """Put its cable back."""
        machine("ip", "link", "set", self.interface, "up")

    def run(
        self,
        words: Sequence[str],
        *,
        stdin: str | bytes = b"",
        env: Mapping[str, str] | None = None,
        timeout: float = PATIENCE,
    ) -> Completed:
        """Run a command on it, as root; `.check()` raises if it failed."""
        wrapper = ["nsenter", f"--target={self.pid}", "--all", "--"]
        return complete(wrapper, words, stdin=stdin, env=env, timeout=timeout)

    def read(self, path: str) -> str:
        """Read a file on it."""
        return self.run(["cat", "--", path]).check().out

    def write(self, path: str, text: str | bytes, mode: int = 0o644) -> None:
        """Write a file on it, and the folders above."""
        words = ["install", "-D", f"--mode={mode:o}", "/dev/stdin", path]
        self.run(words, stdin=text).check()

    def written(self) -> Snapshot:
        """Give what has been written to its disk until now."""
        return snapshot(self.upper)

    def remove(self) -> None:
        """Crash it and take its disk out."""
        self.crash()
        for target in mounted_below(self._folder / "root"):
            unmount(target)
