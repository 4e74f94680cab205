import asyncio
import json
from collections.abc import AsyncGenerator

import pytest

from zester_proto.health import Condition, Health
from zester_proto.health_server import BadAddress, HealthServer, parse_address
from zester_proto.metrics import Registry


class Serving:
    def __init__(self) -> None:
        self.registry = Registry()
        self.health = Health("0.1.0", self.registry)
        self.server = HealthServer(self.health, self.registry, "127.0.0.1:0")

    async def raw(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer

    async def get(self, path: str, method: str = "GET") -> tuple[int, bytes]:
        answer = await self.raw(f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), body


@pytest.fixture
async def serving() -> AsyncGenerator[Serving]:
    one = Serving()
    async with one.server:
        yield one


async def test_the_three_paths_answer(serving: Serving):
    status, body = await serving.get("/healthz")
    assert (status, json.loads(body)["status"]) == (200, "ok")
    status, body = await serving.get("/readyz?verbose=1")
    assert (status, json.loads(body)["checks"]) == (200, {})
    status, body = await serving.get("/metrics")
    assert status == 200
    assert b"# TYPE zester_condition gauge" in body


async def test_not_ready_is_503(serving: Serving):
    serving.health.set(Condition("x", "error", "broken", "mend it"))

    status, body = await serving.get("/readyz")
    assert status == 503
    assert json.loads(body)["conditions"][0]["remedy"] == "mend it"
    assert (await serving.get("/healthz"))[0] == 200


async def test_other_paths_and_methods_are_refused(serving: Serving):
    assert (await serving.get("/"))[0] == 404
    assert (await serving.get("/healthz", "POST"))[0] == 405
    assert await serving.get("/healthz", "HEAD") == (200, b"")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"\r\n\r\n", b"400"),
        (b"GET\r\n\r\n", b"400"),
        (b"GET /healthz\r\n\r\n", b"400"),
        (b"GET http://x/ HTTP/1.1\r\n\r\n", b"400"),
        (b"\xff\xfe\x00 / x\r\n\r\n", b"400"),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n", b"431"),
    ],
)
async def test_what_is_no_request_is_told_so(serving: Serving, request_: bytes, status: bytes):
    assert (await serving.raw(request_)).split()[1] == status
    assert (await serving.get("/healthz"))[0] == 200


async def test_a_path_that_fails_is_500_and_the_server_goes_on(serving: Serving):
    serving.registry.gauge("bad", "Bad", read=lambda: 1 / 0)

    assert (await serving.get("/metrics"))[0] == 500
    assert (await serving.get("/healthz"))[0] == 200


async def test_clients_that_say_nothing_are_bounded_and_do_not_hold_up_the_end(serving: Serving):
    silent = [await asyncio.open_connection("127.0.0.1", serving.server.port) for _ in range(40)]
    for _, writer in silent:
        writer.write(b"GET /healthz HTT")
    # those above the bound are cut at once
    async with asyncio.timeout(5):
        ended, _ = await asyncio.wait(
            [asyncio.create_task(reader.read()) for reader, _ in silent],
            return_when=asyncio.FIRST_COMPLETED,
        )
    assert ended
    async with asyncio.timeout(2):
        await serving.server.close()
    for _, writer in silent:
        writer.close()


async def test_a_client_that_hangs_up_early_leaves_the_server_well(serving: Serving):
    _, writer = await asyncio.open_connection("127.0.0.1", serving.server.port)
    writer.write(b"GET /he")
    writer.close()
    await writer.wait_closed()

    assert (await serving.get("/healthz"))[0] == 200


async def test_an_address_that_is_taken_or_none_is_told(serving: Serving):
    with pytest.raises(BadAddress, match="cannot listen on"):
        await HealthServer(serving.health, Registry(), f"127.0.0.1:{serving.server.port}").start()
    for text in ("", "9000", "x:y", "h:70000", "h:-1"):
        with pytest.raises(BadAddress, match="is not an address"):
            parse_address(text)
    assert parse_address(":9480") == ("", 9480)
    assert parse_address("[::1]:1") == ("::1", 1)
