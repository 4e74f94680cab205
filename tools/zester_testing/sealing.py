"""Settings as a master seals them for one peel, right or wrong."""

import os
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from zester_proto.codec import digest, encode
from zester_proto.identity.joining import PeelIdentity
from zester_proto.identity.sealing import BoxKey, seal_to, seal_with
from zester_proto.identity.signing import SigningKey
from zester_proto.ids import token
from zester_proto.link import chunks
from zester_proto.messages.presence import Note
from zester_proto.messages.settings import (
    BUNDLES,
    FILES,
    SealedBundle,
    SettingsBundle,
    SettingsEntry,
    SettingsFile,
    bundle_aad,
    file_aad,
)
from zester_proto.subjects import note
from zester_testing.raw_master import RawMaster


class Sealing:
    """Puts bundles and files into the store as a test says.

    Args:
        master: signs them.
        peel: whose they are.
    """

    def __init__(self, master: RawMaster, peel: PeelIdentity) -> None:
        self.master = master
        self.peel = peel
        self.stored: dict[str, str] = {}
        """The key of each file in the bucket, by its path."""

    async def bundle(
        self, generation: int, files: Mapping[str, str], *entries: str, **changes: Any
    ) -> SettingsBundle:
        """Store encrypted files of `base`, and give a bundle that names them."""
        rows: list[SettingsFile] = []
        for path, text in files.items():
            stored, key = f"{generation}.{digest(path.encode()).hex()[:32]}", os.urandom(32)
            data = seal_with(key, file_aad(self.master.site, stored), text.encode())
            await chunks.write(self.master.link, FILES, stored, data)
            self.stored[path] = stored
            rows.append(SettingsFile("base", path, stored, digest(data), key))
        bundle = SettingsBundle(
            site=self.master.site, peel=self.peel.id, recipient=self.peel.box.id,
            generation=generation, issued=time.time(), files=tuple(rows),
            entries=tuple(SettingsEntry("base", one) for one in entries),
        )  # fmt: skip
        return msgspec.structs.replace(bundle, **changes)

    async def put(
        self, bundle: SettingsBundle, *, key: SigningKey | None = None, box: BoxKey | None = None
    ) -> bytes:
        """Sign, seal and store a bundle, and tell the fleet; give what was stored."""
        signed = self.master.signed("secrets", bundle, key)
        aad = bundle_aad(self.master.site, bundle.peel)
        sealed = seal_to((box or self.peel.box).public, aad, signed)
        value = encode(SealedBundle(sealed=sealed, note=b""))
        await self.put_raw(value)
        return value

    async def put_raw(self, value: bytes) -> None:
        """Store what is no bundle of this peel, or an older one."""
        at = await chunks.write(self.master.link, BUNDLES, token(self.peel.id), value)
        told = encode(Note(bucket=BUNDLES, revision=at))
        await self.master.link.publish(note(BUNDLES), told)
