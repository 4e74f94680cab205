"""What every master knows of revoked peels, and has the site do about them (bus.md 8)."""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from zester_master.context import Context
from zester_master.site.revocations import (
    BUCKET,
    PREFIX,
    BadRevocation,
    Revocation,
    change,
    opened_revocation,
)
from zester_proto.health import Condition
from zester_proto.identity.claims import UserClaims
from zester_proto.identity.jwt import BadJwt, read_jwt
from zester_proto.link import LinkError
from zester_proto.link.backoff import Backoff
from zester_proto.link.watch import watch
from zester_proto.logs import Log

LATE: Final = 10.0
"""Seconds after which a revocation that the servers do not know is told of."""

_CODE: Final = "revocation-not-in-force"
_NAMED: Final = 5
_log: Final = Log("zester.revoked")


class Revoked:
    """The revocations, as this master last read them; `Context.revoked` mirrors them.

    Attributes:
        ready: what was stored has been read once.
        news: set when a revocation is new, or one more key of a revoked peel was seen.
    """

    def __init__(self, context: Context) -> None:
        self.ready = asyncio.Event()
        self.news = asyncio.Event()
        self._context = context
        self._hooks: list[Callable[[str], None]] = []
        self._found: dict[str, set[str]] = {}
        self._wake = asyncio.Event()

    def on_change(self, hook: Callable[[str], None]) -> None:
        """Call `hook(peel)` when a peel is revoked, or revoked anew."""
        self._hooks.append(hook)

    async def run(self) -> None:
        """Read what is stored, and write which other keys were seen, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(), name="revocations")
            group.create_task(self._add_found(), name="other keys of revoked peels")

    async def _follow(self) -> None:
        async with watch(self._context.link, BUCKET, f"{PREFIX}*") as batches:
            async for batch in batches:
                for entry in batch.entries:
                    if entry.operation != "put":
                        continue  # none is ever taken back
                    keys = self._context.keys
                    try:
                        record = opened_revocation(keys.settings, entry.key, entry.value, keys.also)
                        self.take(record)
                    except BadRevocation as error:
                        _log.error("a revocation is not believed", error=error.message)
                if batch.caught_up:
                    self.ready.set()

    def take(self, record: Revocation) -> None:
        """Take a record that masters wrote."""
        known = self._context.revoked.get(record.peel)
        if known is not None and not known.is_followed_by(record):
            return  # an old one, put again by whoever runs the store
        self._context.revoked[record.peel] = record
        said = msgspec.structs.replace(record, pushed=0)
        if known is None or msgspec.structs.replace(known, pushed=0) != said:
            _log.warn("a peel is revoked", peel_id=record.peel, by=record.by, why=record.why)
            for hook in self._hooks:
                hook(record.peel)
        if not record.pushed:
            self.news.set()

    # -- keys that were not known when it was revoked ----------------------------------------------

    def saw(self, peel_id: str, jwt: str) -> None:
        """Hear of a JWT with which a peel connected, or that it showed; the server let it in."""
        record = self._context.revoked.get(peel_id)
        if record is None:
            return
        try:
            claims = read_jwt(jwt, UserClaims)
        except BadJwt:
            return
        if record.voids(claims):
            self.void(peel_id, claims.sub)

    def void(self, peel_id: str, nkey: str) -> None:
        """Have one more key of a revoked peel shut out."""
        record = self._context.revoked.get(peel_id)
        if record is not None and nkey not in record.nkeys:
            self._found.setdefault(peel_id, set()).add(nkey)
            self._wake.set()

    async def _add_found(self) -> None:
        backoff = Backoff(base=0.5, cap=10.0)
        while True:
            await self._wake.wait()
            self._wake.clear()
            for peel_id, nkeys in list(self._found.items()):
                try:
                    await self._add(peel_id, nkeys)
                except (LinkError, BadRevocation) as error:
                    _log.warn("another key of a revoked peel is not written down",
                              peel_id=peel_id, error=error.message)  # fmt: skip
                    await asyncio.sleep(backoff.next())
                    self._wake.set()
                else:
                    backoff.reset()
                    del self._found[peel_id]

    async def _add(self, peel_id: str, nkeys: set[str]) -> None:
        context, now = self._context, int(self._context.wall())

        def make(old: Revocation | None) -> Revocation | None:
            if old is None or nkeys <= old.nkeys.keys():
                return None
            more = {**dict.fromkeys(sorted(nkeys), now), **old.nkeys}
            return msgspec.structs.replace(old, nkeys=more, pushed=0)

        keys = context.keys
        record = await change(context.link, keys.settings, peel_id, make, keys.also)
        if record is not None:
            context.journal.audit("peel", "revoked-key-seen", peel_id, nkeys=" ".join(nkeys))
            self.take(record)

    # -- what the servers know ---------------------------------------------------------------------

    def wanted(self) -> list[Revocation]:
        """Give the revocations that no server is known to have."""
        return [one for one in self._context.revoked.values() if not one.pushed and one.nkeys]

    async def pushed(self, record: Revocation, issued: int) -> None:
        """Write down that the servers have it.

        Raises:
            LinkError: it is not written.
            BadRevocation: what lies there is none of this site.
        """

        def make(old: Revocation | None) -> Revocation | None:
            # one more key may have come meanwhile
            if old is None or not old.nkeys.keys() <= record.nkeys.keys():
                return None
            return msgspec.structs.replace(old, pushed=issued)

        context = self._context
        keys = context.keys
        done = await change(context.link, keys.settings, record.peel, make, keys.also)
        if done is not None:
            self.take(done)

    def tell(self, why: str) -> None:
        """Say which revocations are not in force on the servers.

        Args:
            why: as far as this master knows.
        """
        now, health = self._context.wall(), self._context.health
        late = sorted(one.peel for one in self.wanted() if now - one.at > LATE)
        if not late:
            health.clear(_CODE)
            return
        more = f" and {len(late) - _NAMED} more" if len(late) > _NAMED else ""
        health.set(
            Condition(
                _CODE,
                "warning",
                f"{', '.join(late[:_NAMED])}{more}: revoked, and the nats-servers may let them in "
                f"all the same{f': {why}' if why else ''}",
                "a master that may push accounts must run (docs/identity.md, issuer); nothing is "
                "sealed for them meanwhile",
            )
        )
