"""A TLS 1.3 connection that nats-py is handed ready: not a byte of its own goes before the TLS.

nats-py by itself would connect in the clear to a server without TLS and send CONNECT (nats.md J).
"""

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import ParseResult

from zester_proto.link.errors import ConnectError, NotTls, Unreachable, WrongCa
from zester_proto.link.options import Server

_LIMIT: Final = 256 * 1024
"""Bytes that are read ahead; INFO, which is one line, must fit."""

_PING: Final = b"PING\r\n"
_REACH_HINT: Final = (
    "is nats-server running there, is nats_url right, and does a firewall let it pass?"
)


def tls_context(ca: Path) -> ssl.SSLContext:
    """Give the context that takes TLS 1.3 alone, and only servers that our CA vouches for.

    Raises:
        WrongCa: the file is missing or holds no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_verify_locations(cafile=ca)
    except OSError as error:  # that of ssl is one too
        raise WrongCa(
            f"cannot use the CA certificate {ca}: {error.strerror or error}",
            hint="copy ca.crt from a master's auth_dir, or join again",
        ) from error
    return context


class _Protocol(asyncio.StreamReaderProtocol):
    """A stream that tells when the connection is gone."""

    def __init__(self, reader: asyncio.StreamReader, lost: asyncio.Event) -> None:
        super().__init__(reader)
        self._lost = lost

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._lost.set()


class TlsTransport:
    """What nats-py reads from and writes to; it duck-types `nats.aio.transport.Transport`.

    Attributes:
        lost: set when the connection is gone, for whatever reason; the link's ground truth, since
            nats-py forgets its callbacks when a write fails while it closes.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lost: asyncio.Event
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._in_order = False
        self._pings = 0
        self.lost = lost

    @classmethod
    async def open(
        cls,
        server: Server,
        context: ssl.SSLContext,
        *,
        dial_timeout: float,
        handshake_timeout: float,
    ) -> "TlsTransport":
        """Connect, and speak TLS at once; times in seconds.

        Raises:
            Unreachable: nobody answers.
            NotTls: what answers does not speak TLS 1.3.
            WrongCa: its certificate is not by our CA, or is for another name.
        """
        loop = asyncio.get_running_loop()
        lost = asyncio.Event()
        reader = asyncio.StreamReader(limit=_LIMIT, loop=loop)
        protocol = _Protocol(reader, lost)
        sock = await _dial(server, dial_timeout)
        try:
            transport, _ = await loop.create_connection(
                lambda: protocol,
                sock=sock,
                ssl=context,
                server_hostname=server.tls_name or server.host,
                ssl_handshake_timeout=handshake_timeout,
                ssl_shutdown_timeout=2.0,
            )
        except (OSError, EOFError) as error:
            sock.close()
            raise _tls_error(server, error) from error
        except BaseException:
            sock.close()
            raise
        return cls(reader, asyncio.StreamWriter(transport, protocol, reader, loop), lost)

    async def connect(self, uri: ParseResult, buffer_size: int, connect_timeout: int) -> None:
        """Do nothing: `open` has connected."""

    async def connect_tls(
        self,
        uri: str | ParseResult,
        ssl_context: ssl.SSLContext,
        buffer_size: int,
        connect_timeout: int,
    ) -> None:
        """Do nothing: it spoke TLS from the first byte."""

    def keep_order(self) -> None:
        """From now on send a PING behind what nats-py has queued.

        nats-py writes it ahead of its own queue, so that the answer would say nothing about what
        was published or subscribed before: neither flush nor drain would be what they say.
        """
        self._in_order = True

    def write(self, payload: bytes) -> None:
        """Queue bytes."""
        if self._in_order and payload == _PING:
            self._pings += 1  # nats-py flushes its queue next, always
        else:
            self._writer.write(payload)

    def writelines(self, payload: Sequence[bytes]) -> None:
        """Queue many, and the PINGs that wait for them."""
        pings, self._pings = self._pings, 0
        self._writer.write(b"".join(payload) + _PING * pings)

    async def read(self, buffer_size: int) -> bytes:
        """Give what has arrived; at the end wait to be cancelled, as the link's close does.

        nats-py would forget the server's last words (`user authentication revoked`) over the end of
        the connection that follows them.
        """
        with contextlib.suppress(OSError):
            if data := await self._reader.read(max(buffer_size, _LIMIT)):
                return data
        self._writer.close()
        return await asyncio.get_running_loop().create_future()

    async def readline(self) -> bytes:
        """Give one line."""
        return await self._reader.readline()

    async def drain(self) -> None:
        """Wait until there is room to write, or the connection is gone.

        It never raises: nats-py, while it closes, would stop half-way at an error and leave tasks.
        """
        with contextlib.suppress(OSError):
            await self._writer.drain()

    async def wait_closed(self) -> None:
        """Wait until the connection is gone."""
        with contextlib.suppress(OSError, EOFError):
            await self._writer.wait_closed()

    def close(self) -> None:
        """Begin to close."""
        self._writer.close()

    def abort(self) -> None:
        """Drop the connection, and what was to be written."""
        self._writer.transport.abort()

    def at_eof(self) -> bool:
        """Say no: see `read`."""
        return False

    def __bool__(self) -> bool:
        return True


async def _dial(server: Server, dial_timeout: float) -> socket.socket:
    """Give a connected socket: every address of the name in turn, each with its share of time."""
    loop = asyncio.get_running_loop()
    last = OSError("its name has no address")
    end = loop.time() + dial_timeout
    try:
        async with asyncio.timeout_at(end):
            found = await _resolve(server)
        for left, (family, kind, proto, _, address) in zip(
            range(len(found), 0, -1), found, strict=True
        ):
            try:
                async with asyncio.timeout((end - loop.time()) / left):
                    return await _dial_one(family, kind, proto, address)
            except OSError as error:  # TimeoutError is one
                last = error
    except OSError as error:  # the name does not resolve
        last = error
    if isinstance(last, TimeoutError):
        reason = f"no answer in {dial_timeout:g} s"
    else:
        # asyncio replaces the system's words by its own
        number = None if isinstance(last, socket.gaierror) else last.errno
        reason = os.strerror(number) if number else last.strerror or str(last)
    raise Unreachable(
        f"cannot reach the NATS server at {server}: {reason}", hint=_REACH_HINT
    ) from last


async def _resolve(server: Server) -> list[Any]:
    loop = asyncio.get_running_loop()
    try:
        # a numeric address needs no resolver, and so no thread
        return socket.getaddrinfo(
            server.host, server.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )
    except socket.gaierror:
        return await loop.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)


async def _dial_one(family: int, kind: int, proto: int, address: Any) -> socket.socket:
    sock = socket.socket(family, kind, proto)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


def _tls_error(server: Server, error: Exception) -> ConnectError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return WrongCa(
            f"the NATS server at {server} is not vouched for by our CA: {error.verify_message}",
            hint="is nats_url right? If the site's CA was renewed, fetch the new ca.crt",
        )
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or str(error)).lower().replace("_", " ")
        return NotTls(
            f"what answers at {server} does not speak TLS 1.3: {reason}",
            hint="it must be a NATS server with handshake_first and TLS 1.3, as init writes it",
        )
    # reset, ended or too slow before TLS was up: a server that starts, stops or is overrun
    return Unreachable(
        f"the NATS server at {server} ended the connection before TLS was up: "
        f"{str(error) or type(error).__name__}",
        hint=_REACH_HINT,
    )
