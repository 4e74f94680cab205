"""Collects the facts of this host in a short life of its own: `python -m zester_modules.facts`.

It prints an encoded `Collected` on stdout. The agent never imports what this needs.
"""

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

from zester_modules import __version__
from zester_modules.context import FACTS_DIR
from zester_modules.facts.collect import SECONDS, Request, collect
from zester_modules.facts.script import Scripts
from zester_proto import codec


def main() -> NoReturn:
    """Collect, print, and end without waiting for what hangs."""
    request = _request()
    scripts = Scripts()

    def end(number: int, _frame: Any) -> NoReturn:
        scripts.kill()
        os._exit(128 + number)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGALRM, end)
    # nobody may be there any more to end it
    signal.setitimer(signal.ITIMER_REAL, request.seconds + 5)
    # what any code prints by mistake must not get between the bytes
    answer = os.dup(1)
    os.dup2(2, 1)
    _write(answer, codec.encode(collect(request, scripts)))
    sys.stderr.flush()
    os._exit(0)


def _request() -> Request:
    parser = argparse.ArgumentParser(prog="zester_modules.facts", description=__doc__)
    parser.add_argument("--id", default="", help="the peel's id")
    parser.add_argument("--dir", type=Path, default=FACTS_DIR, help="where custom facts lie")
    parser.add_argument("--agent-version", default=__version__, help="of the agent")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for everything")
    given = parser.parse_args()
    return Request(
        peel_id=given.id, folder=given.dir, version=given.agent_version, seconds=given.seconds
    )


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


if __name__ == "__main__":
    main()
