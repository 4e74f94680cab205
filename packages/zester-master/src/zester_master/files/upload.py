"""A revision on its way into the bucket: blobs, manifests, and last the head that names them."""

import asyncio
from collections.abc import Iterable
from typing import Final

import msgspec

from zester_master.context import Context
from zester_master.files.heads import Heads, manifests_of, read_head
from zester_master.files.revision import Revision, read_piece
from zester_proto.codec import encode
from zester_proto.link import chunks, kv
from zester_proto.link.jsapi import ask
from zester_proto.logs import Log
from zester_proto.messages.presence import Note
from zester_proto.messages.trees import (
    BUCKET,
    HEAD,
    BadTree,
    Manifest,
    TreeHead,
    blob_key,
    manifest_key,
    root_key,
)
from zester_proto.subjects import kv as subject_of
from zester_proto.subjects import note

KEPT: Final = 5
"""Revisions whose files stay in the bucket: of jobs that name them, and of peels that are slow."""

AT_ONCE: Final = 8
_log: Final = Log("zester.files")


class _Subjects(msgspec.Struct, frozen=True):
    subjects: dict[str, int] | None = None


class _StreamInfo(msgspec.Struct, frozen=True):
    state: _Subjects


class Upload:
    """Publishes revisions."""

    def __init__(self, context: Context, heads: Heads) -> None:
        self._context = context
        self._heads = heads
        self._stored: set[bytes] = set()
        """Blobs that lie in the bucket, as far as revisions that are kept name them."""
        self._stored_at = -1
        """Revision of the head for which that holds: another master removes what it may."""
        self._is_half = True
        """Blobs may lie in the bucket of a publishing that was broken off, here or before."""

    async def publish(self, revision: Revision, *, anew: bool = False) -> TreeHead:
        """Put a revision into the bucket and make it the newest.

        Args:
            revision: what.
            anew: put all of it, also what should be there: the bucket may have been damaged.

        Raises:
            Changing: a file changed meanwhile: nothing was published.
            OSError: a file cannot be read: the same.
            WrongRevision: another master published meanwhile.
            LinkError: it is not stored.
        """
        context = self._context
        was_half, self._is_half = self._is_half, True
        stored = set[bytes]() if anew else await self._blobs_stored()
        missing = [name for name in revision.blobs if name not in stored]
        await self._put_blobs(revision, missing)
        for env, manifest in revision.manifests.items():
            key = manifest_key(revision.environments[env].manifest)
            await chunks.write(context.link, BUCKET, key, encode(manifest))
        head = self._head(revision)
        value = context.signed("tree", head)
        await kv.put_until_acked(context.link, BUCKET, root_key(head.root), value)
        at = await kv.update(context.link, BUCKET, HEAD, value, self._heads.revision)
        self._heads.head, self._heads.revision = head, at
        self._stored, self._stored_at = stored | set(missing), at
        context.tree_head = head
        self._is_half = was_half
        await context.link.publish(note(BUCKET), encode(Note(bucket=BUCKET, revision=at)))
        _log.info(
            "published the state trees", generation=head.generation, root=head.root.hex()[:16],
            files=sum(one.files for one in head.environments.values()), new_blobs=len(missing),
        )  # fmt: skip
        return head

    def _head(self, revision: Revision) -> TreeHead:
        context, last = self._context, self._heads.head
        return TreeHead(
            site=context.site,
            generation=context.generation(last.generation if last else 0),
            root=revision.root,
            issued=context.wall(),
            publisher=context.name,
            environments=revision.environments,
            groups=context.groups,
        )

    async def _put_blobs(self, revision: Revision, names: list[bytes]) -> None:
        gate = asyncio.Semaphore(AT_ONCE)
        try:
            async with asyncio.TaskGroup() as group:
                for name in names:
                    group.create_task(self._put_blob(revision, name, gate))
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from several

    async def _put_blob(self, revision: Revision, name: bytes, gate: asyncio.Semaphore) -> None:
        async with gate:
            data = await asyncio.to_thread(read_piece, name, revision.blobs[name])
            await chunks.write(self._context.link, BUCKET, blob_key(name), data)

    async def _blobs_stored(self) -> set[bytes]:
        if self._stored_at != self._heads.revision:
            head, self._stored_at = self._heads.head, self._heads.revision
            try:
                found = await manifests_of(self._context.link, head) if head else {}
            except BadTree:
                found = {}  # then everything is put again
            self._stored = blobs_in(found.values())
        return self._stored

    async def tidy(self) -> None:
        """Remove what only revisions before the last few name.

        Raises:
            LinkError: the bucket does not answer; the next time does it.
        """
        link, at = self._context.link, self._heads.revision
        heads: list[TreeHead] = []
        for entry in (await kv.get_many(link, BUCKET, "root.*")).values():
            try:
                heads.append(read_head(self._context, entry.value))
            except BadTree:
                await kv.delete(link, BUCKET, entry.key)
        heads.sort(key=lambda head: head.generation, reverse=True)
        kept: list[Manifest] = []
        names = {one.manifest for head in heads[:KEPT] for one in head.environments.values()}
        for head in heads[:KEPT]:
            kept += await self._manifests(head)
        needed = blobs_in(kept)
        self._stored &= needed  # before anything goes: this may end half way
        for head in heads[KEPT:]:
            gone = await self._manifests(head)
            for name in blobs_in(gone) - needed:
                await chunks.delete(link, BUCKET, blob_key(name))
            for one in head.environments.values():
                if one.manifest not in names:
                    await chunks.delete(link, BUCKET, manifest_key(one.manifest))
            await kv.delete(link, BUCKET, root_key(head.root))
        if self._is_half and len(kept) == sum(len(head.environments) for head in heads[:KEPT]):
            await self._sweep(needed, at)
            self._is_half = False

    async def _sweep(self, needed: set[bytes], at: int) -> None:
        """Remove blobs that no revision names, if they came before the head of a revision.

        What came later is another master's, which puts all of its blobs anew if its head was late.
        """
        link, prefix = self._context.link, subject_of(BUCKET, "")
        names = {blob_key(name) for name in needed}
        body = {"subjects_filter": f"{prefix}blob.>"}
        info = await ask(link, f"STREAM.INFO.KV_{BUCKET}", body, _StreamInfo)
        for subject in info.state.subjects or ():
            key = subject.removeprefix(prefix)
            blob = ".".join(key.split(".")[:2])  # behind which the number of a chunk may stand
            entry = None if blob in names else await kv.get(link, BUCKET, key)
            if entry is not None and entry.revision < at:
                await kv.delete(link, BUCKET, key, entry.revision)

    async def _manifests(self, head: TreeHead) -> list[Manifest]:
        try:
            return list((await manifests_of(self._context.link, head)).values())
        except BadTree as error:
            _log.warn("a published revision is damaged", error=error.message)
            return []


def blobs_in(manifests: Iterable[Manifest]) -> set[bytes]:
    """Give the blobs that some manifests name."""
    return {name for one in manifests for file in one.files for name in file.pieces}
