"""What most tests of this package need: a master, a peel, and functions that misbehave."""

import os
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from zester_testing.peels import Peel, is_welcome
from zester_testing.raw_master import RawMaster
from zester_testing.site import Bus
from zester_testing.tricks import install_tricks


@pytest.fixture(scope="session")
def tricks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installed distribution whose functions misbehave; give its folder for PYTHONPATH."""
    return install_tricks(tmp_path_factory.mktemp("tricks"))


@pytest.fixture
async def master(bus: Bus) -> AsyncGenerator[RawMaster]:
    """A master on the shared bus."""
    async with RawMaster.up(bus) as running:
        yield running


@pytest.fixture(scope="module")
def shared_peel(
    bus: Bus, tricks: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Peel]:
    """A peel for the tests of one file, which must leave it as it was."""
    peel = Peel(bus, "shared", tmp_path_factory.mktemp("peel") / "shared")
    peel.environment["PYTHONPATH"] = os.fspath(tricks)
    with peel.running():
        yield peel


@pytest.fixture
async def peel(shared_peel: Peel, master: RawMaster) -> Peel:
    """The shared peel, when it has the site's time."""
    await is_welcome(shared_peel)
    assert master.answers
    return shared_peel
