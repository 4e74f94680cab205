"""How long settings take from an edit until they are sealed for whom they concern, and stored.

A real master and server; the fleet is in the master's index alone. BENCH_PEELS makes it smaller.
"""

import asyncio
import os
import tempfile
import time
from pathlib import Path

from bench.figures import line, stalls
from zester_master.files.folders import PERIOD, SETTLE
from zester_proto.codec import encode
from zester_proto.identity.sealing import BoxKey, seal_to
from zester_proto.identity.signing import sign
from zester_proto.messages.settings import SettingsBundle, SettingsFile, bundle_aad
from zester_testing.masters import Master, eventually
from zester_testing.site import Bus, Site

PEELS = 10_000
CONCERNED = 10
"""One of so many reads the file that is edited."""

FILES = 1_000
"""Files of a large tree, of two kilobytes each."""

EDITS = 7
ROUNDS = 3


def run() -> None:
    """Print the figures."""
    peels = int(os.environ.get("BENCH_PEELS", PEELS))
    with tempfile.TemporaryDirectory(prefix="bench-publishing-") as name:
        site = Site.make(Path(name) / "site")
        site.write_conf()
        tree = Path(name) / "settings"
        _write(tree)
        with Bus(site) as bus:
            asyncio.run(_measure(bus, tree, peels))
            _write_large(tree)
            asyncio.run(_large(bus, tree))


def _write(tree: Path) -> None:
    tree.mkdir()
    (tree / "top.sls").write_text("base:\n  '*': [common]\n  'web-*': [web]\n")
    (tree / "common.sls").write_text("".join(f"key{n}: value {n}\n" for n in range(50)))
    (tree / "web.sls").write_text("password: !encrypted 'correct-horse'\n")


def _write_large(tree: Path) -> None:
    for number in range(FILES):
        lines = (f"key{number}_{n}: value {n} of this file\n" for n in range(60))
        (tree / f"part{number}.sls").write_text("{# a part #}\n" + "".join(lines))
    (tree / "top.sls").write_text("base:\n  '*': ['part*']\n  'web-*': [web]\n")


async def _large(bus: Bus, tree: Path) -> None:
    """Print for how long nothing else has its turn while a large tree and an edit of it come."""
    async with stalls() as first, Master.up(bus, settings_dir=tree) as master:
        published = master.agent.published
        master.context.boxes.put("web-1", BoxKey.generate().public)
        master.context.index.put("web-1", {"id": "web-1"})
        await eventually(lambda: len(published.bundles) == 1, "all", 120.0)
        line(f"  the loop had no turn, a tree of {FILES:,} files", [max(first) * 1000], "ms")
        samples, waits = list[float](), list[float]()
        for number in range(EDITS):
            head = published.head
            (tree / "web.sls").write_text(f"password: {number}\n")
            async with stalls() as found:
                began = time.perf_counter()
                await _published(master, head.generation if head else 0)
                samples.append(time.perf_counter() - began)
            waits.append(max(found) * 1000)
        line(f"an edit of one of {FILES:,} files is published", samples, "s", aim="< 2")
        line("  the loop had no turn meanwhile, at most", waits, "ms")


async def _measure(bus: Bus, tree: Path, peels: int) -> None:
    ids = [f"{'web' if n % CONCERNED == 0 else 'db'}-{n}" for n in range(peels)]
    keys = [BoxKey.generate().public for _ in ids]
    await _sealing(bus, ids, keys)
    async with Master.up(bus, settings_dir=tree) as master:
        await _published(master, 0)
        context = master.context
        began = time.perf_counter()
        for peel_id, key in zip(ids, keys, strict=True):
            context.boxes.put(peel_id, key)
            context.index.put(peel_id, {"id": peel_id})
        known = time.perf_counter()
        await eventually(lambda: len(master.agent.published.bundles) == peels, "all", 120.0)
        stored = time.perf_counter()
        line(f"{peels:,} peels become known to the master", [known - began], "s")
        line(f"{peels:,} bundles sealed and stored", [stored - known], "s", note="with the look")
        await _edits(master, tree, peels)


async def _sealing(bus: Bus, ids: list[str], keys: list[bytes]) -> None:
    """Print what sealing costs without the store: signed and sealed, each for its peel."""
    site, job = "bench", bus.site.master.keys.job
    row = SettingsFile("base", "common.sls", "1700000000." + "0" * 32, bytes(32), bytes(32))

    def seal() -> None:
        for peel_id, key in zip(ids, keys, strict=True):
            bundle = SettingsBundle(
                site=site, peel=peel_id, recipient="0" * 16, generation=1, issued=1.0,
                files=(row, row, row), secrets={"db/password": "correct-horse-battery"},
            )  # fmt: skip
            signed = encode(sign(job, "secrets", site, encode(bundle)))
            seal_to(key, bundle_aad(site, peel_id), signed)

    samples, spent = list[float](), time.process_time()
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await asyncio.to_thread(seal)
        samples.append(time.perf_counter() - began)
    each = (time.process_time() - spent) / ROUNDS
    line(
        f"{len(ids):,} bundles signed and sealed, not stored", samples, "s",
        aim="< 2 (10,000)", note=f"{each:.2f} s of processor time",
    )  # fmt: skip


async def _edits(master: Master, tree: Path, peels: int) -> None:
    """Print what an edit takes that concerns some, and that nothing is done for the others."""
    samples, spent = list[float](), time.process_time()
    published = master.agent.published
    for number in range(EDITS):
        head = published.head
        before = {one: stored.revision for one, stored in published.bundles.items()}
        (tree / "web.sls").write_text(f"password: !encrypted 'correct-horse-{number}'\n")
        began = time.perf_counter()
        await _published(master, head.generation if head else 0)
        samples.append(time.perf_counter() - began)
        anew = sum(before[one] != stored.revision for one, stored in published.bundles.items())
        if anew != len(range(0, peels, CONCERNED)):
            raise SystemExit(f"{anew} bundles were sealed anew")
    each = (time.process_time() - spent) / EDITS
    seen = f"{each:.2f} s of processor time, and up to {PERIOD + SETTLE:g} s until it is seen"
    line(
        f"an edit for {len(range(0, peels, CONCERNED)):,} peels is published", samples, "s",
        aim="< 1 (1,000)", note=seen,
    )  # fmt: skip


async def _published(master: Master, after: int) -> None:
    published = master.agent.published

    def newer() -> bool:
        return published.head is not None and published.head.generation > after

    await eventually(newer, "the settings are published", 60.0)
