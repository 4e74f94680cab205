"""The encrypted files in the store: what is missing is put, what is old is taken away."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final

from zester_master.context import Context
from zester_master.settings.names import KeyedFile
from zester_master.settings.plan import FileId, Sharing
from zester_proto.codec import digest
from zester_proto.identity.sealing import OVERHEAD, SealError, open_with, seal_with
from zester_proto.link import chunks, kv
from zester_proto.messages.settings import FILE_LIMIT, FILES, HEAD, SettingsFile, file_aad

GRACE: Final = 60.0
"""Seconds that a file stays which no bundle names any more: peels may be fetching it."""


class StoredFiles:
    """What this master knows of the bucket `settings-files`.

    Args:
        context: of the master.
        clock: monotonic seconds.
    """

    def __init__(self, context: Context, clock: Callable[[], float] = time.monotonic) -> None:
        self._context = context
        self._clock = clock
        self._there: dict[str, str] | None = None
        """Stored name to key."""
        self._digests: dict[str, bytes] = {}
        """Of what lies under a key; known once it was written or read here."""
        self._old: dict[str, float] = {}
        """Keys that nothing names, and since when."""

    def forget(self) -> None:
        """Look anew at what is there: another master has published meanwhile."""
        self._there = None

    async def put(
        self, sharing: Sharing, keyed: Mapping[FileId, KeyedFile], generation: int
    ) -> dict[FileId, SettingsFile]:
        """Put what is not there; give each file as bundles name it.

        Raises:
            LinkError: it is not stored.
        """
        if self._there is None:
            names = await kv.keys(self._context.link, FILES)
            self._there = {
                key.partition(".")[2]: key for key in names if key != HEAD and key.count(".") == 1
            }
            here = set(self._there.values())
            self._digests = {key: one for key, one in self._digests.items() if key in here}
        rows: dict[FileId, SettingsFile] = {}
        for file, one in keyed.items():
            data = sharing.published(file)[0]
            key = self._there.get(one.stored)
            known = await self._known(key, one, data) if key is not None else None
            if key is None or known is None:
                key = f"{generation}.{one.stored}"
                known = await self._write(key, one, data)
            rows[file] = SettingsFile(*file, key, known, one.key)
        return rows

    async def _known(self, key: str, one: KeyedFile, data: bytes) -> bytes | None:
        """Give the digest of what lies there; None if it is not what it should be."""
        known = self._digests.get(key)
        if known is not None:
            return known
        limit = FILE_LIMIT + OVERHEAD
        entry = await chunks.read(self._context.link, FILES, key, limit=limit)
        if entry is None:
            return None
        try:
            if open_with(one.key, file_aad(self._context.site, key), entry.value) != data:
                return None
        except SealError:
            return None
        known = self._digests[key] = digest(entry.value)
        return known

    async def _write(self, key: str, one: KeyedFile, data: bytes) -> bytes:
        aad = file_aad(self._context.site, key)
        sealed = await asyncio.to_thread(seal_with, one.key, aad, data)
        await chunks.write(self._context.link, FILES, key, sealed)
        assert self._there is not None  # put has read it
        self._there[one.stored] = key
        self._digests[key] = digest(sealed)
        return self._digests[key]

    async def tidy(self, needed: set[str]) -> None:
        """Take away what no bundle has named for a while.

        Raises:
            LinkError: the bucket does not answer; the next time does it.
        """
        now = self._clock()
        there = self._there or {}
        for key in there.values():
            if key in needed:
                self._old.pop(key, None)
            else:
                self._old.setdefault(key, now)
        for key, since in list(self._old.items()):
            if now - since >= GRACE:
                for one in (key, f"{key}.*"):
                    await kv.purge(self._context.link, FILES, one)
                del self._old[key]
                self._digests.pop(key, None)
                there.pop(key.partition(".")[2], None)
