"""A field: servers, masters and peels, each a process that a test kills, freezes and starts again.

`zester-master dev` is what users have; here the test is the supervisor, so that it can do to each
process what a host can, and bring it back as systemd does.
"""

import contextlib
import json
import os
import shutil
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from zester_master.dev.folder import free_ports
from zester_master.site.conf import CONF_FILE, Cluster
from zester_master.site.masters import add_master
from zester_master.site.moving import set_nats_url
from zester_testing.daemons import MasterProcess, fetch, says_ready
from zester_testing.fleet import SCRIPTS, Done, eventually, run
from zester_testing.nats import NatsServer
from zester_testing.peels import Peel
from zester_testing.site import Site

NAME = "FIELD_PEEL"
"""The variable by which a command knows on which peel it runs."""

NO_VARIABLES: Mapping[str, str] = MappingProxyType({})
MANY = 300.0
"""Seconds in which even the largest field is up."""


class Field:
    """A site whose processes a test holds in its hands.

    Attributes:
        site: its keys.
        folder: where everything lies.
        servers: by name, `nats-1` and so on.
        masters: by name, `master-1` and so on.
        peels: by id, `peel-1` and so on.
        elsewhere: peels that the field does not hold, but that belong to it.
        marks: the file of each job started with `mark`, by jid.
    """

    def __init__(self, site: Site, folder: Path) -> None:
        self.site = site
        self.folder = folder
        self.servers: dict[str, NatsServer] = {}
        self.masters: dict[str, MasterProcess] = {}
        self.peels: dict[str, Peel] = {}
        self.elsewhere: set[str] = set()
        self.marks: dict[str, Path] = {}

    @classmethod
    @contextlib.contextmanager
    def up(
        cls,
        site: Site,
        folder: Path,
        *,
        servers: int = 1,
        masters: int = 1,
        peels: int = 3,
        host: str = "127.0.0.1",
    ) -> Generator[Self]:
        """Bring a field up, and end every process of it with the block."""
        field = cls(site, folder)
        (folder / "marks").mkdir(parents=True)
        try:
            field.start_servers(servers, host)
            for number in range(1, masters + 1):
                field.add_master(f"master-{number}").start()
            for number in range(1, peels + 1):
                field.add_peel(f"peel-{number}").start()
            field.until_ready()
            yield field
        finally:
            field.end()

    # -- what it is made of --------------------------------------------------------------------

    def start_servers(self, count: int, host: str = "127.0.0.1") -> None:
        """Start the servers; more than one are a cluster, and listen on loopback."""
        ports = free_ports(3 * count)
        clients, monitors, routes = ports[:count], ports[count : 2 * count], ports[2 * count :]
        for number, route in enumerate(routes):
            others = tuple(f"tls://127.0.0.1:{other}" for other in routes if other != route)
            name, port, monitor = f"nats-{number + 1}", clients[number], monitors[number]
            if others:
                cluster = Cluster("field", "127.0.0.1", route, others)
                self.site.write_node(name, cluster, port=port, monitor_port=monitor)
            else:
                self.site.write_conf(host=host, port=port, monitor_port=monitor)
            self.servers[name] = NatsServer(self._conf(name, count), self.folder / f"{name}.log")
        for server in self.servers.values():
            at = f"127.0.0.1:{server.monitor_port}"
            eventually(lambda at=at: says_whole(at), f"the server at {at} is whole")
        set_nats_url(self.site.paths, self.url)

    def _conf(self, name: str, count: int) -> Path:
        root = self.site.paths.root
        return (self.site.paths.nats if count == 1 else root / "nodes" / name) / CONF_FILE

    @property
    def url(self) -> str:
        """Where clients connect."""
        return ",".join(server.url for server in self.servers.values())

    @property
    def replicas(self) -> int:
        """How many copies its streams have."""
        return 3 if len(self.servers) >= 3 else 1

    def add_master(self, name: str) -> MasterProcess:
        """Make a master; it is not started yet."""
        auth = self.site.paths.master if name == "master-1" else self.folder / "auth" / name
        if not auth.exists():
            add_master(self.site.paths.root, name, self.site.paths.offline, auth, now=time.time())
        port = free_ports(1)[0]
        master = MasterProcess(self, name, auth, self.folder / "masters", port)
        master.flags["jetstream_replicas"] = self.replicas
        self.masters[name] = master
        return master

    def add_peel(self, peel_id: str, **flags: Any) -> Peel:
        """Make a peel that belongs to the field; it is not started yet."""
        peel = self.peels[peel_id] = self.make_peel(peel_id, **flags)
        return peel

    def make_peel(self, name: str, *, copy_of: str = "", **flags: Any) -> Peel:
        """Make a peel, or a copy of another, for the test to run and end."""
        peel_id = copy_of or name
        folder = self.folder / "peels" / name
        peel = Peel(self, peel_id, folder, **{"log_level": "info", **flags})
        peel.environment[NAME] = peel_id
        return peel

    def peel_names(self) -> list[str]:
        """Give the ids of all peels, sorted."""
        return sorted({*self.peels, *self.elsewhere})

    # -- how it is ------------------------------------------------------------------------------

    def until_ready(self, patience: float = MANY) -> float:
        """Wait until every process that should run says that it is well; give the seconds."""
        began = time.monotonic()
        for master in self.masters.values():
            if master.alive:
                eventually(lambda m=master: m.ready, f"{master.name} is ready", patience)
        for name, peel in self.peels.items():
            eventually(lambda p=peel: peel_ready(p), f"{name} is ready", patience)
        for master in self.masters.values():
            if master.alive:
                self._until_seen(master, patience)
        return time.monotonic() - began

    def _until_seen(self, master: MasterProcess, patience: float) -> None:
        want = f"zester_connected_peels {len(self.peel_names())}"

        def sees() -> bool:
            lines = fetch(master.health, "/metrics")[1].decode().splitlines()
            return any(line.split(".")[0] == want for line in lines)

        eventually(sees, f"{master.name} sees every peel", patience)

    def leader_of(self, stream: str) -> str:
        """Give the server that leads a stream."""
        for server in self.servers.values():
            path = "/jsz?accounts=1&streams=1"
            body = fetch(f"127.0.0.1:{server.monitor_port}", path)[1]
            for account in json.loads(body or b"{}").get("account_details", ()):
                for one in account.get("stream_detail", ()):
                    if one["name"] == stream and one.get("cluster", {}).get("leader"):
                        return one["cluster"]["leader"]
        return ""

    # -- what its jobs do -----------------------------------------------------------------------

    def mark(self, jid: str, then: str = "") -> str:
        """Give a command line that notes on the host that it ran, and goes on with `then`."""
        path = self.folder / "marks" / jid
        path.touch()
        self.marks[jid] = path
        return f'echo "${NAME}" >>{path}; {then or "true"}'

    def ran(self, jid: str) -> list[str]:
        """Give the peels on which a job ran, once for each time."""
        return sorted(self.marks[jid].read_text().split())

    def zester(self, *words: str, variables: Mapping[str, str] = NO_VARIABLES) -> Done:
        """Run the command against this field, for JSON."""
        ours = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "ZESTER_CONFIG": str(self.site.operator_config()),
        }
        command = [SCRIPTS / "zester", *words, "--output", "json"]
        return run(command, {**ours, **variables}, timeout=90)

    # -- its end ---------------------------------------------------------------------------------

    def end(self) -> None:
        """End everything, in order."""
        for peel in self.peels.values():
            with contextlib.suppress(AssertionError):
                peel.kill()
        for master in self.masters.values():
            if master.alive:
                master.kill()
        for server in self.servers.values():
            server.__exit__()


def peel_ready(peel: Peel) -> bool:
    """Ask a peel's /readyz; no while it does not answer."""
    file = peel.state / "health-port"
    port = file.read_text().strip() if file.exists() else ""
    return bool(port) and says_ready(f"127.0.0.1:{port}")


def says_whole(monitor: str) -> bool:
    """Ask a server whether it and its part of the cluster are in order."""
    return fetch(monitor, "/healthz")[0] == 200


def copy_auth(field: Field, peel_id: str, to: Path) -> Path:
    """Copy a peel's keys, as an image of its host does."""
    shutil.copytree(field.site.peel_folder(peel_id), to)
    return to
