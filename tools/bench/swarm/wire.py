"""The NATS protocol over TLS 1.3, as bare as it can be: bytes in, frames out.

A connection weighs what OpenSSL needs and little else; asyncio's TLS would add 256 KiB to each.
Protocol: docs.nats.io, "NATS Protocol".
"""

import json
import select
import socket
import ssl
from pathlib import Path
from typing import Any, NamedTuple

from zester_proto.identity.nkeys import NKey, nonce_signer

_buffer = bytearray(256 * 1024)
_view = memoryview(_buffer)


class Lost(Exception):
    """Raised when a connection ends that should not."""


class Frame(NamedTuple):
    """One line of the protocol, with its payload."""

    verb: bytes
    """`MSG`, `HMSG`, `INFO`, `PING`, `PONG`, `+OK` or `-ERR`."""
    text: bytes = b""
    """The subject of a message; of another line what follows the verb."""
    sid: bytes = b""
    reply: bytes = b""
    head: bytes = b""
    data: bytes = b""


def parse(buffer: bytes) -> tuple[list[Frame], bytes]:
    """Give the whole frames of a buffer, and what is left of it."""
    frames: list[Frame] = []
    at = 0
    while (end := buffer.find(b"\r\n", at)) >= 0:
        line = buffer[at:end]
        body = end + 2
        if line.startswith((b"MSG ", b"HMSG ")):
            words = line.split()
            stop = body + int(words[-1])
            if len(buffer) < stop + 2:
                break
            with_head = line[0] == 72  # H
            split = body + int(words[-2]) if with_head else body
            reply = words[3] if len(words) > (5 if with_head else 4) else b""
            frames.append(
                Frame(words[0], words[1], words[2], reply, buffer[body:split], buffer[split:stop])
            )
            at = stop + 2
        else:
            verb, _, rest = line.partition(b" ")
            frames.append(Frame(verb, rest))
            at = body
    return frames, buffer[at:]


def tls_context(ca: Path) -> ssl.SSLContext:
    """Give a client's context that trusts one CA alone and speaks TLS 1.3."""
    context = ssl.create_default_context(cafile=str(ca))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def publish(subject: str, data: bytes, reply: str = "") -> bytes:
    """Give the bytes that publish a message."""
    return b"PUB %s %d\r\n%s\r\n" % (f"{subject} {reply}".strip().encode(), len(data), data)


def hello(info: bytes, jwt: str, key: NKey, name: str) -> bytes:
    """Give the bytes that log a user in, from what the server said first."""
    nonce: str = json.loads(info)["nonce"]
    words: dict[str, Any] = {
        "verbose": False, "pedantic": False, "headers": True, "no_responders": True,
        "lang": "swarm", "version": "1", "protocol": 1, "name": name,
        "jwt": jwt, "sig": nonce_signer(key)(nonce).decode(),
    }  # fmt: skip
    return b"CONNECT %s\r\n" % json.dumps(words).encode()


class Wire:
    """One connection that never blocks.

    Attributes:
        file: its file descriptor.
        kept: what the server did not take yet.
    """

    __slots__ = ("_rest", "_socket", "_stuck", "file", "kept")

    def __init__(
        self,
        context: ssl.SSLContext,
        port: int,
        source: str = "127.0.0.1",
        stuck: set[int] | None = None,
    ) -> None:
        """Open it to 127.0.0.1.

        Args:
            context: of TLS.
            port: of the server.
            source: an address of loopback; each has its own ports.
            stuck: takes the files of connections that keep something to be sent.
        """
        plain = socket.create_connection(("127.0.0.1", port), 10, source_address=(source, 0))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.setblocking(False)
        self._socket = context.wrap_socket(
            plain, server_hostname="127.0.0.1", do_handshake_on_connect=False
        )
        self.file = self._socket.fileno()
        self._rest = b""
        self._stuck = stuck if stuck is not None else set[int]()
        self.kept = b""

    def shake(self) -> bool:
        """Go on with the handshake; true when it is done.

        Raises:
            Lost: the server does not want it.
        """
        try:
            self._socket.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError as error:
            raise Lost(f"no TLS: {error}") from error
        return True

    def read(self) -> list[Frame]:
        """Give what has arrived; one TLS record, so read again when more is there.

        Raises:
            Lost: the connection is gone.
        """
        try:
            count = self._socket.recv_into(_view)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return []
        except OSError as error:
            raise Lost(str(error)) from error
        if not count:
            raise Lost("the server ended the connection")
        arrived = bytes(_view[:count])
        frames, self._rest = parse(self._rest + arrived if self._rest else arrived)
        return frames

    def write(self, data: bytes) -> bool:
        """Send, or keep what the server does not take yet; true if all went out.

        Raises:
            Lost: the connection is gone.
        """
        data = self.kept + data if self.kept else data
        try:
            while data:
                data = data[self._socket.send(data) :]
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            self.kept = data
            self._stuck.add(self.file)
            return False
        except OSError as error:
            raise Lost(str(error)) from error
        self.kept = b""
        return True

    def wait(self, seconds: float) -> bool:
        """Wait until something may be read; false if nothing came."""
        poll = select.poll()
        poll.register(self.file, select.POLLIN)
        return bool(self._socket.pending()) or bool(poll.poll(max(0.0, seconds) * 1000))

    def close(self) -> None:
        """End the connection."""
        self._socket.close()
