"""How a figure is measured and printed: medians with their spread, beside what they are held to."""

import asyncio
import os
import statistics
import subprocess
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple


def line(name: str, samples: Sequence[float], unit: str, *, aim: str = "", note: str = "") -> None:
    """Print one figure: median, least and most of the samples, and what it is held to."""
    middle = statistics.median(samples)
    spread = f"{min(samples):.3g}-{max(samples):.3g}" if len(samples) > 1 else "once"
    held = f"  aim {aim}" if aim else ""
    said = f"  ({note})" if note else ""
    print(
        f"{name:<52} {middle:>9.4g} {unit:<4} [{spread}, n={len(samples)}]{held}{said}", flush=True
    )


def ratio(name: str, ours: Sequence[float], floor: Sequence[float], *, aim: str = "") -> None:
    """Print how many times the floor ours is, by medians taken in the same run."""
    times = statistics.median(ours) / statistics.median(floor)
    print(f"{name:<52} {times:>9.3g} x    {'aim ' + aim if aim else ''}", flush=True)


def percentile(samples: Sequence[float], part: float) -> float:
    """Give the value below which `part` (0 to 1) of the samples lie."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def timed(work: Callable[[], object], times: int, *, warm_up: int = 1) -> list[float]:
    """Give the seconds that each of some runs took, the first ones left out."""
    samples: list[float] = []
    for index in range(times + warm_up):
        began = time.perf_counter()
        work()
        if index >= warm_up:
            samples.append(time.perf_counter() - began)
    return samples


def timed_process(
    command: Sequence[str | Path], times: int, **options: dict[str, str]
) -> list[float]:
    """Give the seconds of whole processes; one that fails ends the bench with what it said."""

    def once() -> None:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=options.get("env")
        )
        if done.returncode != 0:
            raise SystemExit(f"{command}: exit code {done.returncode}\n{done.stdout}{done.stderr}")

    return timed(once, times)


class Cost(NamedTuple):
    """What a whole process took: seconds of the clock, and of a core (which a load spoils less)."""

    seconds: float
    cpu: float


def cost_of_process(command: Sequence[str | Path]) -> Cost:
    """Give the cost of a whole process; one that fails ends the bench with what it said."""
    began = time.perf_counter()
    before = os.times()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    after = os.times()
    if done.returncode != 0:
        raise SystemExit(f"{command}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    cpu = (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )
    return Cost(time.perf_counter() - began, cpu)


@asynccontextmanager
async def stalls() -> AsyncGenerator[list[float]]:
    """Note for how many seconds the loop had no turn, each time, until the end of the block."""
    found = [0.0]

    async def watch() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            found.append(time.perf_counter() - began - 0.001)

    watching = asyncio.create_task(watch())
    try:
        yield found
    finally:
        watching.cancel()
