"""`I@` over a fleet, as a master asks it: first, with another term, and kept."""

import asyncio
import os
import time
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

from bench import figures
from zester_master.basket.answering import BasketAnswers
from zester_master.context import Context
from zester_master.fleet.index import FleetIndex
from zester_master.known.known import Known
from zester_proto.target import parse

PEELS = 10_000
ROLES = ("web", "db", "cache", "queue", "mail")
_SETTINGS = "".join(f"key{n}: {{a: {n}, b: text {n}}}\n" for n in range(50))
Kind = Literal["alike", "template", "named", "lines"]
KINDS: dict[Kind, str] = {
    "alike": "alike but for role, os and environment",
    "template": "each with 5 settings of its own: a template says its id",
    "named": "each with 5 settings of its own: a file each, `peels/{{ peel_id }}`",
    "lines": "each with 5 settings of its own: a file and a line of the top file each",
}


class Figures(NamedTuple):
    """Seconds."""

    first: float
    other: float
    kept: float
    edited: float
    """After one file changed that a fifth of the peels have."""
    moved: float
    """After one peel brought other facts."""
    stalled: float
    """The longest that the loop had no turn meanwhile."""
    cpu: float
    """Of a core, for `first`: what a load spoils less."""
    memory: float
    """MiB of all renderers at the end."""


def files(kind: Kind, count: int) -> dict[str, bytes]:
    """Give a tree in which all peels have 100 values, and those of a role one more."""
    roles = "".join(f"  'G@role:{role}': [{role}]\n" for role in ROLES)
    found = {
        "all.sls": f"env: {{{{ grains.get('env', 'prod') }}}}\n{_SETTINGS}",
        "net.sls": "os: {{ grains.os }}\n{% if grains.os == 'Debian' %}dns: [10.0.0.1]{% endif %}",
        "own.sls": _own("{{ grains.id }}" if kind == "template" else "all"),
    } | {f"{role}.sls": f"nginx: {{port: {8000 + n}}}\n" for n, role in enumerate(ROLES)}
    own, lines = "own", ""
    if kind in {"named", "lines"}:
        found |= {f"peels/peel-{n}.sls": _own(f"peel-{n}") for n in range(count)}
    if kind == "named":
        own = "'peels.{{ peel_id }}'"
    elif kind == "lines":
        lines = "".join(f"  peel-{n}: [peels.peel-{n}]\n" for n in range(count))
    found["top.sls"] = f"base:\n  '*': [all, net, {own}]\n{roles}{lines}"
    return {name: text.encode() for name, text in found.items()}


def _own(name: str) -> str:
    return f"me: {{id: {name}, a: 1, b: 2, c: 3, d: 4}}\n"


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


async def measure(count: int = PEELS, kind: Kind = "alike") -> Figures:
    """Ask, and ask again after this and that."""
    context = cast("Context", _Bare(count))
    known = Known(context, cast("BasketAnswers", None), str)
    tree = files(kind, count)
    known.use(b"1", {"base": tree})

    async def ask(term: str, expected: int) -> float:
        began = time.perf_counter()
        node = await known.settle(parse(term))
        took = time.perf_counter() - began
        assert context.index.resolve(node).count == expected, term
        return took

    try:
        async with figures.stalls() as stalled:
            port, some = "I@nginx:port:8000", count // len(ROLES)
            cpu = time.process_time()
            first = await ask(port, some)
            cpu = time.process_time() - cpu + sum(map(_cpu, known.renderers.processes()))
            other = await ask("I@env:prod", count)
            kept = await ask(port, some)
            known.use(b"2", {"base": tree | {"web.sls": b"nginx: {port: 9000}\n"}})
            edited = await ask("I@nginx:port:9000", some)
            context.facts_at["peel-1"] += 1
            moved = await ask("I@nginx:port:9000", some)
            memory = sum(map(_memory, known.renderers.processes()))
            return Figures(first, other, kept, edited, moved, max(stalled), cpu, memory)
    finally:
        await known.renderers.end()


def _cpu(process: asyncio.subprocess.Process) -> float:
    fields = (
        Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    )
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(process: asyncio.subprocess.Process) -> float:
    pages = Path(f"/proc/{process.pid}/statm").read_text(encoding="utf-8").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1024**2


def run() -> None:
    """Print what `I@` costs where peels differ in few facts, and where each is another."""
    for kind, text in KINDS.items():
        print(f"{PEELS:,} peels, {text}:")
        found = asyncio.run(measure(kind=kind))
        aim = "" if kind == "alike" else "< 10"
        figures.line("  I@ for the first time, renderers started", [found.first], "s", aim=aim)
        figures.line("    processor time of master and renderers", [found.cpu], "s")
        figures.line("  another term over the same fleet", [found.other], "s")
        figures.line("  the first term again", [found.kept * 1000], "ms")
        figures.line("  after an edit of a file that a fifth of them have", [found.edited], "s")
        figures.line("  after one peel's facts changed", [found.moved * 1000], "ms")
        figures.line("  the loop had no turn meanwhile, at most", [found.stalled * 1000], "ms")
        figures.line("  memory of both renderers", [found.memory], "MiB")
