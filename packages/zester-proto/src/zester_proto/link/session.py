"""One connection, from its first byte to its loss; nats-py speaks the protocol on it.

nats-py's own reconnecting is off. The link builds a new client for every connection, so that there
is one way back for all losses (cut, revoked, expired), and nothing that was to be sent over the
old connection is sent later over the new one.
"""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from zester_proto.errors import ZesterError
from zester_proto.identity.creds import Credentials
from zester_proto.identity.nkeys import nonce_signer
from zester_proto.link.errors import Disconnected, LinkError, TooLarge
from zester_proto.link.inbox import Inbox
from zester_proto.link.nats_import import client_class
from zester_proto.link.options import NO_HEADERS, LinkOptions, Message, Server
from zester_proto.link.reasons import NatsErrors, connect_error, not_nats, reason_of_end
from zester_proto.link.transport import TlsTransport, tls_context
from zester_proto.subjects import inbox as inbox_prefix

if TYPE_CHECKING:
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription as NatsSubscription

Taker = Callable[[Message], Awaitable[None]]
_CLOSE_TIMEOUT: Final = 5.0
_PENDING_MESSAGES: Final = 1_000_000


class Session:
    """An open connection.

    Attributes:
        server: where it leads.
        jwt: the user's JWT that opened it.
        began: when, by the monotonic clock.
        inbox: where answers arrive.
    """

    def __init__(
        self,
        transport: TlsTransport,
        server: Server,
        credentials: Credentials,
        options: LinkOptions,
        on_error: Callable[[Exception], None],
    ) -> None:
        self._client = client_class()()
        self._transport = transport
        self._credentials = credentials
        self._options = options
        self._on_error = on_error
        self._signed = False
        self._closed = asyncio.Event()
        self.server = server
        self.jwt = credentials.jwt
        self.began = time.monotonic()
        self.inbox = Inbox(options.inbox_prefix or inbox_prefix(credentials.name))

    @property
    def alive(self) -> bool:
        """Whether something sent now has a chance to arrive."""
        return self._client.is_connected and not self._transport.lost.is_set()

    @property
    def max_payload(self) -> int:
        """Bytes of the largest message that the server takes from us."""
        return min(self._options.max_payload, self._client.max_payload)

    @property
    def counts(self) -> Mapping[str, int]:
        """nats-py's counters of this connection."""
        return cast("Mapping[str, int]", self._client.stats)

    def discovered(self) -> list[Server]:
        """Give the other servers of the cluster, as this one told."""
        name = self.server.tls_name or self.server.host
        found: list[Server] = []
        for url in self._client.discovered_servers:
            with contextlib.suppress(ValueError):  # whatever a server may say
                if url.hostname:
                    tls_name = name if _is_address(url.hostname) else ""
                    found.append(Server(url.hostname, url.port or 4222, tls_name))
        return found

    async def listen(self) -> None:
        """Begin to hear answers."""

        async def arrived(message: Message) -> None:
            self.inbox.arrived(message)

        await self.subscribe(self.inbox.subject, "", arrived, 0)

    async def publish(
        self, subject: str, data: bytes, reply: str, headers: Mapping[str, str]
    ) -> None:
        """Send a message.

        Raises:
            TooLarge: the server would end the connection over it.
            Disconnected: the connection is gone.
            LinkError: the subject or a header is malformed.
        """
        size = len(data) + sum(len(name) + len(value) + 4 for name, value in headers.items())
        if size > self.max_payload:
            raise TooLarge(subject, size, self.max_payload)
        async with NatsErrors("publish on", subject):
            await self._client.publish(
                subject, data, reply, headers=dict(headers) if headers else None
            )

    async def subscribe(
        self, subject: str, queue: str, take: Taker, pending_bytes: int
    ) -> "NatsSubscription":
        """Subscribe on this connection.

        Raises:
            Disconnected: the connection is gone.
            LinkError: the subject is malformed.
        """

        async def on_message(message: "Msg") -> None:
            await take(
                Message(message.subject, message.data, message.reply, message.headers or NO_HEADERS)
            )

        async with NatsErrors("subscribe to", subject):
            return await self._client.subscribe(  # pyright: ignore[reportUnknownMemberType]  # nats-py
                subject,
                queue=queue,
                cb=on_message,
                pending_msgs_limit=_PENDING_MESSAGES,
                pending_bytes_limit=pending_bytes,
            )

    async def unsubscribe(self, subscription: "NatsSubscription", *, drain: bool) -> None:
        """End a subscription; with `drain`, after what has arrived for it was handled."""
        with contextlib.suppress(LinkError):
            async with NatsErrors("unsubscribe"):
                await (subscription.drain() if drain else subscription.unsubscribe())

    async def flush(self, seconds: float) -> None:
        """Wait until the server has seen all that was sent.

        Raises:
            Disconnected: the connection is gone.
            LinkTimeout: the server does not answer.
        """
        # nats-py takes any number of seconds, whatever its annotation says
        await self._while_alive("flush", self._client.flush(timeout=cast("int", seconds)))

    async def drain(self) -> None:
        """Stop hearing, handle what has arrived, send what is queued, and close."""
        await self._while_alive("drain", self._client.drain())

    async def _while_alive(self, what: str, work: Coroutine[Any, Any, None]) -> None:
        """Do what waits for the server, but not longer than there is a connection."""
        lost = asyncio.create_task(self._transport.lost.wait())
        working = asyncio.create_task(work)
        try:
            await asyncio.wait({lost, working}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise Disconnected(f"cannot {what}: the connection to the NATS server broke")
            async with NatsErrors(what):
                working.result()
        finally:
            lost.cancel()
            working.cancel()
            await asyncio.wait({lost, working})

    async def lost(self) -> LinkError:
        """Wait for the end of the connection and give its reason."""
        await self._transport.lost.wait()
        await self.close()
        reason = reason_of_end(self.server, self._client.last_error)
        self.inbox.fail(Disconnected("the connection to the NATS server broke"))
        return reason

    async def close(self) -> None:
        """End the connection and wait until nothing of it runs any more."""
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT):
                await self._client.close()
                await self._closed.wait()
        except (TimeoutError, OSError):
            self._transport.abort()

    async def connect(self, context: ssl.SSLContext) -> None:
        """Greet the server, within the time that the options give.

        Raises:
            OddNonce: it asks for a signature under something that is no nonce.
            Exception: whatever nats-py raises; a hostile greeting makes it raise anything.
        """
        # nats-py takes a transport that is there; it has no other place to hand one in
        self._client.__dict__["_transport"] = self._transport
        options = self._options
        async with asyncio.timeout(options.connect_timeout):
            await self._client.connect(
                [f"tls://{self.server}"],
                name=options.name or self._credentials.name,
                tls=context,
                tls_handshake_first=True,
                allow_reconnect=False,
                connect_timeout=cast("int", options.connect_timeout),
                ping_interval=cast("int", options.ping_interval),
                user_jwt_cb=self.jwt.encode,
                signature_cb=self._sign,
                inbox_prefix=self.inbox.subject[: -len(".*")],
                error_cb=self._error,
                closed_cb=self._ended,
            )
        self._transport.keep_order()

    @property
    def greeted(self) -> bool:
        """Whether the server asked for our credentials and took them."""
        return self._signed and self._client.is_connected

    def _sign(self, nonce: str) -> bytes:
        self._signed = True
        return nonce_signer(self._credentials.key)(nonce)

    async def _error(self, error: Exception) -> None:
        if self.greeted and self.alive:
            self._on_error(error)

    async def _ended(self) -> None:
        self._closed.set()


async def open_session(
    options: LinkOptions,
    server: Server,
    credentials: Credentials,
    on_error: Callable[[Exception], None],
) -> Session:
    """Connect to one server, once.

    Raises:
        ConnectError: the reason why not, by its kind.
        OddNonce: the server asked for a signature under something that is no nonce.
    """
    context = tls_context(options.ca)
    transport = await TlsTransport.open(
        server,
        context,
        dial_timeout=options.dial_timeout,
        handshake_timeout=options.connect_timeout,
    )
    session = Session(transport, server, credentials, options, on_error)
    try:
        await session.connect(context)
    except ZesterError:
        transport.abort()
        raise
    except Exception as error:
        transport.abort()
        raise connect_error(server, credentials, error) from error
    except BaseException:
        transport.abort()
        raise
    if not session.greeted:
        await session.close()
        raise not_nats(server, "it asks for no credentials")
    return session


def _is_address(host: str | None) -> bool:
    return host is not None and (":" in host or host.replace(".", "").isdigit())
