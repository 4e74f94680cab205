"""Asks a master how many peels are there, by its metrics."""

import asyncio
import contextlib
from typing import Final

SERIES: Final = b"zester_connected_peels"
_SECONDS: Final = 2.0
_LIMIT: Final = 1024 * 1024


async def peels_there(health: str) -> int:
    """Give how many peels a master sees, known and present; 0 while it does not answer.

    Args:
        health: HOST:PORT of its `health_addr`.
    """
    with contextlib.suppress(OSError, TimeoutError, ValueError):
        async with asyncio.timeout(_SECONDS):
            for line in (await _fetch(health)).splitlines():
                name, _, value = line.partition(b" ")
                if name == SERIES:
                    return int(float(value))
    return 0


async def _fetch(health: str) -> bytes:
    host, _, port = health.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n")
        return await reader.read(_LIMIT)
    finally:
        writer.close()
