"""How long a return of one of a thousand peels takes, from its socket to the master's ledger.

The clock starts before the peel's bytes are handed to its socket and ends when the real master's
ledger has counted the return (`bench.swarm.tapped`), or a bare consumer has it (the floor).
BENCH_PEELS and BENCH_ROUNDS make it smaller or longer.
"""

import os

from bench.figures import line, percentile, ratio
from bench.swarm.fleet import Times
from bench.swarm.stage import Stage

PEELS = 1_000
ROUNDS = 7
SPREAD = 2.0
"""Seconds over which the returns of the first job are spread, as work of unequal length does."""


def run() -> None:
    """Print the figures: returns that come as they are ready, and all at the same moment."""
    peels = int(os.environ.get("BENCH_PEELS", PEELS))
    rounds = int(os.environ.get("BENCH_ROUNDS", ROUNDS))
    with Stage.up(peels) as stage:
        _measure(stage, rounds, f"over {SPREAD:g} s", "test.sleep", SPREAD)
        _measure(stage, rounds, "at once", "test.ping")


def _measure(stage: Stage, rounds: int, how: str, function: str, *args: float) -> None:
    floor: list[list[float]] = []
    ours: list[list[float]] = []
    names = list(stage.swarm.names(stage.swarm.peels))
    for number in range(rounds + 1):  # the first of each is not counted
        bare = stage.floor_round(function, *args)
        arrivals = [bare.arrivals[name] for name in names]
        real = stage.run(function, *args)
        if number:
            floor.append(_waits(stage.swarm.times(bare.jid), arrivals))
            ours.append(_waits(stage.swarm.times(real.jid), real.taken))
    aim = "< 20 (runbook: 100)"
    for part, text in ((0.5, "half"), (0.99, "p99")):
        bare = [percentile(waits, part) for waits in floor]
        real = [percentile(waits, part) for waits in ours]
        line(f"returns {how}, {text}: floor", bare, "ms")
        line(f"returns {how}, {text}: in the ledger", real, "ms", aim=aim if part > 0.5 else "")
        ratio(f"returns {how}, {text}: over the floor", real, bare)


def _waits(times: Times, arrivals: list[float]) -> list[float]:
    """Give the milliseconds of each return."""
    return [(end - sent) * 1000 for sent, end in zip(times.sent, arrivals, strict=True)]
