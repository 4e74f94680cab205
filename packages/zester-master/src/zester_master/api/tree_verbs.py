"""What operators ask about the state trees: status, diff, publish (states.md 6)."""

import asyncio
import difflib
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from zester_master.api.answers import Item, Reply, listing, value
from zester_master.api.requests import Asked, Denied
from zester_master.beat import beats
from zester_master.context import Context
from zester_master.files.heads import Heads, manifests_of
from zester_master.files.publisher import ASKED, ASKED_TTL, PublishAsked, Publisher
from zester_master.files.revision import Changing, Piece, read_piece
from zester_master.settings.status import SettingsStatus
from zester_proto.codec import encode, pack
from zester_proto.link import LinkError, chunks, kv
from zester_proto.messages.presence import MasterBeat
from zester_proto.messages.trees import (
    BUCKET,
    PIECE,
    BadTree,
    Manifest,
    TreeFile,
    blob_key,
)

_SHOWN: Final = 64 * 1024
"""Bytes of a file up to which a difference is shown."""


class TreeVerbs:
    """The verbs of trees."""

    def __init__(
        self, context: Context, heads: Heads, publisher: Publisher, settings: SettingsStatus
    ) -> None:
        self._context = context
        self._settings = settings
        self._heads = heads
        self._publisher = publisher

    async def status(self, _asked: Asked) -> Reply:
        """Say what is published, by whom, and what each master's folders hold."""
        publisher, beats = self._publisher, await self._beats()
        return value({
            "master": self._context.name,
            "holder": publisher.lease.holder,
            "published": self._published(),
            "problems": list(publisher.folders.problems),
            "masters": self._masters(beats),
            "settings": self._settings.status(beats),
        })  # fmt: skip

    def _published(self) -> dict[str, Any] | None:
        head = self._heads.head
        if head is None:
            return None
        return {
            "generation": head.generation,
            "root": head.root.hex(),
            "publisher": head.publisher,
            "issued": head.issued,
            "environments": {
                name: {"files": one.files, "bytes": one.bytes}
                for name, one in sorted(head.environments.items())
            },
        }

    async def _beats(self) -> list[MasterBeat]:
        try:
            return await beats(self._context.link)
        except LinkError as error:
            raise Denied("unavailable", f"who lives cannot be read: {error.message}") from error

    def _masters(self, beats: Iterable[MasterBeat]) -> list[dict[str, Any]]:
        head = self._heads.head
        rows: list[dict[str, Any]] = []
        for beat in beats:
            state = "broken" if beat.tree_problems else "differs"
            if head is not None and beat.tree == head.root:
                state = "same"
            elif head is None and not beat.tree and not beat.tree_problems:
                state = "none"  # a site without states is no mistake
            rows.append({"name": beat.name, "root": beat.tree.hex(), "state": state,
                         "problems": beat.tree_problems})  # fmt: skip
        return rows

    async def publish(self, asked: Asked) -> Reply:
        """Ask the master that holds the lease to publish its trees, whoever published before.

        It does so within a second or two; who asked looks at the status for it.
        """
        context = self._context
        wish = PublishAsked(time=context.wall(), operator=asked.operator)
        try:
            await kv.put(context.link, "site", ASKED, encode(wish), ttl=ASKED_TTL)
        except LinkError as error:
            raise Denied("unavailable", f"the wish is not stored: {error.message}") from error
        context.journal.audit("tree", "publish", operator=asked.operator)
        return value({"time": wish.time})

    async def diff(self, asked: Asked) -> Reply:
        """Say how this master's folders differ from what is published."""
        folders, head = self._publisher.folders, self._heads.head
        if folders.local is None:
            raise Denied(
                "conflict",
                f"the state trees of {self._context.name} cannot be published: "
                + ("; ".join(folders.problems[:3]) or "they are not read yet"),
                hint="zester tree status shows all problems",
            )
        try:
            published = await manifests_of(self._context.link, head) if head else {}
            rows = await self._rows(published, folders.local.manifests)
        except (LinkError, BadTree) as error:
            raise Denied("unavailable", error.message, hint=error.hint) from error
        return listing(self._context, asked, rows)

    async def _rows(self, before: dict[str, Manifest], after: dict[str, Manifest]) -> list[Item]:
        rows: list[Item] = []
        for env, path, old, new in _differences(before, after):
            state = "added" if old is None else "removed" if new is None else "changed"
            text = await self._text(path, old or _Thing(), new or _Thing())
            rows.append(Item(f"{env}:{path}", pack({"diff": text}), state))
        return rows

    async def _text(self, path: str, old: "_Thing", new: "_Thing") -> str:
        lines = [await self._lines(old, local=False), await self._lines(new, local=True)]
        if lines[0] is None or lines[1] is None:
            return ""
        names = (f"published/{path}", f"folder/{path}")
        found = difflib.unified_diff(lines[0], lines[1], *names, lineterm="\n")
        return "".join(found)[:_SHOWN]

    async def _lines(self, thing: "_Thing", *, local: bool) -> list[str] | None:
        """Give the lines of what lies at a path; None where it is a file that is no short text."""
        if thing.target:
            return [f"link to {thing.target}\n"]
        if thing.file is None:
            return ["folder that holds nothing\n"] if thing.empty else []
        return await self._file_lines(thing.file, local=local)

    async def _file_lines(self, file: TreeFile, *, local: bool) -> list[str] | None:
        if not file.pieces:
            return []
        if file.size > min(_SHOWN, PIECE):
            return None
        name = file.pieces[0]
        try:
            data = await self._local(name) if local else await self._stored(name)
            return data.decode().splitlines(keepends=True)
        except (UnicodeDecodeError, OSError, Changing):
            return None

    async def _local(self, name: bytes) -> bytes:
        local = self._publisher.folders.local
        blobs: dict[bytes, Piece] = local.blobs if local else {}
        return await asyncio.to_thread(read_piece, name, blobs[name]) if name in blobs else b""

    async def _stored(self, name: bytes) -> bytes:
        entry = await chunks.read(self._context.link, BUCKET, blob_key(name), limit=PIECE)
        return entry.value if entry is not None else b""


class _Thing(NamedTuple):
    """What lies at one path of a tree."""

    file: TreeFile | None = None
    target: str = ""
    """Where it leads, if it is a link."""
    empty: bool = False
    """It is a folder that holds nothing."""


def _differences(
    before: dict[str, Manifest], after: dict[str, Manifest]
) -> Iterator[tuple[str, str, _Thing | None, _Thing | None]]:
    for env in sorted({*before, *after}):
        old, new = _things(before.get(env)), _things(after.get(env))
        for path in sorted({*old, *new}):
            if old.get(path) != new.get(path):
                yield env, path, old.get(path), new.get(path)


def _things(manifest: Manifest | None) -> dict[str, _Thing]:
    if manifest is None:
        return {}
    files = {one.path: one for one in manifest.files}
    targets = {one.path: one.target for one in manifest.links or ()}
    empty = set(manifest.folders or ())
    return {
        path: _Thing(files.get(path), targets.get(path, ""), path in empty)
        for path in {*files, *targets, *empty}
    }
