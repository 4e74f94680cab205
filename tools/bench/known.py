"""`I@` over a fleet, as a master asks it: first, with another term, and kept."""

import asyncio
import time
from typing import Any, NamedTuple, cast

from bench import figures
from zester_master.basket.answering import BasketAnswers
from zester_master.context import Context
from zester_master.fleet.index import FleetIndex
from zester_master.known.known import Known
from zester_proto.target import parse

PEELS = 10_000
ROLES = ("web", "db", "cache", "queue", "mail")
_SETTINGS = "".join(f"key{n}: {{a: {n}, b: [1, 2, 3], c: text {n}}}\n" for n in range(40))


class Figures(NamedTuple):
    """Seconds."""

    first: float
    other: float
    kept: float
    stalled: float
    """The longest that the loop had no turn meanwhile."""


def files(*, own: bool) -> dict[str, bytes]:
    """Give a tree of ten files; `own`: one of them is another for each peel."""
    lines = "".join(f"  'G@role:{role}': [{role}]\n" for role in ROLES)
    top = f"base:\n  '*': [all, net, own]\n{lines}"
    found = {
        "top.sls": top,
        "all.sls": f"env: {{{{ grains.get('env', 'prod') }}}}\n{_SETTINGS}",
        "net.sls": "os: {{ grains.os }}\n{% if grains.os == 'Debian' %}dns: [10.0.0.1]{% endif %}",
        "own.sls": "me: {{ grains.id }}\n" if own else "me: all\n",
    } | {f"{role}.sls": f"nginx: {{port: {8000 + n}}}\n" for n, role in enumerate(ROLES)}
    return {name: text.encode() for name, text in found.items()}


def fleet(count: int) -> tuple[FleetIndex, dict[str, float]]:
    """Give an index of a made-up fleet, and when each brought its facts."""
    index = FleetIndex()
    for n in range(count):
        facts: dict[str, Any] = {
            "id": f"peel-{n}", "os": ("Debian", "Rocky")[n % 2], "role": ROLES[n % len(ROLES)],
            "serial": n, "cpu": {"count": n % 32, "model": "x" * 40},
            "disks": {f"sd{d}": {"gb": d * 100} for d in range(4)},
        }  # fmt: skip
        index.put(f"peel-{n}", facts)
    return index, {f"peel-{n}": 1.0 for n in range(count)}


class _Bare:
    """What `Known` needs of a context."""

    def __init__(self, count: int) -> None:
        self.groups: dict[str, str] = {}
        self.index, self.facts_at = fleet(count)


async def measure(count: int = PEELS, *, own: bool = False) -> Figures:
    """Ask three times."""
    context = cast("Context", _Bare(count))
    known = Known(context, cast("BasketAnswers", None), str)
    known.use(b"1", {"base": files(own=own)})
    stalls = [0.0]
    watch = asyncio.create_task(_watch(stalls))
    try:
        seconds: list[float] = []
        for term in ("I@nginx:port:8000", "I@env:prod", "I@nginx:port:8000"):
            began = time.perf_counter()
            node = await known.settle(parse(term))
            seconds.append(time.perf_counter() - began)
            assert context.index.resolve(node).count in {count, count // len(ROLES)}, term
        first, other, kept = seconds
        return Figures(first, other, kept, max(stalls))
    finally:
        watch.cancel()
        await known.renderers.end()


async def _watch(stalls: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.001)
        stalls.append(time.perf_counter() - began - 0.001)


def run() -> None:
    """Print what `I@` costs where peels differ in few facts, and where each is another."""
    for own, count in ((False, PEELS), (True, PEELS // 10)):
        kind = "each with settings of its own" if own else "alike but for role, os and environment"
        print(f"{count:,} peels, {kind}:")
        found = asyncio.run(measure(count, own=own))
        figures.line("  I@ for the first time, renderers started", [found.first], "s")
        figures.line("  another term over the same fleet", [found.other], "s")
        figures.line("  the first term again", [found.kept * 1000], "ms")
        figures.line("  the loop had no turn meanwhile, at most", [found.stalled * 1000], "ms")
