"""Fleets of real processes: a nats-server, masters, peels, and the command."""

from collections.abc import Generator
from pathlib import Path

import pytest

from zester_testing.fleet import Fleet


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Generator[Fleet]:
    """Three peels that the tests of one file share; leave them as they were."""
    with Fleet.up(tmp_path_factory.mktemp("fleet"), peels=3) as running:
        yield running


@pytest.fixture
def own_fleet(tmp_path: Path) -> Generator[Fleet]:
    """Three peels for one test, which may do to them what it likes."""
    with Fleet.up(tmp_path, peels=3) as running:
        yield running
