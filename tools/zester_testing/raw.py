"""A NATS client of a hundred lines that shows what the server really says, refusals and all.

nats-py hides errors behind callbacks and changes their letters; tests of permissions and abuse
need each answer in its order. Protocol: docs.nats.io, "NATS Protocol".
"""

import asyncio
import json
import ssl
from typing import Any, NamedTuple, Self

from zester_proto.identity.creds import Credentials
from zester_proto.identity.nkeys import nonce_signer
from zester_testing.nats import PATIENCE


class Refused(Exception):
    """Raised when the server ends the connection; the text is the server's."""


class Heard(NamedTuple):
    """A message that came."""

    subject: str
    reply: str
    headers: str
    data: bytes


class Raw:
    """One connection, driven step by step.

    Attributes:
        info: what the server said first.
        heard: messages that came while something else was awaited; tests take them from here.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._sid = 0
        self.info: dict[str, Any] = {}
        self.heard: list[Heard] = []

    @classmethod
    async def open(cls, port: int, tls: ssl.SSLContext | None) -> Self:
        """Open a connection to 127.0.0.1 and read what the server says first."""
        raw = cls(*await asyncio.open_connection("127.0.0.1", port, ssl=tls))
        raw.info = json.loads((await raw._line()).removeprefix("INFO "))
        return raw

    @classmethod
    async def connect(
        cls, port: int, tls: ssl.SSLContext, credentials: Credentials | None, **options: Any
    ) -> Self:
        """Open a connection and log in.

        Raises:
            Refused: the server does not let this user in.
        """
        raw = await cls.open(port, tls)
        words: dict[str, Any] = {
            "verbose": False, "pedantic": False, "headers": True, "no_responders": True,
            "lang": "test", "version": "0", "protocol": 1,
        }  # fmt: skip
        if credentials is not None:
            words["jwt"] = credentials.jwt
            words["sig"] = nonce_signer(credentials.key)(raw.info["nonce"]).decode()
        raw.send(b"CONNECT %s\r\n" % json.dumps({**words, **options}).encode())
        try:
            errors = await raw.settle()
        except Refused as error:
            errors = [str(error)]
        if errors:
            await raw.close()
            raise Refused(errors[0])
        return raw

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._writer.write(data)

    def publish(self, subject: str, data: bytes = b"", *, reply: str = "", **headers: str) -> None:
        """Publish; `Nats_Rollup="all"` is the header `Nats-Rollup: all`."""
        words = f"{subject} {reply}".strip()
        if not headers:
            self.send(b"PUB %s %d\r\n%s\r\n" % (words.encode(), len(data), data))
            return
        lines = "".join(f"{name.replace('_', '-')}: {text}\r\n" for name, text in headers.items())
        block = f"NATS/1.0\r\n{lines}\r\n".encode()
        sizes = (len(block), len(block) + len(data))
        self.send(b"HPUB %s %d %d\r\n%s%s\r\n" % (words.encode(), *sizes, block, data))

    def subscribe(self, subject: str) -> int:
        """Subscribe; gives the number under which `unsubscribe` knows it."""
        self._sid += 1
        self.send(f"SUB {subject} {self._sid}\r\n".encode())
        return self._sid

    def unsubscribe(self, sid: int) -> None:
        """End a subscription."""
        self.send(f"UNSUB {sid}\r\n".encode())

    async def settle(self) -> list[str]:
        """Wait until the server has dealt with all that was sent; give its errors in order.

        Raises:
            Refused: the server ended the connection instead.
        """
        self.send(b"PING\r\n")
        errors: list[str] = []
        while (line := await self._line(errors)) != "PONG":
            if line.startswith("-ERR"):
                errors.append(line.removeprefix("-ERR ").strip("'"))
        return errors

    async def request(self, subject: str, data: bytes = b"", *, inbox: str, **h: str) -> Heard:
        """Publish with a reply subject below `inbox` and wait for the one answer."""
        sid = self.subscribe(f"{inbox}.{self._sid}")
        reply = f"{inbox}.{sid - 1}"
        self.publish(subject, data, reply=reply, **h)
        answer = await self.next_on(reply)
        self.unsubscribe(sid)
        return answer

    async def next_on(self, subject: str) -> Heard:
        """Wait for a message on exactly that subject; others stay in `heard`."""
        while True:
            for message in self.heard:
                if message.subject == subject:
                    self.heard.remove(message)
                    return message
            line = await self._line()
            assert not line.startswith("-ERR"), line

    async def closed(self) -> list[str]:
        """Wait until the server ends the connection; give what it said."""
        said: list[str] = []
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    said.append((await self._line()).removeprefix("-ERR ").strip("'"))
        except Refused:
            return said

    async def _line(self, errors: list[str] | None = None) -> str:
        """Give the next line that is neither a message, nor the server's own PING or INFO."""
        while True:
            try:
                async with asyncio.timeout(PATIENCE):
                    data = await self._reader.readline()
            except (ConnectionError, ssl.SSLError):
                data = b""
            if not data:
                raise Refused(errors[-1] if errors else "the server ended the connection")
            line = data.decode().rstrip("\r\n")
            word, _, rest = line.partition(" ")
            if word in {"MSG", "HMSG"}:
                await self._message(word, rest.split())
                return ""
            if word == "PING":
                self.send(b"PONG\r\n")
            elif word != "INFO" or not self.info:
                return line

    async def _message(self, word: str, words: list[str]) -> None:
        head = int(words[-2]) if word == "HMSG" else 0
        body = (await self._reader.readexactly(int(words[-1]) + 2))[:-2]
        plain = words[: -2 if word == "HMSG" else -1]
        reply = plain[2] if len(plain) > 2 else ""
        self.heard.append(Heard(words[0], reply, body[:head].decode(), body[head:]))

    async def close(self) -> None:
        """End the connection."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except (ConnectionError, ssl.SSLError):
            return

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
