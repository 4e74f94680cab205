"""Fixtures of the command's tests."""

from collections.abc import AsyncGenerator

import pytest

from zester_testing.site import Bus
from zester_testing.stage import StageMaster, stage


@pytest.fixture
async def master(bus: Bus) -> AsyncGenerator[StageMaster]:
    """A master on the bus of this file's tests."""
    async with stage(bus) as one:
        yield one
