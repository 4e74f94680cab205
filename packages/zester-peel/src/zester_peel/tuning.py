"""Keeps an idle agent small: what its start needed goes back to the system."""

import asyncio
import gc
from typing import Final

QUIET: Final = 10.0
"""Seconds after the start when what was only needed for it is let go of."""


async def settle(stop: asyncio.Event) -> None:
    """Wait until the start is over, then give memory back; ends early when the agent does."""
    try:
        async with asyncio.timeout(QUIET):
            await stop.wait()
    except TimeoutError:
        gc.collect()
        gc.freeze()
        trim()


def trim() -> None:
    """Give the C library's free pages back to the system."""
