"""What idle peels weigh, and whether jobs make them heavier.

BENCH_JOBS makes the latter shorter.
"""

import asyncio
import os
import time
from collections.abc import Iterator

from bench.figures import line
from bench.fleet import Fleet, descendants, fleet, pss
from zester_cli.client import Client, connected
from zester_cli.site import load_site
from zester_proto.codec import Raw, pack
from zester_proto.ids import new_jid
from zester_proto.messages.operators import RunAsk

IDLE_SECONDS = 60
FEW = 1_000
MANY = int(os.environ.get("BENCH_JOBS", "10000"))
AT_ONCE = 8
PATIENCE = 60


def run() -> None:
    """Measure one peel, five peels, and one peel after many jobs."""
    with fleet(1) as site:
        time.sleep(IDLE_SECONDS)
        line("one idle peel after 60 s, children counted", weights(site), "MiB",
             aim="34 (a Salt minion: 72 to 78)")  # fmt: skip
        after_few = after_jobs(site, FEW)
        began = time.monotonic()
        after_many = after_jobs(site, MANY - FEW)
        rate = (MANY - FEW) / (time.monotonic() - began)
        line(f"PSS after {MANY} jobs less that after {FEW}", [after_many - after_few], "MiB",
             aim="1", note=f"{rate:.0f} jobs a second")  # fmt: skip
    with fleet(5) as site:
        time.sleep(IDLE_SECONDS)
        line("each of five idle peels after 60 s", weights(site), "MiB", aim="26")


def weights(site: Fleet) -> list[float]:
    """Give each peel's PSS with that of its children."""
    return [
        sum(pss(pid) for pid in (peel, *descendants(peel)))
        for peel in site.peels()
        if not set(parents(peel)) & set(site.peels())
    ]


def parents(pid: int) -> list[int]:
    """Give the process above one."""
    with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123 - a line of /proc
        return [int(file.read().rpartition(")")[2].split()[1])]


def after_jobs(site: Fleet, jobs: int) -> float:
    """Run so many jobs, some at a time, over one connection, and weigh the peel."""
    asyncio.run(_run_jobs(site.environment["ZESTER_CONFIG"], jobs))
    return sum(weights(site))


async def _run_jobs(config: str, jobs: int) -> None:
    left = iter(range(jobs))
    async with connected(load_site(config), print) as client, asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(_run_in_turn(client, left))


async def _run_in_turn(client: Client, left: Iterator[int]) -> None:
    for _ in left:
        args, kwargs = Raw(pack([])), Raw(pack({}))
        ask = RunAsk(jid=new_jid(), target="*", function="test.ping", args=args, kwargs=kwargs)
        _, pages = await client.ask_pages("run", ask)
        try:
            while not pages.reader.final:
                if not await pages.next(PATIENCE):
                    raise SystemExit(f"no page of job {ask.jid} within {PATIENCE} s")
        finally:
            await pages.close()
        outcomes = [item.outcome for item in pages.reader.items.values()]
        if outcomes != ["ok"]:
            raise SystemExit(f"job {ask.jid} ended with {outcomes}")
