"""The master as a SYS user that may see who of the peels connects, nothing else (bus.md 6.8)."""

import asyncio
import base64
import binascii
import secrets
import time
from collections.abc import Callable
from typing import Final

import msgspec

from zester_master.fleet.presence import ConnectionId, Found, Presence
from zester_proto.errors import BadId, CodecError
from zester_proto.ids import from_token
from zester_proto.link import LinkError, Message, NatsLink
from zester_proto.link.jsapi import read_time
from zester_proto.logs import Log
from zester_proto.subjects import inbox

_ASK: Final = "$SYS.REQ.SERVER.PING.CONNZ"
_PAGE: Final = 10_000
"""Connections in one answer: some 13 MB (nats.md K)."""

_SILENCE: Final = 3.0
"""Seconds after which a server that did not answer counts as gone."""

_LONG_SILENCE: Final = 15.0
_SLICE: Final = 500
_log: Final = Log("zester.presence")


class _Server(msgspec.Struct, frozen=True):
    id: str


class _Client(msgspec.Struct, frozen=True):
    id: int
    host: str = ""
    jwt: str = ""
    start: str = ""


class _Event(msgspec.Struct, frozen=True):
    server: _Server
    client: _Client


class _Row(msgspec.Struct, frozen=True):
    cid: int
    ip: str = ""
    port: int = 0
    jwt: str = ""
    start: str = ""


class _Connections(msgspec.Struct, frozen=True):
    server_id: str
    total: int = 0
    offset: int = 0
    connections: tuple[_Row, ...] = ()


class _Connz(msgspec.Struct, frozen=True):
    data: _Connections


class _Name(msgspec.Struct, frozen=True):
    name: str = ""


_read_event = msgspec.json.Decoder(_Event).decode
_read_connz = msgspec.json.Decoder(_Connz).decode
_read_name = msgspec.json.Decoder(_Name).decode


def peel_of(jwt: str) -> str | None:
    """Give the peel of a JWT that the server has verified, by the name in it."""
    parts = jwt.split(".")
    try:
        claims = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        return from_token(_read_name(claims).name)
    except (IndexError, binascii.Error, ValueError, msgspec.MsgspecError, BadId, CodecError):
        return None


def started_at(text: str) -> float:
    """Give the Unix time of a server's word on when something began; 0 if it says none."""
    try:
        return read_time(text)
    except ValueError:
        return 0.0


class SysView:
    """Feeds presence from the server's own events, and asks it for all when it may have missed any.

    Attributes:
        link: the connection in account SYS.
    """

    def __init__(
        self,
        link: NatsLink,
        presence: Presence,
        *,
        user: str,
        account: str,
        saw: Callable[[str, str], None] = lambda _peel_id, _jwt: None,
    ) -> None:
        """Begin without a connection.

        Args:
            link: in account SYS, not started.
            presence: what is fed.
            user: the name of the user of `link`.
            account: the key of account PEELS.
            saw: hears of each peel that is connected, and of its JWT.
        """
        self.link = link
        self._presence = presence
        self._account = account
        self._saw = saw
        self._reply = f"{inbox(user)}.connz{secrets.token_hex(8)}"
        self._asked = 0.0
        self._round = 0
        self._answered: set[str] = set()
        self._partial: dict[str, dict[ConnectionId, Found]] = {}
        self._offsets: set[int] = set()

    async def run(self) -> None:
        """Look on until cancelled."""
        account = f"$SYS.ACCOUNT.{self._account}"
        await self.link.subscribe(f"{account}.CONNECT", self._opened)
        await self.link.subscribe(f"{account}.DISCONNECT", self._closed)
        await self.link.subscribe(f"{self._reply}.*", self._told)
        self.link.on_connected(self._connected)
        self.link.start()
        try:
            while True:
                peels = sum(1 for _ in self._presence.connected())
                # an answer costs the server 0.1 ms a connection: spend a thousandth of a core
                await asyncio.sleep(max(60.0, peels / 10))
                await self.ask()
                await asyncio.sleep(_LONG_SILENCE)
                if self._answered and self.link.connected:
                    # a server that died told nobody whose connections went with it
                    self._presence.keep_servers(self._answered)
        finally:
            await self.link.close()

    async def _connected(self, _epoch: int) -> None:
        await self.ask()
        await asyncio.sleep(_SILENCE)
        if self._answered:
            self._presence.keep_servers(self._answered)

    async def ask(self) -> None:
        """Ask every server for all its connections of peels."""
        self._round += 1
        self._asked = time.monotonic()
        self._answered = set()
        self._partial = {}
        self._offsets = set()
        await self._ask_from(0)

    async def _ask_from(self, offset: int) -> None:
        if offset in self._offsets:
            return
        self._offsets.add(offset)
        body = {"auth": True, "acc": self._account, "limit": _PAGE, "offset": offset}
        try:
            await self.link.publish(
                _ASK, msgspec.json.encode(body), reply=f"{self._reply}.{self._round}"
            )
        except LinkError as error:
            _log.debug("cannot ask who is connected", error=error.message)

    async def _told(self, message: Message) -> None:
        if message.status or not message.subject.endswith(f".{self._round}"):
            return
        try:
            data = _read_connz(message.data).data
        except msgspec.MsgspecError as error:
            _log.warn("a server's list of connections is malformed", error=str(error))
            return
        found = self._partial.setdefault(data.server_id, {})
        for n, row in enumerate(data.connections, 1):
            peel_id = peel_of(row.jwt)
            if peel_id is not None:
                number = ConnectionId(data.server_id, row.cid)
                self._saw(peel_id, row.jwt)
                found[number] = Found(peel_id, f"{row.ip}:{row.port}", started_at(row.start))
            if n % _SLICE == 0:
                await asyncio.sleep(0)
        self._answered.add(data.server_id)
        seen = data.offset + len(data.connections)
        if data.connections and seen < data.total:
            await self._ask_from(seen)
        elif seen >= data.total:
            self._partial.pop(data.server_id, None)
            self._presence.snapshot(data.server_id, found, self._asked)

    async def _opened(self, message: Message) -> None:
        event = self._event(message)
        if event is not None and (peel_id := peel_of(event.client.jwt)) is not None:
            number = ConnectionId(event.server.id, event.client.id)
            started = started_at(event.client.start)
            self._saw(peel_id, event.client.jwt)
            self._presence.opened(peel_id, number, event.client.host, started)

    async def _closed(self, message: Message) -> None:
        event = self._event(message)
        if event is not None and (peel_id := peel_of(event.client.jwt)) is not None:
            self._presence.closed(peel_id, ConnectionId(event.server.id, event.client.id))

    def _event(self, message: Message) -> _Event | None:
        try:
            return _read_event(message.data)
        except msgspec.MsgspecError as error:
            _log.warn("an event of the server is malformed", error=str(error))
            return None
