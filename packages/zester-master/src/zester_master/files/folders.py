"""Folders of this master that are published for all: when an edit of them is one, and whose counts.

One master of all publishes, by lease. A tree that this master has not published before, and that
nobody edited here since the other was published, is not put in the place of another master's: two
masters with different folders would change the fleet back and forth. It says so instead.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Generic, NamedTuple, TypeVar

from zester_master.context import Context
from zester_master.files.revision import Changing
from zester_master.files.scan import Scan, scan
from zester_master.lease import Lease
from zester_proto.health import Condition
from zester_proto.link import LinkError
from zester_proto.messages.settings import SettingsHead
from zester_proto.messages.trees import TreeHead
from zester_proto.units import counted, few

PERIOD: Final = 0.5
"""Seconds between two looks at the folders; a change is published when two looks agree on it."""

SETTLE: Final = 0.25
"""Seconds to the second look at what was being written."""

SLOW: Final = 20
"""A look that takes long is made at most once in so many times its own length."""

_TOLD: Final = 3
"""Problems that a condition names."""

_Tree = TypeVar("_Tree")

Roots = Mapping[str, Sequence[Path]]
"""Environment to its folders, the strongest first."""

Head = TreeHead | SettingsHead

Read = Callable[[Scan], tuple[_Tree, Sequence[str]]]
"""Reads what was scanned, and says why it cannot be published; may raise `Changing`, `OSError`."""


class Words(NamedTuple):
    """How operators are told of one kind of folders."""

    name: str
    """As the sentence begins: `the state trees`."""
    broken: str
    """Condition of what cannot be published."""
    broken_hint: str
    differs: str
    """Condition of folders that are not what another master published."""
    differs_hint: str
    unpublished: str
    """Condition of what could not be stored."""
    buckets: str
    """Where it should be."""


class Folders(Generic[_Tree]):
    """The folders of one kind, as they are here and beside what is published.

    Attributes:
        local: what lies in them, if it can be published.
        problems: why it cannot.

    Args:
        context: of the master.
        roots: the folders.
        read: reads them; in a thread.
        words: tell of them.
        head: gives what of the kind is published.
        lease: who publishes.
    """

    def __init__(
        self,
        context: Context,
        roots: Roots,
        read: Read[_Tree],
        words: Words,
        *,
        head: Callable[[], Head | None],
        lease: Lease,
    ) -> None:
        self.local: _Tree | None = None
        self.problems: tuple[str, ...] = ()
        self._context = context
        self._roots = roots
        self._read = read
        self._words = words
        self._head = head
        self._lease = lease
        self._seen: Scan | None = None
        self._taken: Scan | None = None
        self._edited: int | None = None
        """Generation that was published when the folders were last edited."""
        self._settled = True
        self._took = 0.0
        """Seconds of the last look."""

    async def look(self) -> bool:
        """Look at the folders; say whether they hold something new, which is in `local` then."""
        began = self._context.clock()
        found = await asyncio.to_thread(scan, self._roots)
        self._took = self._context.clock() - began
        self._settled, self._seen = found == self._seen, found
        if not self._settled or found == self._taken:
            return False
        try:
            tree, wrong = await asyncio.to_thread(self._read, found)
        except Changing:
            return False
        except OSError as error:
            tree, wrong = None, (f"{error.filename}: {error.strerror}",)
        head = self._head()
        if self._taken is not None:
            self._edited = head.generation if head else 0
        self._taken = found
        problems = [*found.problems, *wrong]
        if found.empty and head is None:
            problems, tree = [], None  # a site without any is no mistake
        elif found.empty and not problems:
            problems = [f"no folder of {self._words.name} holds a file: is a disk not mounted?"]
        self.local = tree if not problems else None
        self.say_problems(problems)
        return True

    async def pause(self) -> None:
        """Wait for the time of the next look: soon, where this one was no end of an edit yet."""
        await asyncio.sleep(max(PERIOD if self._settled else SETTLE, SLOW * self._took))

    def say_problems(self, problems: Sequence[str]) -> None:
        """Keep why the folders cannot be published, and tell it; none takes it back."""
        self.problems = tuple(problems)
        words = self._words
        if not problems:
            self._context.health.clear(words.broken)
            return
        count = counted(len(problems), "problem")
        text = f"{words.name} have {count}: {few(problems, _TOLD, between='; ')}"
        self._context.health.set(Condition(words.broken, "warning", text, words.broken_hint))

    # -- beside what is published ----------------------------------------------------------------

    @property
    def may_replace(self) -> bool:
        """Whether these may be published in the place of what is."""
        head = self._head()
        if head is None or head.publisher == self._context.name:
            return True
        return self._edited == head.generation

    async def publish(self, how: Callable[[], Awaitable[None]]) -> None:
        """Have them published; what cannot be stored is told, and the next time tries again.

        Args:
            how: does it, and raises `LinkError` where it cannot.
        """
        words = self._words
        try:
            await how()
        except LinkError as error:
            text = f"{words.name} cannot be published: {error.message}"
            look = f"look at the nats-servers and {words.buckets}; it is tried again"
            condition = Condition(words.unpublished, "warning", text, error.hint or look)
            self._context.health.set(condition)
        else:
            self._context.health.clear(words.unpublished)

    def say_who(self, *, differs: bool) -> None:
        """Tell that another master's are published, and who may change that.

        Args:
            differs: these are others.
        """
        head, health, words = self._head(), self._context.health, self._words
        me, lease = self._context.name, self._lease
        under_way = lease.held and self.may_replace  # or it is told why it is not
        if head is None or head.publisher == me or not differs or under_way:
            health.clear(words.differs)
            return
        who = "this master" if lease.held else lease.holder or "nobody"
        text = (
            f"{words.name} of {me} are not those that {head.publisher} published; "
            f"{who} may publish now"
        )
        health.set(Condition(words.differs, "warning", text, words.differs_hint))
