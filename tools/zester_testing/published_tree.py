"""State trees that a master of a test signs, right or wrong."""

from collections.abc import Mapping

import msgspec

from zester_proto.codec import digest, encode
from zester_proto.identity.signing import SigningKey
from zester_proto.link import chunks, kv
from zester_proto.messages.trees import (
    BUCKET,
    HEAD,
    PIECE,
    Manifest,
    TreeEnvironment,
    TreeFile,
    TreeHead,
    TreeLink,
    blob_key,
    manifest_key,
    root_key,
    root_of,
)
from zester_testing.raw_master import RawMaster


class PublishedTree:
    """Trees that a master signs, right or wrong."""

    def __init__(self, master: RawMaster) -> None:
        self.master = master

    async def put(
        self, generation: int, *files: TreeFile, links: Mapping[str, str] = {}, **changes: object
    ) -> TreeHead:
        """Store a manifest and give a head for it."""
        listed = tuple(TreeLink(path, target) for path, target in links.items())
        manifest = encode(Manifest(environment="base", files=files, links=listed or msgspec.UNSET))
        name = digest(manifest)
        await chunks.write(self.master.link, BUCKET, manifest_key(name), manifest)
        base = TreeEnvironment(manifest=name, files=len(files), bytes=0)
        head = TreeHead(
            site=self.master.site, generation=generation, root=root_of({"base": base}),
            issued=0.0, publisher="master-1", environments={"base": base},
        )  # fmt: skip
        return msgspec.structs.replace(head, **changes)

    async def file(self, path: str, data: bytes, stored: bytes | None = None) -> TreeFile:
        """Store a file's pieces; `stored` in the place of what it should hold."""
        parts = [data[at : at + PIECE] for at in range(0, len(data), PIECE)]
        for part in parts:
            value = part if stored is None else stored
            await chunks.write(self.master.link, BUCKET, blob_key(digest(part)), value)
        return TreeFile(path, 0o644, len(data), tuple(digest(part) for part in parts))

    async def publish(self, head: TreeHead, key: SigningKey | None = None) -> None:
        """Sign a head and store it."""
        value = self.master.signed("tree", head, key)
        await kv.put(self.master.link, BUCKET, root_key(head.root), value)
        await kv.put(self.master.link, BUCKET, HEAD, value)
