"""A command as data; apart from what runs it, for asyncio takes 20 ms to import."""

import msgspec


class CommandSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A command, planned: everything that is needed to start it."""

    argv: tuple[str, ...]
    cwd: str
    env: dict[str, str]
    user: int | None = None
    group: int | None = None
    groups: tuple[int, ...] = ()
    umask: int | None = None
    stdin: bytes = b""
    timeout: float | None = None
    """Seconds from its start; None: as long as it likes."""
