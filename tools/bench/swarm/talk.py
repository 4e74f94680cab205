"""What the bench and the processes of the swarm say to each other."""

import array
from pathlib import Path
from typing import NamedTuple


class Spec(NamedTuple):
    """What a process plays."""

    auth: Path
    """The auth folder of a master that admits the peels."""
    port: int
    places: range
    """Of the whole fleet, those of this process."""
    source: str
    """An address of loopback of its own: no two processes share the kernel's ports."""


class Deeds(NamedTuple):
    """When each peel of a process did what in one job: monotonic seconds, NaN for never."""

    received: "array.array[float]"
    sent: "array.array[float]"
    stored: "array.array[float]"


class Report(NamedTuple):
    """What a process says of a job, and of itself."""

    deeds: Deeds
    verified: int
    """Signatures checked, from the beginning."""
    alive: int
    """Peels that are connected."""
    troubles: list[str]
