"""Keeps the published trees as they are in this master's folders, where this master publishes.

One master of all publishes, by lease. A tree that this master has not published before, and that
nobody edited here since the other was published, is not put in the place of another master's: two
masters with different folders would change the fleet back and forth. It says so instead, and
`zester tree publish` decides.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from zester_master.context import Context
from zester_master.files.check import check
from zester_master.files.heads import Heads
from zester_master.files.revision import Changing, Digests, Revision, build
from zester_master.files.scan import Scan, scan
from zester_master.files.upload import Upload, unpublished
from zester_master.lease import Lease
from zester_proto.health import Condition
from zester_proto.link import LinkError, WrongRevision, kv
from zester_proto.logs import Log
from zester_proto.tree.problems import told

PERIOD: Final = 0.5
"""Seconds between two looks at the folders; a change is published when two looks agree on it."""

SETTLE: Final = 0.25
"""Seconds to the second look at what was being written."""

SLOW: Final = 20
"""A look that takes long is made at most once in so many times its own length."""

ASKED: Final = "store.tree-publish"
"""Key in the bucket `site`: an operator asks for publishing."""

ASKED_TTL: Final = 30.0
"""Seconds for which a wish lasts: a master that comes later must not take it for its own."""

_log: Final = Log("zester.files")


class PublishAsked(msgspec.Struct, frozen=True, kw_only=True, tag="tree-publish", tag_field="t"):
    """An operator's wish."""

    time: float
    operator: str


def pause(looked: float, *, settled: bool) -> float:
    """Give the seconds until the next look: soon, where it was no end of an edit yet.

    Args:
        looked: seconds that the last look took.
        settled: it found what the look before had found.
    """
    return max(PERIOD if settled else SETTLE, SLOW * looked)


class Publisher:
    """One master's trees.

    Attributes:
        local: what lies in the folders, if it can be published.
        problems: why it cannot.
        lease: who publishes.
    """

    def __init__(self, context: Context, heads: Heads, roots: Mapping[str, Sequence[Path]]) -> None:
        self.local: Revision | None = None
        self.problems: tuple[str, ...] = ()
        self.lease = Lease(context, "tree")
        self.roots = roots
        self._context = context
        self._heads = heads
        self._upload = Upload(context, heads)
        self._digests = Digests()
        self._seen: Scan | None = None
        self._built: Scan | None = None
        self._edited: int | None = None
        """Generation that was published when the folders were last edited."""
        self._settled = True
        self._looked = 0.0

    async def run(self) -> None:
        """Look and publish, until cancelled."""
        await self._heads.read.wait()
        while True:
            await self._look()
            try:
                await self._publish_if_ours()
                self._context.health.clear("tree-unpublished")
            except LinkError as error:
                self._context.health.set(unpublished(error))
            self._say_who()
            await asyncio.sleep(pause(self._looked, settled=self._settled))

    @property
    def differs(self) -> bool:
        """Whether this master has another tree, or other named targets, than the published ones."""
        head, local = self._heads.head, self.local
        if local is None or head is None:
            return local is not None
        return head.root != local.root or head.groups != self._context.groups

    async def end(self) -> None:
        """Let another master publish.

        Raises:
            LinkError: the lease lapses by itself.
        """
        await self.lease.release()

    # -- looking ---------------------------------------------------------------------------------

    async def _look(self) -> None:
        began = self._context.clock()
        found = await asyncio.to_thread(scan, self.roots)
        self._looked = self._context.clock() - began
        self._settled, self._seen = found == self._seen, found
        if not self._settled or found == self._built:
            return
        try:
            built, problems = await asyncio.to_thread(self._read, found)
        except Changing:
            return
        except OSError as error:
            built, problems = None, (f"{error.filename}: {error.strerror}",)
        head = self._heads.head
        if self._built is not None:
            self._edited = head.generation if head else 0
        self._built = found
        if found.empty and head is None:
            problems, built = (), None  # a site without states is no mistake
        elif found.empty and not problems:
            problems = ("no folder of the state trees holds a file: is a disk not mounted?",)
        self.problems = problems
        self.local = built if built is not None and not problems else None
        self._context.tree_root = self.local.root if self.local else b""
        self._context.tree_problems = len(problems)
        self._say_problems()

    def _read(self, found: Scan) -> tuple[Revision, tuple[str, ...]]:
        wrong = [told(one) for one in check(found.environments)]
        return build(found, self._digests), (*found.problems, *wrong)

    def _say_problems(self) -> None:
        if not self.problems:
            self._context.health.clear("tree-broken")
            return
        more = f" and {len(self.problems) - 3} more" if len(self.problems) > 3 else ""
        text = "; ".join(self.problems[:3])
        self._context.health.set(
            Condition(
                "tree-broken",
                "warning",
                f"the state trees have {len(self.problems)} problems: {text}{more}",
                "the last good trees stay published; zester tree status shows all problems",
            )
        )

    # -- publishing ------------------------------------------------------------------------------

    async def _publish_if_ours(self) -> None:
        """Publish what differs, if it is this master's to do.

        Raises:
            LinkError: it is not stored, or the lease cannot be known.
        """
        if not await self.lease.hold() or self.local is None:
            return
        link = self._context.link
        asked = await kv.get(link, "site", ASKED)
        if asked is None and not (self.differs and self._is_own()):
            return
        try:
            await self._upload.publish(self.local, anew=asked is not None)
        except (Changing, OSError):
            return  # the next look finds the edit
        except WrongRevision:
            return  # another master was first; the watch tells what it published
        if asked is not None:
            await kv.delete(link, "site", ASKED, asked.revision)
        await self._upload.tidy()

    def _is_own(self) -> bool:
        head = self._heads.head
        if head is None or head.publisher == self._context.name:
            return True
        return self._edited == head.generation

    def _say_who(self) -> None:
        head, health = self._heads.head, self._context.health
        if not self.differs or head is None or head.publisher == self._context.name:
            health.clear("tree-differs")
            return
        who = "this master" if self.lease.held else self.lease.holder or "nobody"
        health.set(
            Condition(
                "tree-differs",
                "warning",
                f"the state trees of {self._context.name} are not those that {head.publisher} "
                f"published; {who} may publish now",
                "make the folders of all masters the same, or decide: zester tree diff, "
                "zester tree publish",
            )
        )
