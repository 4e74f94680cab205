"""Keeps this host's copy of the published trees at the newest, and fetches what jobs name."""

import asyncio
import time
from pathlib import Path
from typing import Final

from zester_peel.files.store import LIMIT, TreeStore
from zester_peel.follow import Follower
from zester_peel.trust import TrustWalk
from zester_proto.codec import decode, digest
from zester_proto.errors import CodecError
from zester_proto.health import Health
from zester_proto.identity.bundle import TrustError
from zester_proto.identity.signing import BadSignature
from zester_proto.link import NatsLink, chunks, kv
from zester_proto.logs import Log
from zester_proto.messages.trees import (
    BUCKET,
    HEAD,
    HEAD_LIMIT,
    MANIFEST_LIMIT,
    PIECE,
    BadTree,
    Manifest,
    TreeFile,
    TreeHead,
    blob_key,
    check_environment,
    check_manifest,
    manifest_key,
    root_key,
    root_of,
)
from zester_proto.messages.trust import Signed
from zester_proto.together import together

JITTER: Final = 1.0
"""Seconds over which the peels of a fleet spread their reading after a note."""

AT_ONCE: Final = 8
SECONDS: Final = 5.0

IN_USE: Final = 3600.0
"""Seconds for which a revision stays that a job was given, however many come after it."""


class TreeKeeper:
    """The trees of this host.

    Args:
        site: the site's name.
        folder: where they lie.
        link: the bus.
        trust: says which masters are believed.
        health: gets the conditions.
        log: where lines go.
        limit: bytes of the folder.
    """

    def __init__(
        self,
        site: str,
        folder: Path,
        *,
        link: NatsLink,
        trust: TrustWalk,
        health: Health,
        log: Log,
        limit: int = LIMIT,
    ) -> None:
        self.head: TreeHead | None = None
        """The newest that is whole here."""
        self.least = 0
        """The least generation that a master has vouched for."""
        self.store = TreeStore(folder, limit)
        self._site = site
        self._link = link
        self._trust = trust
        self._log = log
        self.following = Follower(
            self._look, link=link, health=health, code="trees",
            what="the newest state trees cannot be had", jitter=JITTER,
        )  # fmt: skip
        self._used: dict[bytes, float] = {}
        """Revisions that jobs were given, and when."""
        self._lock = asyncio.Lock()
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def load(self) -> None:
        """Take what the process before this one kept.

        Raises:
            FileProblem: the folder cannot be used.
        """
        self.store.open()
        data = self.store.head()
        if data is None:
            return
        try:
            head = await self._read(data)
        except BadTree as error:
            self._log.warn("the kept head of the trees is not believed", error=error.message)
            return
        if self.store.is_whole(head.root):
            self.head = head

    @property
    def generation(self) -> int:
        """Of the trees that are here; 0 is none."""
        return self.head.generation if self.head is not None else 0

    def welcomed(self, least: int) -> None:
        """Hear from a master which generation there is."""
        self.following.vouch()
        if least > self.least:
            self.least = least
            self.following.ask()

    async def _look(self) -> None:
        async with self._lock:
            entry = await kv.get(self._link, BUCKET, HEAD, seconds=SECONDS)
            if entry is None:
                return
            head = await self._read(entry.value)
            if head.generation < max(self.generation, self.least):
                raise BadTree(
                    f"the store gives generation {head.generation} of the trees, "
                    f"and {max(self.generation, self.least)} is known: an older one is not taken",
                    hint="a backup was restored perhaps: zester tree publish makes a new one",
                )
            if self.head is not None and head.root == self.head.root:
                await self._take(head)
                self.head = head
                self.store.keep_head(entry.value)
                return
            await self._take(head)
            self.store.keep_head(entry.value)
            self.head = head
            self._used = {root: at for root, at in self._used.items() if _now() - at < IN_USE}
            self.store.tidy(head.root, *self._used)
            await asyncio.to_thread(self.store.shrink, head.root, *self._used)
            self._log.info(
                "took the state trees", generation=head.generation, root=head.root.hex()[:16]
            )

    async def ensure(self, root: bytes) -> Path:
        """Give the folder of the revision that a job names.

        Raises:
            BadTree: it is not to be had whole.
            LinkError: it cannot be read.
            FileProblem: there is no room.
        """
        self._used[root] = _now()
        if self.store.is_whole(root):
            return self.store.revision(root)
        async with self._lock:
            if not self.store.is_whole(root):
                entry = await kv.get(self._link, BUCKET, root_key(root), seconds=SECONDS)
                if entry is None:
                    raise BadTree(
                        f"the state trees {root.hex()[:16]} that the job was asked for are gone",
                        hint="ask again: zester job rerun JID takes the newest",
                    )
                head = await self._read(entry.value)
                if head.root != root:
                    raise BadTree("the store gave other trees than those that were asked for")
                await self._take(head)
        return self.store.revision(root)

    async def fetch(self, root: bytes, env: str, path: str) -> Path:
        """Fetch a file that is not taken ahead, and give where it lies.

        Raises:
            LookupError: the tree has no such file.
            BadTree: it is not to be had.
            LinkError: it cannot be read.
            FileProblem: there is no room.
        """
        manifest = (self.store.manifests(root) or {}).get(env)
        file = next((one for one in manifest.files if one.path == path), None) if manifest else None
        if file is None:
            raise LookupError(path)
        await self._fetch_all([name for name in file.pieces if not self.store.has(name)])
        placed = self._placed(root, env, file)
        newest = (self.head.root,) if self.head else ()
        await asyncio.to_thread(self.store.shrink, root, *newest, *self._used)
        return placed

    def _placed(self, root: bytes, env: str, file: TreeFile) -> Path:
        path = self.store.revision(root) / env / file.path
        return path if path.is_file() else self.store.place(root, env, file)

    # -- reading ---------------------------------------------------------------------------------

    async def _read(self, data: bytes) -> TreeHead:
        try:
            signed = decode(data, Signed, limit=HEAD_LIMIT)
            body, _ = await self._trust.verify(signed, "tree")
            head = decode(body, TreeHead, limit=HEAD_LIMIT)
        except (CodecError, TrustError, BadSignature) as error:
            raise BadTree(f"what the store gives is signed by no master: {error}") from error
        for env in head.environments:
            check_environment(env)
        if head.site != self._site or root_of(head.environments) != head.root:
            raise BadTree("what the store gives are not the trees of this site")
        return head

    async def _take(self, head: TreeHead) -> None:
        # what is whole may be in the hands of a job: none of its files is made again
        whole = self.store.is_whole(head.root)
        if whole and self.store.is_complete(head.root):
            return
        manifests = await self._manifests(head)
        if whole:
            self.store.keep_manifests(head.root, manifests)
            return
        await self._fetch_all(sorted(self.store.missing(manifests.values())))
        # copying thousands of files must not keep the loop from beating
        await asyncio.to_thread(self.store.add, head.root, manifests)

    async def _manifests(self, head: TreeHead) -> dict[str, Manifest]:
        return {
            env: await self._manifest(env, one.manifest) for env, one in head.environments.items()
        }

    async def _manifest(self, env: str, name: bytes) -> Manifest:
        data = await self._blob(manifest_key(name), name, MANIFEST_LIMIT)
        try:
            return check_manifest(decode(data, Manifest, limit=MANIFEST_LIMIT), env)
        except CodecError as error:
            raise BadTree(f"the manifest of environment {env} is none: {error}") from error

    async def _fetch_all(self, names: list[bytes]) -> None:
        await together(self._fetch_one(name) for name in names)

    async def _fetch_one(self, name: bytes) -> None:
        async with self._gate:
            data = await self._blob(blob_key(name), name, PIECE)
            await asyncio.to_thread(self.store.put, name, data)

    async def _blob(self, key: str, name: bytes, limit: int) -> bytes:
        entry = await chunks.read(self._link, BUCKET, key, limit=limit, seconds=SECONDS)
        if entry is None:
            raise BadTree(f"{key[:24]} of the state trees is not in the store (yet)")
        if digest(entry.value) != name:
            raise BadTree(f"{key[:24]} of the state trees is damaged")
        return entry.value


def _now() -> float:
    return time.monotonic()
