"""A fleet on whole hosts: a nats-server and a master on this machine, a real peel on each host."""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Self

from hosts.commands import Completed, complete, die_with_parent, machine
from hosts.errors import HostsError
from hosts.host import Host
from hosts.yard import Yard
from zester_testing.nats import NatsServer

SCRIPTS: Final = Path(sys.executable).parent
PATIENCE: Final = 60.0
STOP_SECONDS: Final = 15.0


class HostFleet:
    """Hosts that joined a site of their own.

    Attributes:
        yard: where they stand.
        hosts: by name, which is also the id of each host's peel.
        folder: of the site and the logs.
        config: what ZESTER_CONFIG names, for the `zester` command.
        states: the tree that its master publishes; a test makes it.
    """

    def __init__(self, yard: Yard, folder: Path) -> None:
        self.yard = yard
        self.hosts = yard.hosts
        self.folder = folder
        self.config = folder / "site/operators/admin/operator.yaml"
        self.states = folder / "states"

    @classmethod
    @contextlib.contextmanager
    def up(
        cls, names: Iterable[str], layers: Sequence[Path], *, ping: str = "10s"
    ) -> Generator[Self]:
        """Bring a fleet up, with a yard of its own, and stop all of it at the end.

        Args:
            names: of the hosts.
            layers: `hosts.layers.zester_layers()`, or more on top of it.
            ping: how often the server looks whether a silent peel is there; three such times
                after a host is cut off, its peel is known to be absent.

        Raises:
            HostsError: a part did not come up.
        """
        with contextlib.ExitStack() as stack:
            yard = stack.enter_context(Yard.up())
            fleet = cls(yard, yard.folder / "fleet")
            fleet.folder.mkdir()
            hosts = [yard.host(name, layers) for name in names]
            for host in hosts:
                host.begin()
            fleet._init_site(ping)
            conf = fleet.folder / "site/nats/nats-server.conf"
            stack.enter_context(NatsServer(conf, fleet.folder / "nats-server.log"))
            stack.enter_context(fleet._master())
            for host in hosts:
                host.wait_up()
                fleet.join(host)
            fleet.wait_present(host.name for host in hosts)
            yield fleet

    def _init_site(self, ping: str) -> None:
        address = self.yard.network.address
        site = self.folder / "site"
        where = (f"--hosts={address}", f"--listen={address}", f"--client-port={_port(address)}")
        self.master("init", f"--dir={site}", *where, "--monitor-port=-1")
        conf = site / "nats/nats-server.conf"
        text = conf.read_text()
        conf.write_text(re.sub(r'(?m)^ping_interval: ".*"$', f'ping_interval: "{ping}"', text))

    def master(self, *words: str) -> str:
        """Run zester-master with a command that ends.

        Raises:
            HostsError: it failed.
        """
        return machine(SCRIPTS / "zester-master", *words)

    @contextlib.contextmanager
    def _master(self) -> Generator[None]:
        site, state = self.folder / "site", self.folder / "master-state"
        words = (f"--auth-dir={site / 'master'}", f"--state-dir={state}", "--health-addr=")
        words += (f"--states-dir={self.states}",)
        with (self.folder / "master.log").open("ab") as log:
            process = subprocess.Popen(
                [SCRIPTS / "zester-master", "run", f"--config={os.devnull}", *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509  # nothing else runs in the child
            )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def join(self, host: Host) -> None:
        """Make a host's keys on the host, admit them, and start its peel.

        Raises:
            HostsError: a step failed.
        """
        line = host.run(["zester-peel", "keys"]).check().out.strip()
        out = self.folder / f"{host.name}.join"
        self.master("peel", "add", line, f"--dir={self.folder / 'site/master'}", f"--out={out}")
        host.run(["zester-peel", "join", "-"], stdin=out.read_text()).check()
        host.run(["systemctl", "enable", "--quiet", "--now", "zester-peel"]).check()

    def zester(self, *words: str, timeout: float = PATIENCE) -> Completed:
        """Run the command as the site's admin."""
        home = {"ZESTER_CONFIG": str(self.config), "NO_COLOR": "1", "HOME": str(self.folder)}
        home["XDG_CACHE_HOME"] = str(self.folder / "cache")
        return complete((), (str(SCRIPTS / "zester"), *words), env=home, timeout=timeout)

    def present(self) -> set[str]:
        """Give the peels that the master sees."""
        done = self.zester("peel", "list", "--output=json")
        if done.code:
            return set()
        rows: list[dict[str, Any]] = json.loads(done.out)
        return {row["id"] for row in rows if row["state"] == "present"}

    def wait_present(self, names: Iterable[str]) -> None:
        """Wait until the master sees exactly these peels.

        Raises:
            HostsError: it does not.
        """
        wanted, end = set(names), time.monotonic() + PATIENCE
        while (seen := self.present()) != wanted:
            if time.monotonic() > end:
                raise HostsError(f"the master sees {sorted(seen)}, not {sorted(wanted)}")
            time.sleep(0.05)


def _port(address: str) -> int:
    """Give a port that is free there; nobody else uses the address."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]
