"""`make hosts N=3`: whole hosts with a peel each, under a master of their own, until Ctrl-C."""

import argparse
import shlex
import signal
import sys
from collections.abc import Iterable

from hosts.base import base_is_there
from hosts.errors import HostsError
from hosts.fleet import HostFleet
from hosts.layers import zester_layers
from zester_testing.hosts_plugin import WHOLE_HOSTS, missing, sentence

_MOST = 99


def main() -> int:
    """Run a fleet until a signal comes; 1 if it does not come up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, choices=range(1, _MOST + 1), metavar="N")
    count: int = parser.parse_args().count
    if lacks := missing(WHOLE_HOSTS):
        return _fail(sentence(lacks))
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        _run([f"host-{number}" for number in range(1, count + 1)])
    except HostsError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        _say("everything is stopped")
    return 0


def _run(names: Iterable[str]) -> None:
    if not base_is_there():
        _say("building the root that all hosts share; this takes a minute or two, once")
    with HostFleet.up(names, zester_layers()) as fleet:
        try:
            _show(fleet)
            while True:
                signal.pause()
        finally:
            # A second Ctrl-C must not break off what takes everything back.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            _say("stopping")


def _show(fleet: HostFleet) -> None:
    for host in fleet.hosts.values():
        fleet.yard.give_packages(host)
        _say(f"{host.name}  {host.address}  nsenter --target {host.pid} --all bash -l")
    _say(f"logs lie in {fleet.folder}; Ctrl-C stops everything. For another shell:")
    print(f"export ZESTER_CONFIG={shlex.quote(str(fleet.config))}", flush=True)


def _say(text: str) -> None:
    print(f"hosts: {text}", file=sys.stderr, flush=True)


def _fail(text: str) -> int:
    _say(text)
    return 1


if __name__ == "__main__":
    sys.exit(main())
