"""What a link is given, and what comes out of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from zester_proto.errors import ZesterError
from zester_proto.identity.creds import Credentials
from zester_proto.permissions import SERVER_PAYLOAD

DEFAULT_PORT: Final = 4222
NO_HEADERS: Final[Mapping[str, str]] = {}


class BadUrl(ZesterError):
    """Raised when a text is no address of a NATS server."""


class Message(NamedTuple):
    """What arrived."""

    subject: str
    data: bytes
    reply: str = ""
    headers: Mapping[str, str] = NO_HEADERS

    @property
    def status(self) -> str:
        """The server's own word in place of a message: `503`, `404`, `100`; else empty."""
        return self.headers.get("Status", "")


class Server(NamedTuple):
    """One address of a pool."""

    host: str
    port: int
    tls_name: str = ""
    """The name its certificate must hold; the host itself where empty."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class LinkOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to connect. Times are in seconds, sizes in bytes."""

    urls: tuple[str, ...]
    """`nats://` and `tls://` both mean TLS 1.3 from the first byte (bus.md 1)."""
    creds: Path | Credentials
    """A path is read again at every try, so that renewed credentials take hold by themselves."""
    ca: Path
    """The CA's certificates; read again at every try."""
    name: str = ""
    """What the server shows for this connection; the credentials' name where empty."""
    inbox_prefix: str = ""
    """`_INBOX_<name of the credentials>` where empty."""
    dial_timeout: float = 8.0
    """For the TCP connection: a host that is gone must not keep us long from the next one."""
    connect_timeout: float = 20.0
    """For TLS, and again for the greeting: 10,000 peels that come back at once need more than the
    2 s of nats-py (nats.md H)."""
    request_timeout: float = 5.0
    ping_interval: float = 10.0
    """Two unanswered pings end the connection."""
    backoff_base: float = 0.5
    backoff_cap: float = 30.0
    max_payload: int = SERVER_PAYLOAD
    """What the server takes from us; a peel's template allows less than the server says."""
    pending_bytes: int = 64 * 1024 * 1024
    """What waits for the handler of one subscription; beyond it messages are dropped, counted."""


def parse_servers(urls: tuple[str, ...]) -> list[Server]:
    """Give the addresses of some URLs.

    Raises:
        BadUrl: one of them is none; or there are none at all.
    """
    servers = [_parse_server(url.strip()) for url in urls]
    if not servers:
        raise BadUrl("there is no NATS server to connect to", hint="set nats_url")
    return servers


def _parse_server(url: str) -> Server:
    hint = "write nats://HOST:PORT; credentials belong in a file, not in the URL"
    try:
        parts = urlsplit(url if "://" in url else f"nats://{url}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BadUrl(f"{url!r} is not the URL of a NATS server: {error}", hint=hint) from error
    if parts.scheme not in {"nats", "tls"} or not host or parts.path.strip("/") or parts.query:
        raise BadUrl(f"{url!r} is not the URL of a NATS server", hint=hint)
    if parts.username is not None or parts.password is not None:
        raise BadUrl("the URL of the NATS server holds a user or password", hint=hint)
    return Server(host, port or DEFAULT_PORT)
