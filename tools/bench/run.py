"""Measure what the docs promise: `make bench [ONLY=name,name]`.

Each bench is a module of this folder with a function `run()` that prints its figures.
"""

import importlib
import os
import platform
import sys
from pathlib import Path

BENCHES = (
    "cli", "memory", "imports", "targeting", "fanout", "returns", "settings", "states",
    "compiles", "applies", "known",
    "kv", "publishing",
)  # fmt: skip


def main(only: str = "") -> int:
    """Run the benches named, or all; 2 for a name that is none."""
    names = [name for name in only.split(",") if name] or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(f"bench: no bench is called {', '.join(unknown)}; there are {', '.join(BENCHES)}")
        return 2
    sys.path.insert(0, str(Path(__file__).parents[1]))
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{platform.python_version()} on {os.cpu_count()} cores, load {load}", flush=True)
    for name in names:
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"bench.{name}").run()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
