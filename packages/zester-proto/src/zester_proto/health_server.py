"""/healthz, /readyz and /metrics of a daemon: the least HTTP that a probe and a scraper need."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Final

import msgspec

from zester_proto.errors import ZesterError
from zester_proto.health import Health
from zester_proto.logs import Log
from zester_proto.metrics import CONTENT_TYPE, Registry

JSON: Final = "application/json"
HEAD_LIMIT: Final = 8192
"""Bytes of a request's first line and headers."""

_TIMEOUT: Final = 5.0
_AT_ONCE: Final = 32
_REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class BadAddress(ZesterError):
    """Raised when a text is no address to listen on, or it cannot be listened on."""


Answer = tuple[int, str, bytes]
"""Status, content type and body."""

Handler = Callable[[], Answer]


def parse_address(text: str) -> tuple[str, int]:
    """Read `host:port`, `[v6]:port` or `:port`, which is every address.

    Raises:
        BadAddress: it is none.
    """
    host, separator, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not separator or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise BadAddress(f"{text!r} is not an address", hint="write HOST:PORT, as 127.0.0.1:9480")
    return host, int(port)


class HealthServer:
    """A tiny server for the loop that it is started in.

    Attributes:
        port: where it listens.
    """

    def __init__(self, health: Health, registry: Registry, address: str) -> None:
        self._host, self.port = parse_address(address)
        self._log = Log("zester.health")
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._paths: dict[str, Handler] = {
            "/healthz": lambda: _json(*health.live()),
            "/readyz": lambda: _json(*health.ready()),
            "/metrics": lambda: (200, CONTENT_TYPE, registry.render().encode()),
        }

    async def __aenter__(self) -> "HealthServer":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            BadAddress: the address is taken, or not ours.
        """
        try:
            self._server = await asyncio.start_server(
                self._client, self._host or None, self.port, limit=HEAD_LIMIT, backlog=64
            )
        except (OSError, socket.gaierror) as error:
            raise BadAddress(
                f"cannot listen on {self._host}:{self.port}: {error.strerror or error}",
                hint="choose another health_addr",
            ) from error
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening, and end what is being answered."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        clients = list(self._clients)
        for task in clients:
            task.cancel()
        if clients:
            await asyncio.wait(clients)
        if server is not None:
            await server.wait_closed()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._clients) >= _AT_ONCE:
            writer.transport.abort()
            return
        self._clients.add(task)
        try:
            async with asyncio.timeout(_TIMEOUT):
                await _serve(self._answer, reader, writer)
        except (TimeoutError, OSError):
            writer.transport.abort()
        except asyncio.CancelledError:
            # close() cancels us; a cancelled client task is not an error of the server's
            writer.transport.abort()
        finally:
            self._clients.discard(task)

    def _answer(self, method: str, path: str) -> Answer:
        handler = self._paths.get(path.partition("?")[0])
        if handler is None:
            return _text(404, f"there is only {', '.join(self._paths)}")
        if method not in {"GET", "HEAD"}:
            return _text(405, "only GET and HEAD")
        try:
            return handler()
        except Exception as error:  # noqa: BLE001  # the answer says so, the server goes on
            self._log.failure("a health path failed", error, path=path)
            return _text(500, "this path failed; the log says why")


async def _serve(
    answer: Callable[[str, str], Answer],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    method = ""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        writer.transport.abort()
        return
    except asyncio.LimitOverrunError:
        reply = _text(431, f"more than {HEAD_LIMIT} bytes of headers")
    else:
        words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        if len(words) == 3 and words[2].startswith("HTTP/1.") and words[1].startswith("/"):
            method = words[0]
            reply = answer(method, words[1])
        else:
            reply = _text(400, "this is no HTTP request")
    status, kind, body = reply
    writer.write(
        f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
    )
    if method != "HEAD":
        writer.write(body)
    await writer.drain()
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def _json(good: bool, body: object) -> Answer:
    return (200 if good else 503), JSON, msgspec.json.encode(body, enc_hook=str) + b"\n"


def _text(status: int, text: str) -> Answer:
    return status, "text/plain; charset=utf-8", text.encode() + b"\n"
