"""The folder of a fleet: made once, used again, and never somebody else's."""

import contextlib
import json
import shutil
import time
from pathlib import Path
from typing import Final

import msgspec

from zester_master.site.conf import (
    CONF_FILE,
    FREE_PORT,
    Cluster,
    ServerConf,
    conf_text,
)
from zester_master.site.init import InitOptions, init_site
from zester_master.site.layout import SitePaths
from zester_master.site.masters import add_master
from zester_master.site.operators import config_text
from zester_master.site.peels import Admission
from zester_proto.errors import FileProblem
from zester_proto.files import make_private_folder, read_file, write_atomic

DEV_FILE: Final = "dev.json"
OPERATOR: Final = "admin"
_HOST: Final = "127.0.0.1"


class Child(msgspec.Struct, frozen=True, kw_only=True):
    """A process of the fleet."""

    name: str
    pid: int
    url: str = ""
    """Where clients of a nats-server connect."""
    monitor: str = ""
    health: str = ""
    """HOST:PORT of /healthz, /readyz and /metrics."""


class DevFile(msgspec.Struct, frozen=True, kw_only=True):
    """`dev.json`: the mark of a folder that `dev` made, and what runs in it."""

    made: bool = False
    """The site is complete; else its making was broken off."""
    nats: tuple[Child, ...] = ()
    masters: tuple[Child, ...] = ()
    peels: tuple[Child, ...] = ()


class DevFolder:
    """A folder with a site, its peels, and their logs."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.site = SitePaths(self.root / "site")
        self.logs = self.root / "log"
        self.ports = self.root / "ports"
        self.operator = self.root / "operator.yaml"
        self.states = self.root / "states"
        """The trees that the masters of this fleet publish."""
        self.settings = self.root / "settings"

    def prepare(self, *, peels: int, masters: int, nats: int) -> None:
        """Make what is missing of a fleet of that size.

        Raises:
            FileProblem: the folder holds something that dev did not make or a fleet with another
                number of servers, or cannot be written.
        """
        before = self._read()
        if before.nats and len(before.nats) != nats:
            # a server that kept its streams alone does not bring them into a cluster, nor back
            raise FileProblem(
                f"the fleet in {self.root} has {len(before.nats)} nats-servers, not {nats}",
                hint=f"say --nats {len(before.nats)}, or name a new folder",
            )
        if not before.made:
            self._make()
        for folder in (self.logs, self.ports):
            make_private_folder(folder)
        for number in range(2, masters + 1):
            self._add_master(f"master-{number}")
        admission = Admission.load(self.site.root)
        for number in range(1, peels + 1):
            # again at each start, with the keys that it has: its JWT may be over, or an older one
            auth = self.peel(f"peel-{number}") / "auth"
            admission.admit_with_key(f"peel-{number}", auth, now=time.time())
        self._write_nodes(nats)

    def _read(self) -> DevFile:
        path = self.root / DEV_FILE
        if path.exists():
            try:
                return msgspec.json.decode(read_file(path), type=DevFile)
            except msgspec.MsgspecError as error:
                raise FileProblem(
                    f"{path} is damaged: {error}", hint="name a new folder"
                ) from error
        if self.root.exists() and (not self.root.is_dir() or any(self.root.iterdir())):
            raise FileProblem(
                f"{self.root} is not empty, and `zester-master dev` did not make it",
                hint="name a new or empty folder with --dir",
            )
        return DevFile()

    def _make(self) -> None:
        make_private_folder(self.root)
        self.write(DevFile())
        if self.site.root.exists():  # a making that was broken off
            shutil.rmtree(self.site.root)
        options = InitOptions(
            name="dev",
            hosts=(_HOST, "localhost", "::1"),
            listen=_HOST,
            client_port=FREE_PORT,
            monitor_port=FREE_PORT,
            operator=OPERATOR,
            ports_folder=self.ports,
        )
        init_site(self.site.root, options)
        self.write(DevFile(made=True))

    def _add_master(self, name: str) -> None:
        folder = self.master(name)
        if not (folder / "master.creds").exists():
            add_master(self.site.root, name, self.site.offline, folder, now=time.time())

    def _write_nodes(self, count: int) -> None:
        """Write the configuration of each server; more than one make a cluster."""
        names = [f"nats-{number}" for number in range(1, count + 1)]
        routes = dict(zip(names, free_ports(count), strict=True))
        for name, port in routes.items():
            folder = self.node(name)
            if folder != self.site.nats and not folder.exists():
                kept = shutil.ignore_patterns("jetstream", "accounts", CONF_FILE)
                shutil.copytree(self.site.nats, folder, ignore=kept)
            urls = tuple(f"tls://{_HOST}:{other}" for other in routes.values() if other != port)
            cluster = Cluster("dev", _HOST, port, urls) if urls else None
            conf = ServerConf(
                name=name,
                folder=folder,
                host=_HOST,
                port=FREE_PORT,
                monitor_port=FREE_PORT,
                ports_folder=self.ports,
                cluster=cluster,
            )
            write_atomic(folder / CONF_FILE, conf_text(conf, "dev").encode(), 0o644)

    def node(self, name: str) -> Path:
        """Give the folder of a nats-server."""
        return self.site.nats if name == "nats-1" else self.root / "nodes" / name

    def master(self, name: str) -> Path:
        """Give the auth folder of a master."""
        return self.site.master if name == "master-1" else self.root / "masters" / name

    def peel(self, peel_id: str) -> Path:
        """Give the folder of a peel: its auth and state folders and its facts lie below it."""
        return self.root / "peels" / peel_id

    def write(self, file: DevFile) -> None:
        """Write `dev.json`."""
        text = msgspec.json.format(msgspec.json.encode(file), indent=2)
        write_atomic(self.root / DEV_FILE, text + b"\n", 0o644)

    def write_operator(self, nats_url: str) -> None:
        """Write `operator.yaml`, which `zester` reads."""
        below = self.site.operators.relative_to(self.root) / OPERATOR
        write_atomic(self.operator, config_text(OPERATOR, nats_url, below).encode(), 0o644)

    def write_master(self, nats_url: str) -> None:
        """Write `master.yaml`, with which `zester-master secret` and its like find this fleet."""
        lines = (
            "# For --config of zester-master secret, settings and buckets.",
            f"auth_dir: {json.dumps(str(self.master('master-1')))}",
            f"nats_url: [{json.dumps(nats_url)}]",
            f"settings_dir: {json.dumps(str(self.settings))}",
            f"states_dir: {json.dumps(str(self.states))}",
        )
        write_atomic(
            self.root / "master.yaml", "".join(f"{one}\n" for one in lines).encode(), 0o644
        )


def free_port() -> int:
    """Give a port of loopback that the kernel says is free now."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Give ports of loopback that the kernel says are free now, no two the same."""
    import socket  # noqa: PLC0415  # only where no server picks its own

    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((_HOST, 0))
        return [probe.getsockname()[1] for probe in probes]
