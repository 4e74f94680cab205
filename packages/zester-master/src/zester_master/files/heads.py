"""What is published: the newest signed head, as every master sees it."""

import asyncio
from typing import Final

from zester_master.context import Context
from zester_proto.codec import decode, digest
from zester_proto.errors import CodecError
from zester_proto.identity.bundle import TrustError
from zester_proto.identity.signing import BadSignature
from zester_proto.link import NatsLink, chunks
from zester_proto.link.jsapi import Entry
from zester_proto.link.watch import watch
from zester_proto.logs import Log
from zester_proto.messages.trees import (
    BUCKET,
    HEAD,
    MANIFEST_LIMIT,
    BadTree,
    Manifest,
    TreeHead,
    check_manifest,
    manifest_key,
)
from zester_proto.messages.trust import Signed

_log: Final = Log("zester.files")


class Heads:
    """Follows the head of the published trees.

    Attributes:
        head: the newest that a master of this site signed; None where nothing is published.
        revision: of the bucket's key; 0 where it was never written.
        read: set when it is known what is published.
    """

    def __init__(self, context: Context) -> None:
        self.head: TreeHead | None = None
        self.revision = 0
        self.read = asyncio.Event()
        self._context = context

    async def run(self) -> None:
        """Follow, until cancelled."""
        async with watch(self._context.link, BUCKET, HEAD) as batches:
            async for batch in batches:
                for entry in batch.entries:
                    self.take(entry)
                if batch.caught_up:
                    self.read.set()

    def take(self, entry: Entry) -> None:
        """Take what is stored as the head."""
        self.revision = entry.revision
        if entry.operation != "put":
            self.head = None
            return
        try:
            head = read_head(self._context, entry.value)
        except BadTree as error:
            _log.error("the stored head of the trees is not believed", error=error.message)
            self._context.journal.audit("tree", "refused", error=error.message)
            return
        if self.head is None or head.generation >= self.head.generation:
            self.head = head
            self._context.tree_head = head


def read_head(context: Context, data: bytes) -> TreeHead:
    """Read and verify a head.

    Raises:
        BadTree: no master of this site signed it.
    """
    try:
        body, _ = context.trust.verify_master(decode(data, Signed), "tree")
        head = decode(body, TreeHead)
    except (CodecError, TrustError, BadSignature) as error:
        raise BadTree(f"a head of the trees is not signed by a master: {error}") from error
    if head.site != context.site:
        raise BadTree(f"a head of the trees is of site {head.site}")
    return head


async def read_manifest(link: NatsLink, environment: str, name: bytes) -> Manifest:
    """Read a published manifest.

    Raises:
        BadTree: it is not what its digest says, or none.
        LinkError: it cannot be read.
    """
    entry = await chunks.read(link, BUCKET, manifest_key(name), limit=MANIFEST_LIMIT)
    if entry is None:
        raise BadTree(f"the manifest of environment {environment} is not in the store")
    if digest(entry.value) != name:
        raise BadTree(f"the manifest of environment {environment} is damaged")
    try:
        manifest = decode(entry.value, Manifest, limit=MANIFEST_LIMIT)
    except CodecError as error:
        raise BadTree(f"the manifest of environment {environment} is none: {error}") from error
    return check_manifest(manifest, environment)


async def manifests_of(link: NatsLink, head: TreeHead) -> dict[str, Manifest]:
    """Read all manifests of a revision.

    Raises:
        BadTree: one is damaged or missing.
        LinkError: one cannot be read.
    """
    return {
        env: await read_manifest(link, env, one.manifest) for env, one in head.environments.items()
    }
