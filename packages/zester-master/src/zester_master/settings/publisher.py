"""Keeps the published settings as they are in this master's folders, where this master publishes.

What makes a round: an edit, facts that changed, a peel that came or went, a secret with another
value.
"""

from typing import Final, NamedTuple, Protocol

from zester_master.context import Context
from zester_master.files.folders import Folders, Roots, Words
from zester_master.files.scan import Scan
from zester_master.lease import Lease
from zester_master.secrets.values import SecretValues
from zester_master.settings.files import StoredFiles
from zester_master.settings.local import LocalTree, read
from zester_master.settings.names import is_root, tree_root
from zester_master.settings.plan import Plan, Sharing
from zester_master.settings.published import Published
from zester_master.settings.round import Round
from zester_proto.link import LinkError, WrongRevision
from zester_proto.messages.settings import Lists
from zester_proto.render.nodes import Problem
from zester_proto.tree.problems import told

_WORDS: Final = Words(
    name="the settings",
    broken="settings-broken",
    broken_hint="the last good settings stay published",
    differs="settings-differ",
    differs_hint="make the folders of all masters the same; an edit on the one that may publish "
    "publishes its own",
    unpublished="settings-unpublished",
    buckets="the buckets settings-files and secrets",
)


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
        folders: where they lie.
        lease: who publishes.
    """

    def __init__(
        self,
        context: Context,
        published: Published,
        values: SecretValues,
        roots: Roots,
        *,
        trial: Trial | None = None,
        lists: Lists = "replace",
    ) -> None:
        self.lease = Lease(context, "settings")
        self.folders = Folders(
            context, roots, self._read, _WORDS, head=lambda: published.head, lease=self.lease
        )  # fmt: skip
        self._context = context
        self._published = published
        self._values = values
        self._trial = trial
        self._good: Sharing | None = None
        """What is published, as far as it lay in the folders."""
        self._files = StoredFiles(context)
        self._round = Round(context, published, self._files, values, lists)
        self._done: _Basis | None = None
        """For which nothing is left to do."""

    async def run(self) -> None:
        """Look and publish, until cancelled."""
        await self._published.read.wait()
        await self._values.read.wait()
        await self._context.fleet_ready.wait()
        folders = self.folders
        while True:
            if await folders.look():
                self._done = None
            await folders.publish(self._publish_if_ours)
            self._tell_masters()
            folders.say_who(differs=self._differs())
            if self._published.head is not None and folders.local and not self._differs():
                self._good = folders.local
            await folders.pause()

    @property
    def settled(self) -> bool:
        """Whether this master publishes, and all that it knows of is in the store."""
        sharing = self.folders.local
        return sharing is not None and self._done == self._basis(sharing.local)

    def _read(self, found: Scan) -> tuple[Sharing, list[str]]:
        local, problems = read(found)
        before = self.folders.local or self._good
        keys, groups = self._context.keys, self._context.groups
        return Sharing(local, keys.settings, groups, before), problems

    def _tell_masters(self) -> None:
        """Have this master's sign of life say what its folders hold."""
        context, folders = self._context, self.folders
        context.settings_problems = len(folders.problems)
        context.settings_root = b""
        if folders.local is not None and not folders.problems:
            context.settings_root = tree_root(context.keys.settings, folders.local.local.digest)

    async def _publish_if_ours(self) -> None:
        """Publish what differs, if it is this master's to do.

        Raises:
            LinkError: it is not stored, or the lease cannot be known.
        """
        held = self.lease.held
        sharing = self.folders.local or self._good
        if not await self.lease.hold() or sharing is None:
            return
        if not held:
            self._files.forget()
            self._done = None
        basis = self._basis(sharing.local)
        if basis == self._done or (self._differs() and not self.folders.may_replace):
            return
        plan, problems = await self._planned(sharing)
        if sharing is self.folders.local:
            self.folders.say_problems(problems)
        if problems and self._good is not None and sharing is not self._good:
            # who comes or goes, and a secret's new value, do not wait for a mistake to be mended
            sharing = self._good
            plan, problems = await self._planned(sharing)
        if problems:
            self._done = basis  # until something else is so
            return
        try:
            await self._round.publish(sharing, plan)
        except LinkError as error:
            self._files.forget()
            if isinstance(error, WrongRevision):
                return  # another master was first; the watch tells what it published
            raise
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

    def _differs(self) -> bool:
        head, sharing = self._published.head, self.folders.local
        if head is None or sharing is None:
            return False
        keys = self._context.keys
        return not is_root(head.root, sharing.local.digest, (keys.settings, *keys.also))
