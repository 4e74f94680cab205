"""A real `zester-master` whose ledger's clock is read: when each return was counted.

`python -m bench.swarm.tapped FOLDER WORDS...` is `zester-master WORDS...`; for every job whose last
peel has its outcome it writes into FOLDER what `read_taken` reads. Nothing else is changed.
"""

import array
import itertools
import os
import sys
import time
from pathlib import Path

from bench.swarm.worker import end_with_parent
from zester_master.jobs import view
from zester_master.jobs.ledger import Ledger
from zester_master.main import main
from zester_proto.messages.jobs import Outcome


def tapped(folder: Path) -> type[Ledger]:
    """Give a ledger that does what the real one does, and writes down when it counted returns."""
    written = itertools.count()

    class Tapped(Ledger):
        """Counts as ever, by a clock."""

        _times: "array.array[float] | None" = None

        def returned(
            self, place: int, outcome: Outcome, now: float, seconds: float = 0.0, error: str = ""
        ) -> bool:
            """Note when a return was counted."""
            counted = super().returned(place, outcome, now, seconds, error)
            if counted:
                if self._times is None:
                    self._times = array.array("d", [0.0]) * len(self.ids)
                self._times[place] = time.monotonic()
                # a question of the master's own goes to one peel
                if self.done == len(self.ids) > 1:
                    path = folder / f"{next(written)}.taken"
                    path.with_suffix(".part").write_bytes(self._times.tobytes())
                    path.with_suffix(".part").rename(path)
            return counted

    return Tapped


def read_taken(folder: Path, number: int) -> list[float] | None:
    """Give when each peel's return was counted in the n-th job, in the order of their ids.

    None while that job runs; 0.0 for a peel that did not return.
    """
    path = folder / f"{number}.taken"
    if not path.exists():
        return None
    times = array.array("d")
    times.frombytes(path.read_bytes())
    return times.tolist()


def run(folder: Path, words: list[str]) -> int:
    """Run the master with its ledger tapped."""
    end_with_parent()
    # the views of jobs make ledgers by this name
    view.__dict__["Ledger"] = tapped(folder)
    profile = os.environ.get("BENCH_PROFILE")
    if not profile:
        return main(words)
    import cProfile  # noqa: PLC0415  # only who looks for time needs it

    with cProfile.Profile() as profiler:
        code = main(words)
    profiler.dump_stats(profile)
    return code


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]), sys.argv[2:]))
