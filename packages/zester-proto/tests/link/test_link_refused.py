"""What stands where the NATS server should: each gets one clear error, and nothing of ours."""

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import pytest

from zester_master.site.accounts import account_jwt
from zester_proto.errors import FileProblem
from zester_proto.identity.creds import write_creds
from zester_proto.link import (
    AuthDenied,
    AuthExpired,
    AuthRevoked,
    LinkOptions,
    NatsLink,
    NotNats,
    NotTls,
    OddNonce,
    Unreachable,
    WrongCa,
)
from zester_proto.link.options import Server
from zester_proto.link.session import open_session
from zester_testing.site import Bus, Site

OpenLink = Callable[..., Awaitable[NatsLink]]
NewLink = Callable[..., NatsLink]
Reach = Callable[[NatsLink, int], Awaitable[None]]


def info(**over: object) -> bytes:
    body = {
        "server_id": "X", "version": "2.15.1", "auth_required": True, "tls_required": True,
        "nonce": "nonce-nonce-nonce", "headers": True, "max_payload": 1048576,
    }  # fmt: skip
    return b"INFO " + json.dumps(body | over).encode() + b"\r\n"


PLAIN_INFO = info(tls_required=False)


class Impostor:
    """A listener that says something and keeps what it hears."""

    def __init__(self, says: bytes, *, hangs_up: bool = False) -> None:
        self.heard = b""
        self.port = 0
        self._says = says
        self._hangs_up = hangs_up
        self._server: asyncio.Server | None = None

    async def start(self, tls: ssl.SSLContext | None, host: str = "127.0.0.1") -> None:
        self._server = await asyncio.start_server(self._client, host, 0, ssl=tls)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.write(self._says)
            await writer.drain()
            if not self._hangs_up:
                while data := await reader.read(65536):
                    self.heard += data
        writer.close()

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()


Stand = Callable[..., Awaitable[Impostor]]


@pytest.fixture
async def stand() -> AsyncGenerator[Stand]:
    made: list[Impostor] = []

    async def start(
        says: bytes, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1",
        hangs_up: bool = False,
    ) -> Impostor:  # fmt: skip
        impostor = Impostor(says, hangs_up=hangs_up)
        await impostor.start(tls, host)
        made.append(impostor)
        return impostor

    yield start
    for impostor in made:
        await impostor.close()


def server_tls(site: Site, *, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    """The site's own server certificate: what a stolen one would look like."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = newest
    context.load_cert_chain(site.paths.nats / "server.crt", site.paths.nats / "server.key")
    return context


def link_to(new_link: NewLink, site: Site, url: str, **over: object) -> NatsLink:
    return new_link(site, url, site.master.credentials, **over)


async def test_where_nobody_listens_is_unreachable(site: Site, new_link: NewLink):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Unreachable) as caught:
        await link_to(new_link, site, f"nats://127.0.0.1:{port}").connect_once()

    assert caught.value.message == (
        f"cannot reach the NATS server at 127.0.0.1:{port}: Connection refused"
    )
    assert "nats_url" in caught.value.hint


async def test_a_name_that_does_not_exist_is_unreachable(site: Site, new_link: NewLink):
    with pytest.raises(Unreachable, match=r"nowhere\.invalid:4222: "):
        await link_to(new_link, site, "nats://nowhere.invalid").connect_once(30)


async def test_a_listener_that_says_nothing_is_given_up(
    site: Site, new_link: NewLink, stand: Stand
):
    impostor = await stand(b"")
    link = link_to(new_link, site, f"nats://127.0.0.1:{impostor.port}", connect_timeout=0.3)
    with pytest.raises(Unreachable, match="before TLS was up"):
        await link.connect_once(10)

    link = link_to(new_link, site, f"nats://127.0.0.1:{impostor.port}")
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:\d+ does not answer in 0\.\d+ s"):
        await link.connect_once(0.2)


async def test_a_listener_that_hangs_up_is_unreachable(site: Site, new_link: NewLink, stand: Stand):
    impostor = await stand(b"", hangs_up=True)

    with pytest.raises(Unreachable, match="ended the connection before TLS was up"):
        await link_to(new_link, site, f"tls://127.0.0.1:{impostor.port}").connect_once()


@pytest.mark.parametrize("scheme", ["nats", "tls"])
async def test_a_server_without_tls_gets_not_one_byte_of_connect(
    site: Site, new_link: NewLink, stand: Stand, scheme: str
):
    impostor = await stand(PLAIN_INFO)
    link = link_to(new_link, site, f"{scheme}://127.0.0.1:{impostor.port}")
    with pytest.raises(NotTls) as caught:
        await link.connect_once()

    assert f"127.0.0.1:{impostor.port} does not speak TLS 1.3" in caught.value.message
    assert "handshake_first" in caught.value.hint
    assert impostor.heard[:1] == b"\x16", "the first byte is that of a TLS handshake"
    for secret in (b"CONNECT", b"PING", b"jwt", site.master.credentials.jwt.encode()):
        assert secret not in impostor.heard


async def test_a_server_that_offers_tls_1_2_at_most_is_refused(site: Site, new_link: NewLink):
    context = server_tls(site, newest=ssl.TLSVersion.TLSv1_2)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            # asyncio's server resets where OpenSSL itself sends the alert, as nats-server does
            client, _ = listening.accept()
            with client, pytest.raises(ssl.SSLError):
                context.wrap_socket(client, server_side=True)

        answering = asyncio.create_task(asyncio.to_thread(answer))
        link = link_to(new_link, site, f"tls://127.0.0.1:{listening.getsockname()[1]}")
        with pytest.raises(NotTls, match=r"does not speak TLS 1\.3: .*protocol version"):
            await link.connect_once()
        await answering


async def test_a_server_of_another_ca_hears_nothing(
    bus: Bus, site: Site, new_link: NewLink, tmp_path: Path
):
    other = Site.make(tmp_path / "other")
    link = link_to(new_link, site, bus.url, ca=other.ca)
    with pytest.raises(WrongCa) as caught:
        await link.connect_once()

    assert "not vouched for by our CA" in caught.value.message
    assert "ca.crt" in caught.value.hint


async def test_a_certificate_for_another_name_is_refused(
    site: Site, new_link: NewLink, stand: Stand
):
    impostor = await stand(info(), tls=server_tls(site), host="127.0.0.2")

    with pytest.raises(WrongCa, match=r"127\.0\.0\.2"):
        await link_to(new_link, site, f"tls://127.0.0.2:{impostor.port}").connect_once()
    assert impostor.heard == b""


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
async def test_a_ca_file_that_is_none_is_told_by_its_path(
    bus: Bus, new_link: NewLink, tmp_path: Path, content: bytes | None
):
    path = tmp_path / "ca.crt"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(WrongCa, match=f"cannot use the CA certificate {path}"):
        await link_to(new_link, bus.site, bus.url, ca=path).connect_once()


@pytest.mark.parametrize(
    "nonce",
    [
        "", "short", "x" * 65, "zester/job/v1\0site\0body", "a b c d e f g h", "eyJ0eXAi.eyJqdGki",
        "nonce-nonce\n", 12345678901234, None, ["n"] * 20,
    ],
)  # fmt: skip
async def test_an_odd_nonce_is_not_signed(
    site: Site, new_link: NewLink, stand: Stand, nonce: object
):
    impostor = await stand(info(nonce=nonce), tls=server_tls(site))
    link = link_to(new_link, site, f"tls://127.0.0.1:{impostor.port}")
    with pytest.raises((OddNonce, NotNats)):
        await link.connect_once()

    assert impostor.heard == b""


@pytest.mark.parametrize(
    "says",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"INFO\r\n",
        b"INFO {not json}\r\n",
        b"INFO []\r\n",
        b'INFO "x"\r\n',
        b"\xff\xfe\x00\r\n",
        b"x" * 600_000,
        info(connect_urls=5),
        info(connect_urls=["[::1"]),
        info(headers={"a": 1}, nonce="no nonce"),
    ],
)
async def test_whatever_a_false_server_greets_with_is_one_clear_error(
    site: Site, new_link: NewLink, stand: Stand, says: bytes
):
    impostor = await stand(says, tls=server_tls(site))
    link = link_to(new_link, site, f"tls://127.0.0.1:{impostor.port}")
    with pytest.raises((NotNats, OddNonce)) as caught:
        await link.connect_once(20)

    assert "nats_url" in caught.value.hint
    assert len(caught.value.message) < 400
    assert site.master.credentials.jwt.encode() not in impostor.heard


async def test_a_server_that_asks_for_no_credentials_gets_none(
    site: Site, new_link: NewLink, stand: Stand
):
    says = info(auth_required=False) + b"PONG\r\n"
    impostor = await stand(says, tls=server_tls(site))

    with pytest.raises(NotNats, match="it asks for no credentials"):
        await link_to(new_link, site, f"tls://127.0.0.1:{impostor.port}").connect_once()
    assert b"jwt" not in impostor.heard
    assert b"sig" not in impostor.heard


async def test_a_daemon_passes_over_all_of_them_to_the_real_one(
    bus: Bus, new_link: NewLink, stand: Stand
):
    plain = await stand(PLAIN_INFO)
    odd = await stand(info(nonce="not a nonce"), tls=server_tls(bus.site))
    garbage = await stand(b"x" * 600_000, tls=server_tls(bus.site))
    false = [f"nats://127.0.0.1:{one.port}" for one in (plain, odd, garbage)]
    link = link_to(new_link, bus.site, "", urls=(*false, bus.url))
    link.start()

    await link.wait_connected(20)
    assert link.server == f"127.0.0.1:{bus.server.port}"


async def test_a_daemon_tries_on_shows_the_reason_and_comes_when_the_server_does(
    own_bus: Bus, new_link: NewLink
):
    own_bus.server.kill()
    link = link_to(new_link, own_bus.site, own_bus.url)
    seen: list[object] = []
    told = asyncio.Event()

    def problem_changed(problem: object) -> None:
        seen.append(problem)
        told.set()

    link.on_problem(problem_changed)
    link.start()
    await told.wait()
    assert isinstance(link.problem, Unreachable)
    with pytest.raises(Unreachable):
        await link.wait_connected(0.01)
    own_bus.server.start_again()

    await link.wait_connected(20)
    assert link.problem is None
    assert seen[-1] is None


async def test_credentials_of_another_site_are_refused(bus: Bus, new_link: NewLink, tmp_path: Path):
    other = Site.make(tmp_path / "other")
    link = new_link(bus.site, bus.url, other.master.credentials)
    with pytest.raises(AuthDenied) as caught:
        await link.connect_once()

    assert "refuses the credentials of 'master-1'" in caught.value.message
    assert "another site" in caught.value.hint


@pytest.mark.parametrize(
    ("mode", "text", "says"),
    [
        (0o644, None, "others may read it"),
        (0o600, "nothing", "is no credentials file"),
        (0o600, "", "is no credentials file"),
    ],
)
async def test_a_credentials_file_that_is_none_is_told_by_its_path(
    bus: Bus, new_link: NewLink, tmp_path: Path, mode: int, text: str | None, says: str
):
    path = tmp_path / "x.creds"
    with pytest.raises(FileProblem, match=f"cannot read {path}"):
        await new_link(bus.site, bus.url, path).connect_once()
    write_creds(path, bus.site.master.credentials)
    if text is not None:
        path.write_text(text)
    path.chmod(mode)
    with pytest.raises(FileProblem, match=says) as caught:
        await new_link(bus.site, bus.url, path).connect_once()

    assert str(path) in caught.value.message


async def test_a_daemon_whose_credentials_have_expired_comes_with_the_renewed_file(
    bus: Bus, new_link: NewLink, tmp_path: Path
):
    path = tmp_path / "peel.creds"
    old = bus.site.peel("old", days=1, now=1_600_000_000.0).credentials
    write_creds(path, old)
    with pytest.raises(AuthExpired) as caught:
        await new_link(bus.site, bus.url, path).connect_once()
    assert "the credentials of 'old' have expired (2020-09-14T" in caught.value.message
    assert "renew" in caught.value.hint

    # a wait of minutes: it is the file that ends it
    link = new_link(bus.site, bus.url, path, backoff_base=600, backoff_cap=600)
    told = asyncio.Event()
    link.on_problem(lambda _: told.set())
    link.start()
    await told.wait()
    write_creds(path, bus.site.peel("new").credentials)
    await link.wait_connected(30)


async def test_a_revoked_daemon_is_told_so_and_comes_with_new_credentials(
    own_bus: Bus, new_link: NewLink, open_link: OpenLink, reach: Reach, tmp_path: Path
):
    site = own_bus.site
    path = tmp_path / "peel.creds"
    peel = site.peel("web").credentials
    write_creds(path, peel)
    link = new_link(site, own_bus.url, path)
    link.start()
    await link.wait_connected(20)
    told: asyncio.Queue[object] = asyncio.Queue()
    link.on_problem(told.put_nowait)

    master = site.master
    assert master.push is not None
    assert master.keys.operator_signer is not None
    pusher = await open_link(own_bus, master.push)
    pushed = account_jwt(
        master.commons.record, "PEELS", master.keys.operator_signer,
        issued=peel.claims.iat + 5, revocations={peel.claims.sub: peel.claims.iat},
    )  # fmt: skip
    answer = await pusher.request("$SYS.REQ.CLAIMS.UPDATE", pushed.encode(), seconds=20)
    assert b'"code":200' in answer.data
    async with asyncio.timeout(20):
        first, second = await told.get(), await told.get()
    assert isinstance(first, AuthRevoked)
    assert isinstance(second, AuthRevoked), "the next refusal says no less than the first"
    assert "'web' were revoked" in second.message

    write_creds(path, site.peel("web2").credentials)
    await reach(link, 2)


async def test_other_servers_that_a_server_tells_of_are_learned_and_nonsense_is_not(
    site: Site, stand: Stand
):
    urls = ["10.0.0.1:4222", "node-2.example:4223", "h:99999", "", " ", {"a": 1}, 7]
    impostor = await stand(info(connect_urls=urls) + b"PONG\r\n", tls=server_tls(site))
    options = LinkOptions(urls=("x",), creds=site.master.credentials, ca=site.ca)
    server = Server("127.0.0.1", impostor.port)
    session = await open_session(options, server, site.master.credentials, lambda _: None)
    known = {(one.host, one.port, one.tls_name) for one in session.discovered()}
    await session.close()

    assert ("10.0.0.1", 4222, "127.0.0.1") in known
    assert ("node-2.example", 4223, "") in known
    assert not any(host == "h" for host, _, _ in known)


async def test_a_silent_server_takes_no_more_than_its_share_of_a_commands_time(
    bus: Bus, new_link: NewLink, stand: Stand
):
    silent = await stand(b"")
    for _ in range(4):  # the order is drawn
        urls = (f"nats://127.0.0.1:{silent.port}", bus.url)
        link = link_to(new_link, bus.site, "", urls=urls)
        await link.connect_once(2.0)
        assert link.server == f"127.0.0.1:{bus.server.port}"
