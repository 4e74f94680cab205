"""What idle peels weigh, and whether jobs make them heavier."""

import os
import subprocess
import time

from bench.figures import line
from bench.fleet import SCRIPTS, Fleet, descendants, fleet, pss

IDLE_SECONDS = 60
FEW, MANY = 1_000, 10_000


def run() -> None:
    """Measure one peel, five peels, and one peel after many jobs."""
    with fleet(1) as site:
        time.sleep(IDLE_SECONDS)
        line("one idle peel after 60 s, children counted", weights(site), "MiB",
             aim="34 (a Salt minion: 72 to 78)")  # fmt: skip
        after_few = after_jobs(site, FEW)
        after_many = after_jobs(site, MANY - FEW)
        line(
            f"PSS after {MANY} jobs less that after {FEW}", [after_many - after_few], "MiB", aim="1"
        )
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
    """Run so many jobs, several commands at a time, and weigh the peel."""
    command = [SCRIPTS / "zester", "*", "test.ping", "--output", "json"]
    running: list[subprocess.Popen[bytes]] = []
    for _ in range(jobs):
        if len(running) >= (os.cpu_count() or 1) * 4:
            running.pop(0).wait()
        running.append(subprocess.Popen(command, env=site.environment, stdout=subprocess.DEVNULL))
    for process in running:
        process.wait()
    return sum(weights(site))
