"""Asks a master how many peels are there, and a server whether its cluster is whole."""

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
            for line in (await _fetch(health, "/metrics")).splitlines():
                name, _, value = line.partition(b" ")
                if name == SERIES:
                    return int(float(value))
    return 0


async def is_whole(monitor: str) -> bool:
    """Tell whether a server of a cluster is in order, JetStream and its part of it included.

    Args:
        monitor: http://HOST:PORT of its monitoring.
    """
    with contextlib.suppress(OSError, TimeoutError, ValueError):
        async with asyncio.timeout(_SECONDS):
            said = await _fetch(monitor.removeprefix("http://"), "/healthz")
            return b" 200 " in said.partition(b"\r\n")[0]
    return False


async def _fetch(health: str, path: str) -> bytes:
    host, _, port = health.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        return await reader.read(_LIMIT)
    finally:
        writer.close()
