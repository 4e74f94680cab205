"""The socket where workers ask for large files: it answers its own user, and refuses nonsense."""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from zester_modules.host.machine import HostProblem
from zester_modules.states.fetching import LIMIT, Want, ask_agent
from zester_peel.basket.whole import PeelBasket
from zester_peel.clock import SiteClock
from zester_peel.config import PeelConfig
from zester_peel.files.counter import SOCKET, Counter
from zester_peel.files.keeper import TreeKeeper
from zester_peel.settings.keeper import SettingsKeeper
from zester_peel.trust import TrustWalk
from zester_proto.codec import digest
from zester_proto.health import Health
from zester_proto.link import LinkOptions, NatsLink
from zester_proto.logs import Log
from zester_proto.messages.trees import AHEAD, Manifest, TreeFile
from zester_proto.secrets.masker import Masker
from zester_testing.masters import eventually
from zester_testing.site import Site

DATA = b"x" * (AHEAD + 1)
ROOT = b"r" * 32


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    """A folder whose name is longer than the address of a socket may be."""
    folder = tmp_path / ("d" * 120)
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
async def counter(site: Site, deep: Path) -> AsyncGenerator[Path]:
    """A counter that serves, without a bus; give its socket."""
    peel, log = site.peel("counter"), Log("test")
    link = NatsLink(LinkOptions(urls=("nats://127.0.0.1:1",), creds=peel.credentials, ca=site.ca))
    trust = TrustWalk(peel.trust, deep / "trust", link, SiteClock(), log)
    keeper = TreeKeeper(
        peel.trust.site, deep / "trees", link=link, trust=trust, health=Health("0"), log=log
    )
    await keeper.load()
    files = (TreeFile("large", 0o600, len(DATA), (digest(DATA),)),)
    keeper.store.add(ROOT, {"base": Manifest(environment="base", files=files)})
    keeper.store.put(digest(DATA), DATA)
    config = PeelConfig(state_dir=deep)
    settings = SettingsKeeper(
        "counter", peel.box, deep / "settings", link=link, trust=trust, health=Health("0"),
        masker=Masker(), log=log,
    )  # fmt: skip
    basket = PeelBasket(
        config, peel, link=link, trust=trust, clock=SiteClock(), settings=settings,
        health=Health("0"), log=log,
    )  # fmt: skip
    serving = Counter(config, keeper, settings, basket.counter, log)
    task = asyncio.create_task(serving.serve())
    await eventually(serving.path.exists, "it serves")
    yield serving.path
    assert not task.done()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert not serving.path.exists()


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def want(path: str = "large", env: str = "base", root: str = ROOT.hex()) -> Want:
    return Want(root=root, env=env, path=path)


async def test_a_worker_gets_where_a_file_lies(counter: Path) -> None:
    found = await asyncio.to_thread(ask_agent, str(counter), want())
    assert found is not None
    assert found.read_bytes() == DATA
    assert mode_of(counter) == 0o600


@pytest.mark.parametrize(
    "asked",
    [want("gone"), want("../large"), want(env="../base"), want(root="72"), want(root="no hex")],
)
async def test_what_is_not_in_the_tree_is_not_there(counter: Path, asked: Want) -> None:
    assert await asyncio.to_thread(ask_agent, str(counter), asked) is None


@pytest.mark.parametrize(
    "nonsense",
    [b"", b"\0\0", struct.pack(">I", LIMIT + 1) + b"x", struct.pack(">I", 4) + b"junk"],
)
async def test_nonsense_gets_no_answer_and_others_still_do(counter: Path, nonsense: bytes) -> None:
    def talk() -> bytes:
        folder = os.open(counter.parent, os.O_PATH)
        try:
            with socket.socket(socket.AF_UNIX) as one:
                one.connect(f"/proc/self/fd/{folder}/{SOCKET}")
                one.sendall(nonsense)
                one.shutdown(socket.SHUT_WR)
                with contextlib.suppress(ConnectionResetError):
                    return one.recv(10)
                return b""
        finally:
            os.close(folder)

    assert await asyncio.to_thread(talk) == b""
    assert await asyncio.to_thread(ask_agent, str(counter), want()) is not None


async def test_an_agent_that_is_not_there_is_said(deep: Path) -> None:
    with pytest.raises(HostProblem, match="does not fetch large"):
        await asyncio.to_thread(ask_agent, str(deep / SOCKET), want())
