"""What all parts of one master share: who it is, its connection, and what it knows of the fleet."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec

from zester_master.fleet.boxes import Boxes
from zester_master.fleet.index import FleetIndex
from zester_master.fleet.presence import Presence
from zester_master.journal import Journal
from zester_master.meter import Meter
from zester_master.secrets.record import NoSecrets, Secrets
from zester_master.site.layout import SiteRecord
from zester_master.site.masters import MasterKeys
from zester_master.site.revocations import Revocation
from zester_proto.codec import encode
from zester_proto.health import Health
from zester_proto.identity.bundle import TrustStore
from zester_proto.identity.signing import sign
from zester_proto.link import NatsLink
from zester_proto.messages.trees import TreeHead
from zester_proto.messages.trust import SignedType
from zester_proto.secrets.masker import Masker
from zester_proto.target import Node


async def _as_it_is(node: Node) -> Node:
    return node


def _unknown(_peel_id: str) -> int:
    return -1


@dataclass(slots=True, kw_only=True)
class Context:
    """One master.

    Attributes:
        name: as in the trust bundle.
        instance: this life of its process.
        record: what is public of the site.
        keys: its secrets.
        trust: whom it believes.
        link: its connection in account ZESTER.
        ears: another one, for what peels say unasked: a flood there delays nothing here.
        presence: who of the peels is there.
        index: their facts.
        boxes: the keys shared with them.
        journal: where the life of jobs and the audit go.
        meter: what it counts.
        health: what is wrong with it.
        masker: knows the site's secrets; the log and the health go through it.
        groups: named targets.
        quarantined: peels that are shut out, and why.
        vouched: tags of peels that were admitted before the settings key was rotated.
        revoked: what is not believed of peels any more, by peel.
        facts_at: when the facts of each peel were stored, Unix time.
        fleet_ready: set when the facts of the fleet have been read.
        tree_head: what is published of the state trees.
        tree_root: root of the trees in this master's own folders; empty where they are broken.
        tree_problems: how much is wrong with those.
        settings_root: keyed root of the settings in this master's folders; empty where there are
            none, or they are broken.
        settings_problems: how much is wrong with those.
        secrets: gives the values of secrets.
        least_settings: gives the least generation of a peel's settings, for its welcome.
        settle: gives a target in which lists of ids stand for what asks for settings.
        clock: monotonic seconds.
        wall: Unix time; a master's is the site's.
    """

    name: str
    instance: str
    record: SiteRecord
    keys: MasterKeys
    trust: TrustStore
    link: NatsLink
    ears: NatsLink
    presence: Presence
    index: FleetIndex
    boxes: Boxes
    journal: Journal
    meter: Meter
    health: Health
    masker: Masker = field(default_factory=Masker)
    groups: dict[str, str] = field(default_factory=dict[str, str])
    quarantined: dict[str, str] = field(default_factory=dict[str, str])
    vouched: frozenset[str] = frozenset()
    revoked: dict[str, Revocation] = field(default_factory=dict[str, Revocation])
    facts_at: dict[str, float] = field(default_factory=dict[str, float])
    fleet_ready: asyncio.Event = field(default_factory=asyncio.Event)
    tree_head: TreeHead | None = None
    tree_root: bytes = b""
    tree_problems: int = 0
    settings_root: bytes = b""
    settings_problems: int = 0
    secrets: Secrets = field(default_factory=NoSecrets)
    least_settings: Callable[[str], int] = _unknown
    settle: Callable[[Node], Awaitable[Node]] = _as_it_is
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time

    @property
    def site(self) -> str:
        """The site's name."""
        return self.trust.site

    def generation(self, last: int) -> int:
        """Give the generation of what is published now.

        Args:
            last: the newest that is known; 0 is none.
        """
        # the clock keeps the numbers rising also when a bucket was lost
        return max(int(self.wall()), last + 1)

    def is_revoked(self, peel_id: str) -> bool:
        """Say whether a peel was revoked, and has not come back with other keys."""
        return peel_id in self.revoked and self.boxes.public(peel_id) is None

    def signed(self, kind: SignedType, body: msgspec.Struct | bytes) -> bytes:
        """Give the encoded signed form of a message by this master's job key."""
        data = body if isinstance(body, bytes) else encode(body)
        return encode(sign(self.keys.job, kind, self.site, data))
