"""One job to ten thousand peels: until the last has it, and until all returns are counted.

BENCH_PEELS and BENCH_ROUNDS make it smaller or longer.
"""

import os
import statistics

from bench.figures import line, ratio
from bench.swarm.fleet import Times
from bench.swarm.limits import TooFewFiles
from bench.swarm.stage import Ran, Spent, Stage

PEELS = 10_000
ROUNDS = 7


def run() -> None:
    """Print the figures, those of the floor and of Zester taken in turn."""
    peels = int(os.environ.get("BENCH_PEELS", PEELS))
    rounds = int(os.environ.get("BENCH_ROUNDS", ROUNDS))
    try:
        with Stage.up(peels) as stage:
            _measure(stage, rounds)
    except TooFewFiles as error:
        raise SystemExit(f"fanout: {error}") from None


def _measure(stage: Stage, rounds: int) -> None:
    floor: dict[str, list[float]] = {"heard": [], "acked": [], "taken": []}
    ours: dict[str, list[float]] = {"first": [], "heard": [], "taken": [], "shown": []}
    spent: dict[str, list[Spent]] = {"floor": [], "Zester": []}
    for number in range(rounds + 1):  # the first of each is not counted
        start = stage.spent()
        bare = stage.floor_round()
        between = stage.spent()
        times = _checked(stage, bare.jid)
        real = stage.run()
        end = stage.spent()
        heard = _checked(stage, real.jid).received
        if number:
            spent["floor"].append(between.since(start))
            spent["Zester"].append(end.since(between))
            floor["heard"].append(max(times.received) - bare.began)
            floor["acked"].append(bare.acked - bare.began)
            floor["taken"].append(bare.collected - bare.began)
            _add(ours, real, heard)
    line("floor: the last peel has the job", floor["heard"], "s")
    line("floor: all acks", floor["acked"], "s")
    line("floor: all returns stored and collected", floor["taken"], "s")
    line("the first peel has the job", ours["first"], "s", note="from the operator's request")
    line("the last peel has the job", ours["heard"], "s", aim="< 0.5 (runbook: 0.5)")
    line("all returns in the ledger", ours["taken"], "s")
    line("the operator has the last page", ours["shown"], "s")
    ratio("the last peel has the job, over the floor", ours["heard"], floor["heard"])
    ratio("all returns in the ledger, over the floor", ours["taken"], floor["taken"],
          aim="<= 1.5 (1.3)")  # fmt: skip
    for name, rows in spent.items():
        note = ", ".join(
            f"{part} {statistics.median(getattr(row, part) for row in rows):.2f}"
            for part in Spent._fields
        )
        line(f"processor time of a round, {name}", [sum(row) for row in rows], "s", note=note)


def _add(ours: dict[str, list[float]], real: Ran, heard: list[float]) -> None:
    ours["first"].append(min(heard) - real.asked)
    ours["heard"].append(max(heard) - real.asked)
    ours["taken"].append(max(real.taken) - real.asked)
    ours["shown"].append(real.shown - real.asked)


def _checked(stage: Stage, jid: str) -> Times:
    """Give a round's times; a figure of a swarm that is not whole is none."""
    times = stage.swarm.times(jid)
    if times.alive != stage.swarm.peels or times.troubles:
        print(f"  {times.alive} peels are connected; {times.troubles[-3:]}")
    if not times.complete:
        raise SystemExit("not every peel heard that its return is stored")
    return times
