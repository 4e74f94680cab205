"""One round of publishing: files that are not there, bundles that would say something new.

Whoever may read a file no longer makes the number of its key rise, and so all who still may get a
new key. Bundles of those who lose something are written last: a master that ends half way leaves
a number that has risen for some, and the next one goes on from there.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from zester_master.context import Context
from zester_master.secrets.values import SecretValues
from zester_master.settings.files import StoredFiles
from zester_master.settings.names import KeyedFile, content_digest, file_name, keyed_file, tree_root
from zester_master.settings.plan import FileId, Plan, Share, Sharing
from zester_master.settings.published import Published, Stored
from zester_proto.codec import encode
from zester_proto.identity.sealing import seal_to, seal_with
from zester_proto.identity.signing import key_id, sign
from zester_proto.ids import token
from zester_proto.link import chunks, kv
from zester_proto.logs import Log
from zester_proto.messages.presence import Note
from zester_proto.messages.settings import (
    BUNDLES,
    FILES,
    HEAD,
    BundleNote,
    Lists,
    SealedBundle,
    SettingsBundle,
    SettingsFile,
    SettingsHead,
    bundle_aad,
    note_aad,
)
from zester_proto.subjects import note
from zester_proto.together import together

AT_ONCE: Final = 32
"""Bundles under way to the store."""

_SEALED: Final = 100
"""Bundles that are sealed before others get a turn."""

_log: Final = Log("zester.settings")


class _Wanted(NamedTuple):
    """A bundle that would say something new."""

    peel_id: str
    public: bytes
    bundle: SettingsBundle
    note: BundleNote
    loses: bool


class Round:
    """Publishes plans.

    Args:
        context: of the master.
        published: what lies in the store; kept up to date with what is written.
        files: the encrypted files in the store.
        values: of the secrets.
        lists: what peels do where two files have a list.
    """

    def __init__(
        self,
        context: Context,
        published: Published,
        files: StoredFiles,
        values: SecretValues,
        lists: Lists = "replace",
    ) -> None:
        self._context = context
        self._published = published
        self._files = files
        self._values = values
        self._lists: Lists = lists

    async def publish(self, sharing: Sharing, plan: Plan) -> int:
        """Put what is new into the store; give how many bundles that were.

        Raises:
            WrongRevision: another master published meanwhile.
            LinkError: it is not stored; what was, is named by nothing that counts yet.
        """
        context, published = self._context, self._published
        key = context.keys.settings
        root = tree_root(key, sharing.local.digest)
        keyed = self._keyed(sharing, plan)
        generation = self._next()
        rows = await self._files.put(sharing, keyed, generation)
        wanted = self._wanted(sharing, plan, keyed, rows, generation)
        gone = [one for one in published.bundles if one not in plan.shares]
        head = published.head
        if not wanted and not gone and head is not None and head.root == root:
            return 0
        await self._put_bundles(sorted(wanted, key=lambda one: one.loses))
        for peel_id in gone:
            await chunks.delete(context.link, BUNDLES, token(peel_id))
            published.bundles.pop(peel_id, None)
        await self._put_head(root, generation, len(rows), len(plan.shares))
        _log.info(
            "published the settings", generation=generation, bundles=len(wanted), gone=len(gone),
            files=len(rows),
        )  # fmt: skip
        await self._files.tidy({row.stored for row in rows.values()})
        return len(wanted)

    def _next(self) -> int:
        head = self._published.head
        newest = max((one.note.generation for one in self._published.bundles.values()), default=0)
        return self._context.generation(max(newest, head.generation if head is not None else 0))

    def _keyed(self, sharing: Sharing, plan: Plan) -> dict[FileId, KeyedFile]:
        """Give each file under the key that holds from now on."""
        key = self._context.keys.settings
        needed = {file for share in _different(plan) for file in share.files}
        names = {file_name(key, *file): file for file in needed}
        numbers = dict.fromkeys(names, 1)
        lost: set[str] = set()
        may: dict[int, frozenset[str]] = {}
        for peel_id, stored in self._published.bundles.items():
            share = plan.shares.get(peel_id)
            mine = may.get(id(share))
            if mine is None:
                files = share.files if share is not None else ()
                mine = may[id(share)] = frozenset(file_name(key, *one) for one in files)
            for name, number in stored.note.files.items():
                if name in numbers:
                    numbers[name] = max(numbers[name], number)
                    if name not in mine:
                        lost.add(name)
        return {
            file: keyed_file(key, *file, numbers[name] + (name in lost), sharing.published(file)[0])
            for name, file in names.items()
        }

    def _wanted(
        self,
        sharing: Sharing,
        plan: Plan,
        keyed: Mapping[FileId, KeyedFile],
        rows: Mapping[FileId, SettingsFile],
        generation: int,
    ) -> list[_Wanted]:
        context = self._context
        alike: dict[int, tuple[SettingsBundle, bytes, dict[str, int]]] = {}
        wanted: list[_Wanted] = []
        for peel_id, share in plan.shares.items():
            public = context.boxes.public(peel_id)
            if public is None:
                continue  # it left this moment
            found = alike.get(id(share))
            if found is None:
                bundle = self._bundle(sharing, share, rows)
                files = {keyed[file].name: keyed[file].number for file in share.files}
                found = alike[id(share)] = (bundle, encode(bundle), files)
            bundle, said, files = found
            recipient = key_id(public)
            content = content_digest(context.keys.settings, peel_id, recipient, said)
            stored = self._published.bundles.get(peel_id)
            if stored is not None and stored.note.content == content:
                continue
            mine = _of(bundle, peel_id, recipient, generation, context.wall())
            loses = stored is not None and not stored.note.files.keys() <= files.keys()
            beside = BundleNote(
                generation=generation, recipient=recipient, content=content, files=files
            )  # fmt: skip
            wanted.append(_Wanted(peel_id, public, mine, beside, loses))
        return wanted

    def _bundle(
        self, sharing: Sharing, share: Share, rows: Mapping[FileId, SettingsFile]
    ) -> SettingsBundle:
        literals: dict[str, str] = {}
        for file in share.files:
            literals |= sharing.published(file)[1]
        secrets = {
            name: literals[name] if name in literals else self._values.value(name)
            for name in share.secrets
        }
        return SettingsBundle(
            site=self._context.site, peel="", recipient="", generation=0, issued=0.0,
            entries=share.entries, files=tuple(rows[file] for file in share.files),
            secrets=secrets, short=tuple(name for name in secrets if self._values.is_short(name)),
            lists=self._lists,
        )  # fmt: skip

    async def _put_bundles(self, wanted: list[_Wanted]) -> None:
        gate = asyncio.Semaphore(AT_ONCE)
        for losing in (False, True):
            mine = [one for one in wanted if one.loses is losing]
            for at in range(0, len(mine), _SEALED):
                part = mine[at : at + _SEALED]
                sealed = await asyncio.to_thread(self._sealed, part)
                await together(
                    self._put(one, value, gate) for one, value in zip(part, sealed, strict=True)
                )
            if mine:
                told = encode(Note(bucket=BUNDLES, revision=0))
                await self._context.link.publish(note(BUNDLES), told)

    def _sealed(self, wanted: list[_Wanted]) -> list[bytes]:
        return [self._seal(one) for one in wanted]

    def _seal(self, one: _Wanted) -> bytes:
        keys, site = self._context.keys, self._context.site
        signed = encode(sign(keys.job, "secrets", site, encode(one.bundle)))
        beside = seal_with(keys.settings, note_aad(site, one.peel_id), encode(one.note))
        sealed = seal_to(one.public, bundle_aad(site, one.peel_id), signed)
        return encode(SealedBundle(sealed=sealed, note=beside))

    async def _put(self, one: _Wanted, value: bytes, gate: asyncio.Semaphore) -> None:
        async with gate:
            at = await chunks.write(self._context.link, BUNDLES, token(one.peel_id), value)
        self._published.bundles[one.peel_id] = Stored(one.note, at)

    async def _put_head(self, root: bytes, generation: int, files: int, peels: int) -> None:
        context, published = self._context, self._published
        head = SettingsHead(
            site=context.site, generation=generation, issued=context.wall(),
            publisher=context.name, root=root, files=files, peels=peels,
        )  # fmt: skip
        value = context.signed("settings", head)
        published.revision = await kv.update(context.link, FILES, HEAD, value, published.revision)
        published.head = head


def _different(plan: Plan) -> Iterable[Share]:
    return {id(share): share for share in plan.shares.values()}.values()


def _of(
    bundle: SettingsBundle, peel_id: str, recipient: str, generation: int, issued: float
) -> SettingsBundle:
    return msgspec.structs.replace(
        bundle, peel=peel_id, recipient=recipient, generation=generation, issued=issued
    )  # fmt: skip
