"""What lies in the store, as every master sees it: the head, and the note beside each bundle."""

import asyncio
from typing import Final, NamedTuple

from zester_master.context import Context
from zester_master.site.keyring import open_any
from zester_proto.codec import decode
from zester_proto.errors import BadId, CodecError
from zester_proto.identity.bundle import TrustError
from zester_proto.identity.sealing import SealError
from zester_proto.identity.signing import BadSignature
from zester_proto.ids import from_token
from zester_proto.link import chunks
from zester_proto.link.jsapi import Entry
from zester_proto.link.watch import watch
from zester_proto.logs import Log
from zester_proto.messages.settings import (
    BUNDLE_LIMIT,
    BUNDLES,
    FILES,
    HEAD,
    BundleNote,
    SealedBundle,
    SettingsHead,
    note_aad,
)
from zester_proto.messages.trust import Signed

_log: Final = Log("zester.settings")


class Stored(NamedTuple):
    """A bundle that lies in the store."""

    note: BundleNote
    revision: int


class Published:
    """Follows what is published.

    Attributes:
        head: the newest that a master of this site signed; None where nothing is published.
        revision: of its key; 0 where it was never written.
        bundles: by peel, as far as their notes can be read.
        read: set when all that was stored is known.
    """

    def __init__(self, context: Context) -> None:
        self.head: SettingsHead | None = None
        self.revision = 0
        self.bundles: dict[str, Stored] = {}
        self.read = asyncio.Event()
        self._context = context
        self._seen = {FILES: False, BUNDLES: False}

    async def run(self) -> None:
        """Follow, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow_head(), name="settings head")
            group.create_task(self._follow_bundles(), name="settings bundles")

    def least(self, peel_id: str) -> int:
        """Give what a welcome says: see `Welcome.settings`."""
        if not self.read.is_set():
            return -1
        if self.head is None:
            return 0
        stored = self.bundles.get(peel_id)
        return stored.note.generation if stored is not None else -1

    async def _follow_head(self) -> None:
        async with watch(self._context.link, FILES, HEAD) as batches:
            async for batch in batches:
                for entry in batch.entries:
                    self._take_head(entry)
                self._caught_up(FILES, batch.caught_up)

    async def _follow_bundles(self) -> None:
        async with watch(self._context.link, BUNDLES) as batches:
            async for batch in batches:
                if batch.restarted:
                    self.bundles.clear()
                for entry in batch.entries:
                    await self._take_bundle(entry)
                self._caught_up(BUNDLES, batch.caught_up)

    def _caught_up(self, bucket: str, whether: bool) -> None:
        self._seen[bucket] |= whether
        if all(self._seen.values()):
            self.read.set()

    def _take_head(self, entry: Entry) -> None:
        self.revision = entry.revision
        if entry.operation != "put":
            self.head = None
            return
        try:
            body, _ = self._context.trust.verify_master(decode(entry.value, Signed), "settings")
            head = decode(body, SettingsHead)
        except (CodecError, TrustError, BadSignature) as error:
            _log.error("the stored head of the settings is not believed", error=str(error))
            return
        if head.site == self._context.site:
            self.head = head

    async def _take_bundle(self, entry: Entry) -> None:
        try:
            peel_id = from_token(entry.key)
        except BadId:
            return  # a chunk of a larger one
        known = self.bundles.get(peel_id)
        if known is not None and known.revision >= entry.revision:
            return  # our own, which we know since it was written
        if entry.operation != "put":
            self.bundles.pop(peel_id, None)
            return
        value = entry.value
        if chunks.read_head(entry.headers) is not None:
            whole = await chunks.read(self._context.link, BUNDLES, entry.key, limit=BUNDLE_LIMIT)
            if whole is None:
                return
            value = whole.value
        try:
            self.bundles[peel_id] = Stored(self._note(peel_id, value), entry.revision)
        except (CodecError, SealError) as error:
            # then it is sealed anew, by whoever publishes
            self.bundles.pop(peel_id, None)
            _log.warn("a bundle's note cannot be read", peel_id=peel_id, error=str(error))

    def _note(self, peel_id: str, value: bytes) -> BundleNote:
        bundle = decode(value, SealedBundle, limit=BUNDLE_LIMIT)
        aad = note_aad(self._context.site, peel_id)
        keys = self._context.keys
        return decode(open_any(keys.settings, keys.also, aad, bundle.note), BundleNote)
