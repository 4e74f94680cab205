"""A lease: of all masters one holds it, and loses it 15 s after its last word."""

from typing import Final

import msgspec

from zester_master.context import Context
from zester_proto.codec import decode, encode
from zester_proto.errors import CodecError
from zester_proto.link import WrongRevision, kv
from zester_proto.logs import Log

BUCKET: Final = "site"
TTL: Final = 15.0
RENEW: Final = 5.0
"""Seconds between two words of its holder."""

_log: Final = Log("zester.lease")


class Holder(msgspec.Struct, frozen=True, kw_only=True, tag="lease", tag_field="t"):
    """Who holds a lease."""

    master: str
    instance: str


class Lease:
    """One lease, as this master sees it.

    Attributes:
        holder: the name of the master that holds it; "" while nobody is known to.
        held: this master holds it.
    """

    def __init__(self, context: Context, what: str) -> None:
        self.holder = ""
        self.held = False
        self._context = context
        self._key = f"lease.{what}"
        self._revision = 0
        self._told = -RENEW

    async def hold(self) -> bool:
        """Take the lease if it is free, renew it if it is ours; say whether it is ours.

        Raises:
            LinkError: it cannot be known. Whoever held it holds it on until it lapses.
        """
        now = self._context.clock()
        if self.held and now - self._told < RENEW:
            return True
        link, me = self._context.link, self._context.instance
        entry = await kv.get(link, BUCKET, self._key, fresh=True)
        owner = _read(entry.value) if entry is not None else None
        if owner is not None and owner.instance != me:
            self._lost(owner.master)
            return False
        value = encode(Holder(master=self._context.name, instance=me))
        try:
            if entry is None:
                self._revision = await kv.create(link, BUCKET, self._key, value, ttl=TTL)
            else:
                self._revision = await kv.update(
                    link, BUCKET, self._key, value, entry.revision, ttl=TTL
                )
        except WrongRevision:
            self.held = False
            return False  # another was first: the next look says who
        self._told = now
        self.holder = self._context.name
        if not self.held:
            _log.info("holds a lease", lease=self._key)
        self.held = True
        return True

    async def release(self) -> None:
        """Let go, so that another can take it at once.

        Raises:
            LinkError: it lapses by itself.
        """
        if self.held:
            self.held = False
            await kv.delete(self._context.link, BUCKET, self._key, self._revision)

    def _lost(self, holder: str) -> None:
        if self.held:
            _log.warn("lost a lease", lease=self._key, to=holder)
        self.held = False
        self.holder = holder


def _read(data: bytes) -> Holder | None:
    try:
        return decode(data, Holder)
    except CodecError:
        return None
