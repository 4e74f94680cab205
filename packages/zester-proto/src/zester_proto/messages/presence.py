"""What a peel says of itself, and the time that a master gives it (bus.md 5, 6.8)."""

import msgspec

from zester_proto.messages.base import Message


class Heartbeat(Message, frozen=True, kw_only=True, tag="hb"):
    """Some 64 bytes each ten seconds."""

    instance: str
    version: str = ""
    running: tuple[str, ...] = ()


class Hello(Message, frozen=True, kw_only=True, tag="hello"):
    """A peel asks who it is to masters, and what time it is."""

    nonce: bytes
    instance: str
    version: str = ""
    clock: float
    """Its wall clock; only reported."""
    bundle: int = 0
    """The version of its trust bundle."""


class Welcome(Message, frozen=True, kw_only=True, tag="welcome"):
    """A master's signed answer: the site's time."""

    site: str
    id: str
    nonce: bytes
    time: float
    bundle: int
    drain: int = 0
    """The number of the last drain or undrain."""
    drained: bool = False
    tree: int = 0
    """The least generation of the state trees that is acceptable (states.md 6)."""
    settings: int = -1
    """The least generation of this peel's bundle; 0: it has no settings; -1: not known yet."""


class Renew(Message, frozen=True, kw_only=True, tag="renew"):
    """A peel asks for a new JWT while its present one holds (bus.md 8)."""

    nonce: bytes
    jwt: str


class Renewed(Message, frozen=True, kw_only=True, tag="renewed"):
    """A master's signed answer; of both texts one is empty."""

    site: str
    id: str
    nonce: bytes
    jwt: str = ""
    refused: str = ""
    """Why there is no new JWT."""


class Facts(Message, frozen=True, kw_only=True, tag="facts"):
    """What lies in `facts/<id>`: the peel's JWT in clear, its facts sealed for the masters."""

    jwt: str
    instance: str
    return_key: str
    sealed: bytes
    """Plain text: the packed map of facts."""


def facts_aad(subject: str, return_key: str, protocol: int) -> bytes:
    """Give what the seal of facts is bound to."""
    return f"{subject}\0{return_key}\0{protocol}".encode()


class MasterBeat(Message, frozen=True, kw_only=True, tag="master"):
    """What lies in `master-heartbeat/<instance>`."""

    name: str
    instance: str
    version: str
    started: float
    time: float
    active: int = 0
    bundle: int = 0
    address: str = ""
    tree: bytes = b""
    """Root of the state trees in its folders; empty where it has none, or they are broken."""
    tree_problems: int = 0
    settings: bytes = b""
    """Keyed root of the settings in its folders; empty where it has none, or they are broken."""
    settings_problems: int = 0
    settings_keys: tuple[str, ...] = ()
    """Names of the settings keys that it holds: first the one that seals, then what opens."""


class Note(Message, frozen=True, kw_only=True, tag="note"):
    """A bucket changed; carries no authority."""

    bucket: str
    revision: int


class CatalogueEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Which peels hold a catalogue, by its digest."""

    digest: str
    peels: int
