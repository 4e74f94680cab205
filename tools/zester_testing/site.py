"""A throw-away site, and a bus for it: what nearly every test that connects begins with."""

import shutil
import ssl
import time
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self

from nats.aio.client import Client

from zester_master.site.conf import CONF_FILE, FREE_PORT, Cluster, ServerConf, conf_text
from zester_master.site.init import InitOptions, init_site
from zester_master.site.layout import AuthPaths, OfflinePaths, SitePaths
from zester_master.site.masters import MasterIdentity, load_master
from zester_master.site.moving import set_nats_url
from zester_master.site.operators import add_operator
from zester_master.site.peels import Admission
from zester_proto.files import write_atomic
from zester_proto.identity.creds import Credentials, read_creds
from zester_proto.identity.joining import PeelIdentity, load_identity
from zester_proto.identity.nkeys import nonce_signer
from zester_proto.permissions import Role
from zester_proto.subjects import inbox
from zester_testing.nats import NatsServer
from zester_testing.raw import Raw

OPERATORS = {Role.VIEWER: "vera", Role.OPERATOR: "otto", Role.ADMIN: "admin"}
"""The operators that every test site has."""


class Site(NamedTuple):
    """What `zester-master init` made, with three operators and any number of peels."""

    paths: SitePaths

    @classmethod
    def make(cls, folder: Path, hosts: tuple[str, ...] = ("127.0.0.1", "localhost")) -> Self:
        """Make a site in a new folder, whose servers are known under these names."""
        options = InitOptions(
            name="test",
            hosts=hosts,
            listen="127.0.0.1",
            client_port=FREE_PORT,
            monitor_port=FREE_PORT,
        )
        site = cls(init_site(folder, options))
        for role in (Role.VIEWER, Role.OPERATOR):
            name = OPERATORS[role]
            out = site.paths.operators / name
            add_operator(folder, name, role, site.paths.offline, out, now=time.time())
        return site

    def copy_to(self, folder: Path) -> "Site":
        """Give a copy with the same keys and a server of its own."""
        shutil.copytree(self.paths.root, folder)
        copy = Site(SitePaths(folder))
        copy.write_conf()
        return copy

    @property
    def auth(self) -> AuthPaths:
        """The auth folder of `master-1`."""
        return AuthPaths(self.paths.master)

    @property
    def offline(self) -> OfflinePaths:
        """The keys that go offline."""
        return OfflinePaths(self.paths.offline)

    @property
    def ca(self) -> Path:
        """The certificate authority."""
        return self.auth.ca

    @property
    def master(self) -> MasterIdentity:
        """Who `master-1` is."""
        return load_master(self.paths.master)

    def operator(self, role: Role) -> Credentials:
        """Give the credentials of the operator with that role."""
        return read_creds(self.operator_config(role).with_name(f"{OPERATORS[role]}.creds"))

    def operator_config(self, role: Role = Role.ADMIN) -> Path:
        """Give the `operator.yaml` of the operator with that role, for ZESTER_CONFIG."""
        return self.paths.operators / OPERATORS[role] / "operator.yaml"

    def peel_folder(self, peel_id: str) -> Path:
        """Give the auth folder of a peel; `peel` makes it."""
        return self.paths.root / "peels" / peel_id

    def peel(self, peel_id: str, *, days: float = 30, now: float | None = None) -> PeelIdentity:
        """Admit a peel and give its identity; the same each time."""
        folder = self.peel_folder(peel_id)
        if not folder.exists():
            when = time.time() if now is None else now
            Admission.load(self.paths.master).admit_with_key(peel_id, folder, now=when, days=days)
        return load_identity(folder)

    def write_conf(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = FREE_PORT,
        monitor_port: int = FREE_PORT,
        node: str = "",
    ) -> Path:
        """Write the configuration of a server of this site and give its path."""
        conf = ServerConf(
            name=f"nats-test{node}",
            folder=self.paths.nats,
            host=host,
            port=port,
            monitor_port=monitor_port,
        )
        path = self.paths.nats / CONF_FILE
        write_atomic(path, conf_text(conf, "test").encode(), 0o644)
        return path

    def write_node(
        self,
        name: str,
        cluster: Cluster,
        *,
        port: int = FREE_PORT,
        monitor_port: int = FREE_PORT,
    ) -> Path:
        """Write the configuration of one server of a cluster, in a folder of its own."""
        folder = self.paths.root / "nodes" / name
        shutil.copytree(
            self.paths.nats, folder, ignore=shutil.ignore_patterns("jetstream", "accounts")
        )
        conf = ServerConf(name, folder, "127.0.0.1", port, monitor_port, cluster=cluster)
        path = folder / CONF_FILE
        write_atomic(path, conf_text(conf, "test").encode(), 0o644)
        return path


class Reach(Protocol):
    """A site, and where its bus is reached: what peels and operators of a test need."""

    @property
    def site(self) -> Site:
        """The site."""
        ...

    @property
    def url(self) -> str:
        """Where clients connect; several servers are joined by commas."""
        ...


class Bus:
    """A site with a running server.

    Attributes:
        site: the site.
        server: its nats-server.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.server = NatsServer(site.paths.nats / CONF_FILE, site.paths.root / "nats-server.log")
        # From here on the server keeps its ports, also when it is started again.
        site.write_conf(port=self.server.port, monitor_port=self.server.monitor_port)
        set_nats_url(site.paths, self.server.url)

    @property
    def url(self) -> str:
        """Where clients connect."""
        return self.server.url

    def tls(self) -> ssl.SSLContext:
        """Give a context that trusts the site's CA alone and speaks TLS 1.3."""
        return tls_context(self.site.ca)

    async def connect(self, credentials: Credentials, **options: Any) -> Client:
        """Connect with plain nats-py, as bus.md 1 says: TLS first, and no second try.

        Args:
            credentials: who connects.
            options: of `nats.connect`, over the ones made here.
        """
        client = Client()
        await client.connect(**{**self.options(credentials), **options})
        return client

    async def raw(self, credentials: Credentials | None, **options: Any) -> Raw:
        """Connect with the client that shows every answer of the server.

        Args:
            credentials: who connects; None is nobody.
            options: of CONNECT, over the usual ones.

        Raises:
            Refused: the server does not let this user in.
        """
        return await Raw.connect(self.server.port, self.tls(), credentials, **options)

    def options(self, credentials: Credentials) -> dict[str, Any]:
        """Give what `nats.connect` needs for a user of this site."""
        return {
            "servers": [self.url],
            "tls": self.tls(),
            "tls_handshake_first": True,
            "user_jwt_cb": credentials.jwt.encode,
            "signature_cb": nonce_signer(credentials.key),
            "inbox_prefix": inbox(credentials.name),
            "allow_reconnect": False,
            "connect_timeout": 10,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.__exit__()


def tls_context(ca: Path) -> ssl.SSLContext:
    """Give a client's context that trusts one CA alone and speaks TLS 1.3."""
    context = ssl.create_default_context(cafile=str(ca))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context
