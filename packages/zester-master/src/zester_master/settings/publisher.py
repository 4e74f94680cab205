"""Keeps the published settings as they are in this master's folders, where this master publishes.

As with state trees one master of all publishes, by a lease of its own, and does not put its tree in
the place of another master's unless it was edited here since. What makes a round: an edit, facts
that changed, a peel that came or went, a secret with another value.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from zester_master.context import Context
from zester_master.files.publisher import pause
from zester_master.files.revision import Changing
from zester_master.files.scan import Scan, scan
from zester_master.lease import Lease
from zester_master.secrets.values import SecretValues
from zester_master.settings.files import StoredFiles
from zester_master.settings.local import LocalTree, read
from zester_master.settings.names import tree_root
from zester_master.settings.plan import Plan, Sharing
from zester_master.settings.published import Published
from zester_master.settings.round import Round
from zester_proto.health import Condition
from zester_proto.link import LinkError, WrongRevision
from zester_proto.logs import Log
from zester_proto.messages.settings import Lists
from zester_proto.render.nodes import Problem
from zester_proto.tree.problems import told

_log: Final = Log("zester.settings")


class Trial(Protocol):
    """Tries edits before they are published."""

    async def broken(self, before: LocalTree | None, after: LocalTree, plan: Plan) -> list[str]:
        """Say what an edit breaks that could be rendered before."""
        ...


class _Basis(NamedTuple):
    """All that a plan depends on; the same says that a round would change nothing."""

    tree: bytes
    facts: int
    boxes: int
    quarantined: frozenset[str]
    secrets: int


class SettingsPublisher:
    """One master's settings.

    Attributes:
        local: what lies in the folders, if it can be read.
        problems: why it cannot be published.
        lease: who publishes.
    """

    def __init__(
        self,
        context: Context,
        published: Published,
        values: SecretValues,
        roots: Mapping[str, Sequence[Path]],
        *,
        trial: Trial | None = None,
        lists: Lists = "replace",
    ) -> None:
        self.local: LocalTree | None = None
        self.problems: tuple[str, ...] = ()
        self.lease = Lease(context, "settings")
        self._context = context
        self._published = published
        self._values = values
        self._roots = roots
        self._trial = trial
        self._good: Sharing | None = None
        """What is published, as far as it lay in the folders."""
        self._files = StoredFiles(context)
        self._round = Round(context, published, self._files, values, lists)
        self._sharing: Sharing | None = None
        self._seen: Scan | None = None
        self._read: Scan | None = None
        self._edited: int | None = None
        """Generation that was published when the folders were last edited."""
        self._settled = True
        self._looked = 0.0
        self._done: _Basis | None = None
        """For which nothing is left to do."""

    async def run(self) -> None:
        """Look and publish, until cancelled."""
        await self._published.read.wait()
        await self._values.read.wait()
        await self._context.fleet_ready.wait()
        while True:
            await self._look()
            try:
                await self._publish_if_ours()
                self._context.health.clear("settings-unpublished")
            except LinkError as error:
                self._files.forget()
                self._context.health.set(_unpublished(error))
            self._say_who()
            if self._published.head is not None and self._sharing and not self._differs():
                self._good = self._sharing
            await asyncio.sleep(pause(self._looked, settled=self._settled))

    @property
    def settled(self) -> bool:
        """Whether this master publishes, and all that it knows of is in the store."""
        return self._sharing is not None and self._done == self._basis(self._sharing.local)

    async def end(self) -> None:
        """Let another master publish.

        Raises:
            LinkError: the lease lapses by itself.
        """
        await self.lease.release()

    # -- looking ---------------------------------------------------------------------------------

    async def _look(self) -> None:
        began = self._context.clock()
        found = await asyncio.to_thread(scan, self._roots)
        self._looked = self._context.clock() - began
        self._settled, self._seen = found == self._seen, found
        if not self._settled or found == self._read:
            return
        try:
            local, problems = await asyncio.to_thread(read, found)
        except Changing:
            return
        except OSError as error:
            local, problems = None, [f"{error.filename}: {error.strerror}"]
        head = self._published.head
        if self._read is not None:
            self._edited = head.generation if head else 0
        self._read, self._done = found, None
        problems = [*found.problems, *problems]
        if found.empty and head is None:
            problems, local = [], None  # a site without settings is no mistake
        elif found.empty and not problems:
            problems = ["no folder of the settings holds a file: is a disk not mounted?"]
        self.local = local if not problems else None
        self._sharing = self._shared(self.local)
        self._say_problems(problems)

    def _shared(self, local: LocalTree | None) -> Sharing | None:
        if local is None:
            return None
        return Sharing(local, self._context.keys.settings, self._context.groups)

    def _say_problems(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        context = self._context
        context.settings_problems = len(problems)
        context.settings_root = b""
        if self.local is not None and not problems:
            context.settings_root = tree_root(context.keys.settings, self.local.digest)
        if not problems:
            self._context.health.clear("settings-broken")
            return
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        self._context.health.set(
            Condition(
                "settings-broken",
                "warning",
                f"the settings have {len(problems)} problems: {'; '.join(problems[:3])}{more}",
                "the last good settings stay published",
            )
        )

    # -- publishing ------------------------------------------------------------------------------

    async def _publish_if_ours(self) -> None:
        """Publish what differs, if it is this master's to do.

        Raises:
            LinkError: it is not stored, or the lease cannot be known.
        """
        held = self.lease.held
        sharing = self._sharing or self._good
        if not await self.lease.hold() or sharing is None:
            return
        if not held:
            self._files.forget()
            self._done = None
        basis = self._basis(sharing.local)
        if basis == self._done or not self._is_own():
            return
        plan, problems = await self._planned(sharing)
        if sharing is self._sharing:
            self._say_problems(problems)
        if problems and self._good is not None and sharing is not self._good:
            # who comes or goes, and a secret's new value, do not wait for a mistake to be mended
            sharing = self._good
            plan, problems = await self._planned(sharing)
        if problems:
            self._done = basis  # until something else is so
            return
        try:
            await self._round.publish(sharing, plan)
        except WrongRevision:
            self._files.forget()
            return  # another master was first; the watch tells what it published
        self._done = basis

    async def _planned(self, sharing: Sharing) -> tuple[Plan, list[str]]:
        """Say who gets what, and why that cannot be published."""
        plan = await sharing.plan(self._context)
        await self._values.want(sharing.secret_places())
        problems = [*map(told, plan.problems), *self._lacking(sharing, plan)]
        return plan, problems or await self._tried(sharing, plan)

    async def _tried(self, sharing: Sharing, plan: Plan) -> list[str]:
        """Say what an edit breaks that can only be seen by rendering it."""
        good = self._good.local if self._good is not None else None
        same = good is not None and good.digest == sharing.local.digest
        if self._trial is None or self._published.head is None or same or not self._differs():
            return []
        return await self._trial.broken(good, sharing.local, plan)

    def _basis(self, local: LocalTree) -> _Basis:
        context = self._context
        return _Basis(
            local.digest, context.index.changes, context.boxes.changes,
            frozenset(context.quarantined), self._values.changes,
        )  # fmt: skip

    def _lacking(self, sharing: Sharing, plan: Plan) -> list[str]:
        """Say which secrets are named and nowhere to be had."""
        if plan.problems:
            return []
        names = self._values.names()
        lacking = (
            (place, self._values.lacking(name, names))
            for name, place in sharing.secret_places().items()
            if self._values.find(name) is None
        )
        return [
            told(Problem(message=error.message, place=place, hint=error.hint))
            for place, error in lacking
        ]

    def _is_own(self) -> bool:
        head = self._published.head
        if head is None or head.publisher == self._context.name:
            return True
        return self._edited == head.generation or not self._differs()

    def _differs(self) -> bool:
        head = self._published.head
        if head is None or self.local is None:
            return False
        keys = self._context.keys
        mine = (tree_root(one, self.local.digest) for one in (keys.settings, *keys.also))
        return head.root not in mine

    def _say_who(self) -> None:
        head, health = self._published.head, self._context.health
        same = head is None or head.publisher == self._context.name or not self._differs()
        if head is None or same or self._edited == head.generation:
            # what was edited since is with the master that publishes, which says what is wrong
            health.clear("settings-differ")
            return
        health.set(
            Condition(
                "settings-differ",
                "warning",
                f"the settings of {self._context.name} are not those that {head.publisher} "
                "published, and were not edited since",
                "make the folders of all masters the same; an edit here publishes these",
            )
        )


def _unpublished(error: LinkError) -> Condition:
    return Condition(
        "settings-unpublished",
        "warning",
        f"the settings cannot be published: {error.message}",
        error.hint
        or "look at the nats-servers and the buckets settings-files and secrets; it is tried again",
    )
