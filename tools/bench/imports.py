"""What an idle peel has imported, and what that cost."""

import subprocess
import sys

from bench.figures import line, timed_process

AGENT = "import zester_peel.agent"


def run() -> None:
    """List the imports of the agent with their milliseconds, and time them as a whole."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", AGENT],
        capture_output=True,
        text=True,
        check=True,
    )
    costs = sorted(parse(done.stderr), reverse=True)
    print(f"{len(costs)} modules; the ten dearest by themselves:")
    for microseconds, name in costs[:10]:
        print(f"  {microseconds / 1000:7.2f} ms  {name}")
    bare = timed_process([sys.executable, "-c", "pass"], 11)
    line("bare interpreter", bare, "s")
    line(
        "the agent's imports, a whole process",
        timed_process([sys.executable, "-c", AGENT], 11),
        "s",
    )


def parse(text: str) -> list[tuple[int, str]]:
    """Read what `-X importtime` prints: microseconds of the module alone, and its name."""
    rows = [row.removeprefix("import time:").split("|") for row in text.splitlines()[1:]]
    return [
        (int(row[0]), row[2].strip()) for row in rows if len(row) == 3 and row[0].strip().isdigit()
    ]
