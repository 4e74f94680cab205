"""Collecting from the agent's side: in a child, so that what it needs never stays in memory."""

import os
import sys
from pathlib import Path
from typing import Final

from zester_modules.facts.collected import FACTS_LIMIT, Collected
from zester_modules.host.process import Command, Finished
from zester_modules.host.spec import CommandSpec
from zester_proto import codec
from zester_proto.errors import ZesterError

SECONDS: Final = 30.0
_GRACE: Final = 3.0


class FactsFailed(ZesterError):
    """Raised when a host's facts could not be collected at all."""


async def collect_in_child(
    *, folder: Path, peel_id: str, version: str, tmp: Path, seconds: float = SECONDS
) -> Collected:
    """Collect the facts of this host in a short-lived child.

    Args:
        folder: where custom facts lie; may be missing.
        peel_id: the fact `id`.
        version: the agent's, for the fact `zester`.
        tmp: a folder that only this call uses.
        seconds: for everything.

    Raises:
        FactsFailed: the child died, took too long, or wrote something else than facts.
    """
    spec = CommandSpec(
        # -P: what lies in the folder that we happen to stand in is no code of ours
        argv=(
            sys.executable, "-P", "-m", "zester_modules.facts", "--id", peel_id,
            "--dir", str(folder), "--agent-version", version, "--seconds", f"{seconds:g}",
        ),
        cwd="/",
        env=dict(os.environ),
        timeout=seconds + _GRACE,
    )  # fmt: skip
    finished = await Command(spec, tmp, limit=2 * FACTS_LIMIT, text=False).run()
    try:
        return _collected(finished)
    finally:
        finished.close()


def _collected(finished: Finished) -> Collected:
    if finished.ended == "exited" and finished.exit_code == 0:
        data = b"".join(finished.stdout.chunks())
        return codec.decode(data, Collected, limit=2 * FACTS_LIMIT)
    said = finished.stderr.read(0, 4096).decode("utf-8", "replace").strip().splitlines()
    what = "took too long" if finished.ended != "exited" else f"ended with {finished.exit_code}"
    raise FactsFailed(
        f"cannot collect the facts of this host: the collector {what}",
        hint=said[-1][:300] if said else "look at the programs in the facts directory",
    )
