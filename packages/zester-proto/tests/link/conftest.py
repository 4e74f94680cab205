"""Links to a real bus, closed at the end of each test."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from zester_proto.identity.creds import Credentials
from zester_proto.link import LinkOptions, NatsLink
from zester_testing.site import Bus, Site

OpenLink = Callable[..., Awaitable[NatsLink]]
NewLink = Callable[..., NatsLink]


def options(site: Site, url: str, creds: Credentials | Path, **over: Any) -> LinkOptions:
    given: dict[str, Any] = {
        "urls": (url,), "creds": creds, "ca": site.ca, "backoff_base": 0.05, "backoff_cap": 0.4,
    }  # fmt: skip
    return LinkOptions(**(given | over))


@pytest.fixture
async def new_link() -> AsyncGenerator[NewLink]:
    """Makes a link that is not connected yet: (site, url, creds, **options)."""
    async with AsyncExitStack() as stack:
        made: list[NatsLink] = []

        def make(site: Site, url: str, creds: Credentials | Path, **over: Any) -> NatsLink:
            link = NatsLink(options(site, url, creds, **over))
            made.append(link)
            return link

        yield make
        for link in made:
            stack.push_async_callback(link.close)


@pytest.fixture
async def open_link(new_link: NewLink) -> OpenLink:
    """Opens a link: (bus, creds, **options); `master-1` where no credentials are given."""

    async def make(bus: Bus, creds: Credentials | Path | None = None, **over: Any) -> NatsLink:
        link = new_link(bus.site, bus.url, creds or bus.site.master.credentials, **over)
        await link.connect_once(20)
        return link

    return make


@pytest.fixture
def reach() -> Callable[[NatsLink, int], Awaitable[None]]:
    """Waits until a link has its n-th connection."""

    async def wait(link: NatsLink, epoch: int) -> None:
        changed = asyncio.Event()

        async def hook(_: int) -> None:
            changed.set()

        unhook = link.on_connected(hook)
        async with asyncio.timeout(30):
            while not (link.epoch >= epoch and link.connected):
                await changed.wait()
                changed.clear()
        unhook()

    return wait
