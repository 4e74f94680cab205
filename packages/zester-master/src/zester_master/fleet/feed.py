"""Fills the fleet index from the bucket `facts`, of peels whose word can be checked (bus.md 2)."""

import asyncio
import time
from typing import Any, Final, cast

from zester_master.context import Context
from zester_master.fleet.guard import Guard
from zester_master.fleet.revoked import Revoked
from zester_master.fleet.strangers import Strangers
from zester_master.site.admitted import NotAdmitted, admitted_box
from zester_master.site.vouched import read_vouched
from zester_proto.codec import decode, unpack
from zester_proto.errors import BadId, CodecError, ZesterError
from zester_proto.identity.claims import UserClaims
from zester_proto.identity.jwt import BadJwt, UserChain, read_jwt, verify_user
from zester_proto.identity.sealing import SealError, open_with
from zester_proto.ids import from_token, token
from zester_proto.link.jsapi import Entry
from zester_proto.link.watch import Batch, watch
from zester_proto.logs import Log
from zester_proto.messages.presence import Facts, facts_aad
from zester_proto.permissions import Role
from zester_proto.subjects import kv

BUCKET: Final = "facts"
MAX_FACTS: Final = 128 * 1024
"""Bytes of one peel's facts (bus.md 7)."""

PERIOD: Final = 10.0
"""Seconds in which a peel may bring facts once, on the long run (bus.md 7)."""

BURST: Final = 4
"""How often it may do so at once: when it starts, and when somebody sets facts."""

_SLICE: Final = 0.01
_log: Final = Log("zester.facts")


class BadFacts(ZesterError):
    """Raised when an entry of `facts` is not what its peel says."""


class Budget:
    """How often each peel brought something lately.

    What is beyond is not read at once but when its time has come, and then only the last of it:
    a peel that floods costs no more than one that does not, and none is left out of date.
    """

    def __init__(self, period: float = PERIOD, burst: int = BURST) -> None:
        self._period = period
        self._burst = burst
        self._full_at: dict[str, float] = {}

    def take(self, peel_id: str, now: float) -> float:
        """Spend one; give 0 if there was one, else the seconds until there is."""
        full_at = max(self._full_at.get(peel_id, now), now)
        wait = full_at + self._period - now - self._burst * self._period
        if wait > 0:
            return wait
        self._full_at[peel_id] = full_at + self._period
        return 0.0

    def forget(self, peel_id: str) -> None:
        """Forget a peel."""
        self._full_at.pop(peel_id, None)


class Feed:
    """Reads facts as they are stored.

    Attributes:
        ready: all that was stored when we began has been read.
        strangers: who shows keys that no master admitted.
    """

    def __init__(self, context: Context, guard: Guard, revoked: Revoked) -> None:
        record = context.record
        self.ready = context.fleet_ready
        self._context = context
        self._guard = guard
        self._revoked = revoked
        revoked.on_change(self._let_go)
        self._chain = UserChain(
            account=record.accounts["PEELS"], issuers=frozenset({record.scoped[Role.PEEL]})
        )
        self.strangers = Strangers(context.health, context.meter.keys_refused, context.clock)
        self._jwts: dict[str, str] = {}
        self._budget = Budget()
        self._late: dict[str, tuple[float, Entry]] = {}
        self._stale: set[str] | None = None

    async def run(self) -> None:
        """Read until cancelled."""
        await self._context.link.wait_connected()
        self._context.vouched = await read_vouched(self._context.link, self._context.wall())
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read_late(), name="late facts")
            async with watch(self._context.link, BUCKET) as facts:
                async for batch in facts:
                    await self._take_batch(batch)

    async def _take_batch(self, batch: Batch) -> None:
        if batch.restarted:
            self._stale = set(self._context.index.ids())
        until = time.monotonic() + _SLICE
        for entry in batch.entries:
            self._take(entry)
            if time.monotonic() > until:
                await asyncio.sleep(0)
                until = time.monotonic() + _SLICE
        if batch.caught_up:
            for peel_id in self._stale or ():
                self._remove(peel_id)
            self._stale = None
            self.ready.set()
        await asyncio.sleep(0)

    async def _read_late(self) -> None:
        """Take what came too often, when its time has come."""
        while True:
            await asyncio.sleep(1.0)
            self.strangers.forget_old()
            now = time.monotonic()
            for peel_id in [one for one, (due, _) in self._late.items() if due <= now]:
                _, entry = self._late.pop(peel_id)
                self._take(entry)

    def _take(self, entry: Entry) -> None:
        try:
            peel_id = from_token(entry.key)
        except BadId:
            return
        if self._stale is not None:
            self._stale.discard(peel_id)
        if entry.operation != "put":
            self._late.pop(peel_id, None)
            self._remove(peel_id)
            return
        if peel_id in self._context.quarantined and peel_id in self._context.index:
            self._context.meter.dropped.inc(reason="quarantined")
            return
        if peel_id not in self._context.quarantined:
            self._guard.allows("facts", peel_id)  # what is beyond is read late, below
        if wait := self._budget.take(peel_id, time.monotonic()):
            self._late[peel_id] = (time.monotonic() + wait, entry)
            return
        self._late.pop(peel_id, None)
        self._read(peel_id, entry)

    def _read(self, peel_id: str, entry: Entry) -> None:
        context = self._context
        try:
            facts = self._open(peel_id, entry.value)
            context.index.put(peel_id, facts)
        except (BadFacts, CodecError) as error:
            context.meter.facts_errors.inc()
            context.journal.audit("facts", "dropped", peel_id, error=error.message)
            return
        context.facts_at[peel_id] = entry.created
        context.meter.facts.inc()

    def _open(self, peel_id: str, data: bytes) -> dict[str, Any]:
        """Verify whose facts they are, and read them.

        Raises:
            BadFacts: they are not that peel's, or too large.
        """
        if len(data) > MAX_FACTS:
            raise BadFacts(f"the facts of {peel_id} have {len(data)} bytes, at most {MAX_FACTS}")
        try:
            message = decode(data, Facts)
            shared = self._shared(peel_id, message.jwt)
            aad = facts_aad(kv(BUCKET, token(peel_id)), message.return_key, message.v)
            facts = unpack(open_with(shared, aad, message.sealed))
        except (CodecError, BadJwt, SealError) as error:
            if isinstance(error, NotAdmitted):
                self.strangers.saw(peel_id, error)
            raise BadFacts(f"the facts of {peel_id} cannot be used: {error}") from error
        if not isinstance(facts, dict):
            raise BadFacts(f"the facts of {peel_id} are no map")
        return cast("dict[str, Any]", facts)

    def _shared(self, peel_id: str, jwt: str) -> bytes:
        """Give the key shared with a peel whose JWT is in order.

        Whether it has expired is the server's question when the peel connects; here it says whose
        the key is. Who signed the JWT decides who is on the bus, and not whom masters seal for:
        that takes their own word for these keys.
        """
        if self._jwts.get(peel_id) != jwt:
            context = self._context
            claims = verify_user(jwt, self._chain, name=token(peel_id), now=0)
            self._refuse_revoked(peel_id, claims)
            box = admitted_box(
                context.keys.settings, context.site, claims, context.keys.also, context.vouched
            )
            context.boxes.put(peel_id, box)
            self.strangers.admitted(peel_id, (claims.sub, box))
            self._jwts[peel_id] = jwt
        shared = self._context.boxes.get(peel_id)
        assert shared is not None  # put above, or before
        return shared

    def _refuse_revoked(self, peel_id: str, claims: UserClaims) -> None:
        record = self._context.revoked.get(peel_id)
        if record is None or not record.voids(claims):
            return
        self._revoked.void(peel_id, claims.sub)
        self._guard.forgotten(peel_id)
        raise BadJwt(f"the keys of {peel_id} are revoked")

    def _let_go(self, peel_id: str) -> None:
        """Believe a peel no longer, if what it showed is void by now."""
        record, jwt = self._context.revoked[peel_id], self._jwts.get(peel_id)
        if jwt is None:
            self._guard.forgotten(peel_id)
        elif record.voids(read_jwt(jwt, UserClaims)):
            self._late.pop(peel_id, None)
            self._remove(peel_id)

    def _remove(self, peel_id: str) -> None:
        context = self._context
        if context.index.remove(peel_id):
            _log.info("a peel's facts are gone", peel_id=peel_id)
            self._guard.forgotten(peel_id)
        context.boxes.drop(peel_id)
        context.facts_at.pop(peel_id, None)
        self._jwts.pop(peel_id, None)
        self._budget.forget(peel_id)
