"""Keeps the published trees as they are in this master's folders, where this master publishes.

Where its folders differ from what another master published, `zester tree publish` decides.
"""

from typing import Final

import msgspec

from zester_master.context import Context
from zester_master.files.check import check
from zester_master.files.folders import Folders, Roots, Words
from zester_master.files.heads import Heads
from zester_master.files.revision import Changing, Digests, Revision, build
from zester_master.files.scan import Scan
from zester_master.files.upload import Upload
from zester_master.lease import Lease
from zester_proto.link import WrongRevision, kv
from zester_proto.tree.problems import told

ASKED: Final = "store.tree-publish"
"""Key in the bucket `site`: an operator asks for publishing."""

ASKED_TTL: Final = 30.0
"""Seconds for which a wish lasts: a master that comes later must not take it for its own."""

_WORDS: Final = Words(
    name="the state trees",
    broken="tree-broken",
    broken_hint="the last good trees stay published; zester tree status shows all problems",
    differs="tree-differs",
    differs_hint="make the folders of all masters the same, or decide: zester tree diff, "
    "zester tree publish",
    unpublished="tree-unpublished",
    buckets="the bucket state-files",
)


class PublishAsked(msgspec.Struct, frozen=True, kw_only=True, tag="tree-publish", tag_field="t"):
    """An operator's wish."""

    time: float
    operator: str


class Publisher:
    """One master's trees.

    Attributes:
        folders: where they lie.
        lease: who publishes.
    """

    def __init__(self, context: Context, heads: Heads, roots: Roots) -> None:
        self.lease = Lease(context, "tree")
        self.folders = Folders(
            context, roots, self._read, _WORDS, head=lambda: heads.head, lease=self.lease
        )  # fmt: skip
        self._context = context
        self._heads = heads
        self._upload = Upload(context, heads)
        self._digests = Digests()

    async def run(self) -> None:
        """Look and publish, until cancelled."""
        await self._heads.read.wait()
        folders = self.folders
        while True:
            if await folders.look():
                self._context.tree_root = folders.local.root if folders.local else b""
                self._context.tree_problems = len(folders.problems)
            await folders.publish(self._publish_if_ours)
            folders.say_who(differs=self.differs)
            await folders.pause()

    @property
    def differs(self) -> bool:
        """Whether this master has another tree, or other named targets, than the published ones."""
        head, local = self._heads.head, self.folders.local
        if local is None or head is None:
            return local is not None
        return head.root != local.root or head.groups != self._context.groups

    def _read(self, found: Scan) -> tuple[Revision, list[str]]:
        wrong = [told(one) for one in check(found.environments)]
        return build(found, self._digests), wrong

    async def _publish_if_ours(self) -> None:
        """Publish what differs, if it is this master's to do.

        Raises:
            LinkError: it is not stored, or the lease cannot be known.
        """
        local = self.folders.local
        if not await self.lease.hold() or local is None:
            return
        link = self._context.link
        asked = await kv.get(link, "site", ASKED)
        if asked is None and not (self.differs and self.folders.may_replace):
            return
        try:
            await self._upload.publish(local, anew=asked is not None)
        except (Changing, OSError):
            return  # the next look finds the edit
        except WrongRevision:
            return  # another master was first; the watch tells what it published
        if asked is not None:
            await kv.delete(link, "site", ASKED, asked.revision)
        await self._upload.tidy()
