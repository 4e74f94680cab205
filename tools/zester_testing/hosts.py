"""Fixtures of tests that need roots or whole hosts; the root conftest names this module.

What they need of the machine comes with them: see FIXTURES in hosts_plugin. Cheap things first: a
`debian_root` takes milliseconds, a `debian_host` half a second for all the tests of one file, a
`host_fleet` some five.
"""

from collections.abc import Generator
from pathlib import Path

import pytest

from hosts.fleet import HostFleet
from hosts.host import Host
from hosts.layers import zester_layers
from hosts.root import Root
from hosts.yard import Yard


@pytest.fixture(scope="session")
def hosts_layers() -> list[Path]:
    """What hosts and roots are made of: Debian, and zester-peel of this checkout in it."""
    return zester_layers()


@pytest.fixture(scope="module")
def yard() -> Generator[Yard]:
    """Where the hosts and roots of one file stand."""
    with Yard.up() as running:
        yield running


@pytest.fixture
def debian_root(yard: Yard, hosts_layers: list[Path]) -> Generator[Root]:
    """A throw-away root for one test, as Debian made it."""
    with yard.root(hosts_layers) as root:
        yield root


@pytest.fixture(scope="module")
def debian_host(yard: Yard, hosts_layers: list[Path]) -> Host:
    """A booted host that the tests of one file share; it reaches the package archives."""
    (host,) = yard.start("debian", layers=hosts_layers)
    yard.give_packages(host)
    return host


@pytest.fixture(scope="module")
def host_fleet(hosts_layers: list[Path]) -> Generator[HostFleet]:
    """Three hosts with a peel each, under a master of their own, for the tests of one file."""
    with HostFleet.up(("web-1", "web-2", "db-1"), hosts_layers, ping="1s") as fleet:
        yield fleet
