"""Who of the peels is present: connections as servers tell them, and heartbeats (bus.md 6.8)."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec

FRESH: Final = 30.0
"""Seconds for which a heartbeat, a new connection or a new master counts."""

OVERLAP: Final = 1.0
"""Seconds by which an older instance must outlive a newer one's first word to be a second peel,
and not the last words of one that restarted."""

_FORGET: Final = 120.0


class ConnectionId(NamedTuple):
    """A connection, as its server counts it; numbers are never used again."""

    server: str
    number: int


class Connection(NamedTuple):
    """A connection of a peel."""

    address: str
    since: float
    """By the master's monotonic clock."""


class Found(NamedTuple):
    """What a server says of a connection."""

    peel_id: str
    address: str
    started: float
    """Unix time."""


class Sighting(msgspec.Struct):
    """One life of a peel's process."""

    first: float
    last: float


class Seen(msgspec.Struct):
    """What is known of one peel."""

    connections: dict[ConnectionId, Connection] = {}
    instances: dict[str, Sighting] = {}
    heard: float = float("-inf")
    """When its last heartbeat came, by the monotonic clock."""
    instance: str = ""
    version: str = ""
    running: tuple[str, ...] = ()
    clock: float = 0.0
    """Seconds by which its wall clock was ahead of ours when it last said."""
    since: float = 0.0
    """Unix time of its last connect or disconnect."""
    duplicate: bool = False


class Presence:
    """The fleet's presence as one master sees it.

    It decides nothing: an ack or a return overrides it (bus.md 6.8).

    Attributes:
        seeded: set when a server told who is connected; before that, heartbeats alone count.
        blind: who connects cannot be seen at this moment: heartbeats alone count.
        duplicates: peels of which two live instances speak.
    """

    def __init__(
        self, clock: Callable[[], float], wall: Callable[[], float], *, started: float
    ) -> None:
        """Begin knowing nobody.

        Args:
            clock: monotonic seconds.
            wall: Unix time.
            started: when this master began, by `clock`.
        """
        self.seeded = asyncio.Event()
        self.blind = False
        self.duplicates: set[str] = set()
        self._clock = clock
        self._wall = wall
        self._started = started
        self._peels: dict[str, Seen] = {}
        self._gone: dict[ConnectionId, float] = {}
        self._on_duplicate: list[Callable[[str, bool], None]] = []
        self._on_running: list[Callable[[str, tuple[str, ...]], None]] = []

    def on_duplicate(self, hook: Callable[[str, bool], None]) -> None:
        """Call `hook(peel, whether)` when a second instance speaks, or no longer does."""
        self._on_duplicate.append(hook)

    def on_running(self, hook: Callable[[str, tuple[str, ...]], None]) -> None:
        """Call `hook(peel, jids)` at every heartbeat that names jobs."""
        self._on_running.append(hook)

    def get(self, peel_id: str) -> Seen | None:
        """Give what is known of a peel."""
        return self._peels.get(peel_id)

    def connected(self) -> Iterator[str]:
        """Give the peels that have a connection."""
        return (peel_id for peel_id, seen in self._peels.items() if seen.connections)

    def is_present(self, peel_id: str) -> bool:
        """Say whether a peel is there, as far as can be known."""
        now = self._clock()
        young = now - self._started < FRESH
        seen = self._peels.get(peel_id)
        if self.blind or not self.seeded.is_set():
            return young or (seen is not None and now - seen.heard < FRESH)
        if seen is None or not seen.connections:
            return False
        if young or now - seen.heard < FRESH:
            return True
        return any(now - one.since < FRESH for one in seen.connections.values())

    def present(self) -> list[str]:
        """Give all peels that are there."""
        return [peel_id for peel_id in self._peels if self.is_present(peel_id)]

    def addresses(self, peel_id: str) -> list[str]:
        """Give where a peel's connections come from, oldest first."""
        seen = self._peels.get(peel_id)
        if seen is None:
            return []
        return [one.address for one in sorted(seen.connections.values(), key=lambda c: c.since)]

    def opened(
        self, peel_id: str, connection: ConnectionId, address: str, started: float = 0.0
    ) -> None:
        """Note that a peel connected.

        Args:
            peel_id: who.
            connection: which.
            address: from where.
            started: Unix time at which its server saw it come; 0 if it does not say.
        """
        if connection in self._gone:
            return
        seen = self._seen(peel_id)
        if connection not in seen.connections:
            seen.connections[connection] = Connection(address, self._clock())
            # a connection that is older than this master is not news of today
            seen.since = started or self._wall()

    def closed(self, peel_id: str, connection: ConnectionId) -> None:
        """Note that a connection of a peel ended."""
        now = self._clock()
        self._gone[connection] = now
        if len(self._gone) % 256 == 0:
            self._gone = {c: at for c, at in self._gone.items() if now - at < _FORGET}
        seen = self._peels.get(peel_id)
        if seen is not None and seen.connections.pop(connection, None) is not None:
            seen.since = self._wall()

    def snapshot(self, server: str, found: Mapping[ConnectionId, Found], asked: float) -> None:
        """Take what one server says of all its connections.

        Args:
            server: which one.
            found: whose each connection is.
            asked: when it was asked, by the monotonic clock; what opened later stays.
        """
        self.seeded.set()
        for seen in self._peels.values():
            for connection, known in list(seen.connections.items()):
                if connection.server == server and connection not in found and known.since < asked:
                    del seen.connections[connection]
                    seen.since = self._wall()
        for connection, (peel_id, address, started) in found.items():
            self.opened(peel_id, connection, address, started)
            known = self._seen(peel_id).connections
            if connection in known:
                # events name no port
                known[connection] = known[connection]._replace(address=address)

    def keep_servers(self, servers: set[str]) -> None:
        """Forget the connections of servers that are gone: they can no longer say so."""
        for seen in self._peels.values():
            for connection in [c for c in seen.connections if c.server not in servers]:
                del seen.connections[connection]
                seen.since = self._wall()

    def heard(
        self, peel_id: str, instance: str, version: str, running: tuple[str, ...] = ()
    ) -> None:
        """Note a heartbeat."""
        seen = self._seen(peel_id)
        seen.heard = self._clock()
        seen.version = version
        seen.running = running
        self._sight(peel_id, seen, instance)
        if running:
            for hook in self._on_running:
                hook(peel_id, running)

    def spoke(self, peel_id: str, instance: str, clock: float | None = None) -> None:
        """Note any other word of a peel that names its instance: a hello, an ack.

        Args:
            peel_id: who spoke; the server vouches for it.
            instance: which life of its process.
            clock: its wall clock, where it said.
        """
        seen = self._seen(peel_id)
        if clock is not None:
            seen.clock = clock - self._wall()
        self._sight(peel_id, seen, instance)

    def _seen(self, peel_id: str) -> Seen:
        seen = self._peels.get(peel_id)
        if seen is None:
            seen = self._peels[peel_id] = Seen(since=self._wall())
        return seen

    def _sight(self, peel_id: str, seen: Seen, instance: str) -> None:
        now = self._clock()
        if seen.instance == instance and len(seen.instances) == 1:
            seen.instances[instance].last = now
            if not seen.duplicate:
                return
        seen.instance = instance
        seen.instances = {
            name: one for name, one in seen.instances.items() if now - one.last < FRESH
        }
        sighting = seen.instances.setdefault(instance, Sighting(now, now))
        sighting.last = now
        lives = sorted(seen.instances.values(), key=lambda one: one.first)
        twice = any(older.last > newer.first + OVERLAP for older, newer in pairwise(lives))
        if twice != seen.duplicate:
            seen.duplicate = twice
            (self.duplicates.add if twice else self.duplicates.discard)(peel_id)
            for hook in self._on_duplicate:
                hook(peel_id, twice)
