"""How long it takes to read one key of a bucket with a hundred thousand keys.

BENCH_KEYS makes it smaller.
"""

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.figures import line, percentile
from zester_proto.identity.creds import Credentials
from zester_proto.link import LinkOptions, NatsLink, kv
from zester_proto.link.streams import ensure
from zester_testing.site import Bus, Site

BUCKET = "settings-files"
KEYS = 100_000
SIZE = 512
"""Bytes of a value: a settings file of some twenty lines."""

READS = 5000
_AT_ONCE = 500


def run() -> None:
    """Print the figures, of a master and of a peel, beside a bare round trip to the server."""
    with tempfile.TemporaryDirectory(prefix="bench-kv-") as name:
        site = Site.make(Path(name) / "site")
        site.write_conf()
        with Bus(site) as bus:
            asyncio.run(_measure(bus, int(os.environ.get("BENCH_KEYS", KEYS))))


async def _measure(bus: Bus, keys: int) -> None:
    master = _link(bus, bus.site.master.credentials)
    peel = _link(bus, bus.site.peel("web-1").credentials)
    async with master, peel:
        for link in (master, peel):
            await link.connect_once(30.0)
        await ensure(master)
        names = [f"{number}.{number:032x}" for number in range(keys)]
        await _fill(master, names)
        print(f"{keys:,} keys of {SIZE} bytes; reads one after another, of keys at random:")
        for who, link in (("a master", master), ("a peel", peel)):
            await _figure(f"a bare round trip of {who}", link.flush)
            await _figure(f"a key read by {who}", _reader(link, names), "< 1 (runbook)")


def _link(bus: Bus, who: Credentials) -> NatsLink:
    return NatsLink(LinkOptions(urls=(bus.url,), creds=who, ca=bus.site.ca))


async def _fill(link: NatsLink, names: list[str]) -> None:
    value = os.urandom(SIZE)
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        await asyncio.gather(*(kv.put_until_acked(link, BUCKET, name, value) for name in some))


def _reader(link: NatsLink, names: list[str]) -> Callable[[], Awaitable[object]]:
    async def read() -> None:
        entry = await kv.get(link, BUCKET, random.choice(names))  # which is no secret
        if entry is None or len(entry.value) != SIZE:
            raise SystemExit("a key that was stored is not there")

    return read


async def _figure(name: str, work: Callable[[], Awaitable[object]], aim: str = "") -> None:
    samples: list[float] = []
    for number in range(READS + READS // 10):  # the first tenth is not counted
        began = time.perf_counter()
        await work()
        if number >= READS // 10:
            samples.append((time.perf_counter() - began) * 1000)
    line(f"  {name}", samples, "ms")
    line("    p99", [percentile(samples, 0.99)], "ms", aim=aim)
