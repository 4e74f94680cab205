"""The configuration of a nats-server that carries a site (bus.md 1; spec of the file: nats.io)."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from zester_proto.permissions import SERVER_PAYLOAD

FREE_PORT: Final = -1
"""The server takes a port from the kernel and writes it into its ports file."""


class Cluster(NamedTuple):
    """The server's part in a cluster; routes use the site's certificates in both directions."""

    name: str
    host: str
    port: int
    routes: tuple[str, ...]
    """`tls://host:port` of the others."""


CONF_FILE: Final = "nats-server.conf"
ACCOUNTS_FILE: Final = "accounts.conf"


class ServerConf(NamedTuple):
    """Where one server listens and keeps its files; all paths are absolute."""

    name: str
    folder: Path
    """Holds `server.crt`, `server.key` and `ca.crt`, and what the server writes."""
    host: str = "0.0.0.0"
    port: int = 4222
    monitor_port: int = 8222
    store: Path | None = None
    """JetStream keeps its files in `jetstream` below it; without it below `folder`."""
    ports_folder: Path | None = None
    """Where the server writes which ports it took."""
    cluster: Cluster | None = None


_HEAD: Final = """\
# The nats-server of site {name}, made by `zester-master init`.
# Paths are absolute: change them if you move this folder.
server_name: {server}
listen: {listen}
http: {monitor}
{ports}max_payload: {payload}
max_connections: 65536
write_deadline: "10s"
ping_interval: "10s"
ping_max: 2

# TLS 1.3 from the first byte: no client sends its credentials to anybody else.
tls {{
  cert_file: {cert}
  key_file: {key}
  min_version: "1.3"
  handshake_first: true
  timeout: 10
}}

jetstream {{
  store_dir: {store}
  max_file_store: 500GB
  max_memory_store: 1GB
}}

# Account JWTs that masters push lie in this folder; the preload only fills an empty one.
resolver {{
  type: full
  dir: {resolver}
  allow_delete: false
  interval: "2m"
  limit: 1000
}}
include "./accounts.conf"
"""
_ACCOUNTS: Final = """\
# The operator and the first account JWTs of site {name}; no secret.
operator: {operator}
system_account: {system}
resolver_preload {{
{preload}
}}
"""
_CLUSTER: Final = """
cluster {{
  name: {name}
  listen: {listen}
  routes: {routes}
  tls {{
    cert_file: {cert}
    key_file: {key}
    ca_file: {ca}
    verify: true
    min_version: "1.3"
    timeout: 10
  }}
}}
"""


def _text(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False)


def _listen(host: str, port: int) -> str:
    return _text(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


def _comment(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())


def accounts_text(site_name: str, operator: str, system: str, accounts: Mapping[str, str]) -> str:
    """Give the text of `accounts.conf`, the same for every server of a site.

    Args:
        site_name: for people alone.
        operator: the operator's JWT.
        system: the key of account SYS.
        accounts: the JWTs of the accounts by their keys.
    """
    return _ACCOUNTS.format(
        name=_comment(site_name),
        operator=_text(operator),
        system=system,
        preload="\n".join(f"  {key}: {_text(jwt)}" for key, jwt in accounts.items()),
    )


def conf_text(conf: ServerConf, site_name: str) -> str:
    """Give the text of `nats-server.conf`, beside which `accounts.conf` must lie.

    Args:
        conf: where the server listens and keeps its files.
        site_name: for people alone.
    """
    ports = f"ports_file_dir: {_text(conf.ports_folder)}\n" if conf.ports_folder else ""
    text = _HEAD.format(
        name=_comment(site_name),
        server=_text(conf.name),
        listen=_listen(conf.host, conf.port),
        monitor=_listen("127.0.0.1", conf.monitor_port),
        ports=ports,
        payload=SERVER_PAYLOAD,
        cert=_text(conf.folder / "server.crt"),
        key=_text(conf.folder / "server.key"),
        store=_text(conf.store or conf.folder),
        resolver=_text(conf.folder / "accounts"),
    )
    return text + (_cluster_text(conf, conf.cluster) if conf.cluster else "")


def _cluster_text(conf: ServerConf, cluster: Cluster) -> str:
    return _CLUSTER.format(
        name=_text(cluster.name),
        listen=_listen(cluster.host, cluster.port),
        routes=json.dumps(list(cluster.routes)),
        cert=_text(conf.folder / "server.crt"),
        key=_text(conf.folder / "server.key"),
        ca=_text(conf.folder / "ca.crt"),
    )
