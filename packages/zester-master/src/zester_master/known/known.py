"""What this master knows of settings: answers for operators, and `I@` turned into lists of ids.

Nothing is rendered before somebody asks. What a term means for a peel is kept until its facts or
the tree change.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from zester_master.basket.answering import BasketAnswers
from zester_master.context import Context
from zester_master.known.renderers import BATCH, COUNT, RendererGone, Renderers
from zester_master.known.wire import Answer, Match, Peel, Question, Tree, basket_key
from zester_proto.codec import pack, unpack
from zester_proto.errors import ZesterError
from zester_proto.kept import Kept
from zester_proto.link import LinkError
from zester_proto.messages.basket import VALUE_LIMIT, BasketAsk
from zester_proto.messages.settings import Lists
from zester_proto.target import Node, SettingsUnavailable, asks_settings, write
from zester_proto.target.ast import And, Group, Listed, Not, Or

PATIENCE: Final = 2.0
"""Seconds that a target waits for settings; who renders longer is asked again."""

TERMS: Final = 64
"""Terms whose answers are kept."""

_ROUNDS: Final = 4
_SLICE: Final = 0.005
"""Seconds that facts are packed before others get a turn."""

_TIDY: Final = 30.0


class SettingsUnknown(ZesterError):
    """Raised when settings decide, and cannot be known here."""


class StillRendering(ZesterError):
    """Raised when settings are being rendered, and will be known in a moment."""


class _Said(NamedTuple):
    stamp: float
    holds: bool


class _Term:
    def __init__(self, root: bytes) -> None:
        self.root = root
        self.said: dict[str, _Said] = {}
        self.asked: frozenset[str] = frozenset()
        """Peels that the task is about."""
        self.task: asyncio.Task[ZesterError | None] | None = None


class Known:
    """The settings of the fleet, as far as a master can know them.

    Args:
        context: the master.
        baskets: says what a peel may read of the basket.
        secret: gives the value of a secret, for those who may see it; empty where there is none.
        lists: what lists do where two files have one.
        count: processes that render.
    """

    def __init__(
        self,
        context: Context,
        baskets: BasketAnswers,
        secret: Callable[[str], str],
        lists: Lists = "replace",
        count: int = COUNT,
    ) -> None:
        self.renderers = Renderers(count)
        self._context = context
        self._baskets = baskets
        self._secret = secret
        self._lists: Lists = lists
        self._tree: Tree | None = None
        self._terms = Kept[str, _Term](TERMS)
        self._group: asyncio.TaskGroup | None = None

    @property
    def root(self) -> bytes:
        """Name of the tree that is known; empty where none is."""
        return self._tree.root if self._tree is not None else b""

    def forget(self) -> None:
        """Know no tree any more."""
        self._tree = None
        self._terms.clear()

    def use(self, root: bytes, files: Mapping[str, Mapping[str, bytes]]) -> None:
        """Know another tree from now on.

        Args:
            root: names it.
            files: environment to path to content.
        """
        self._tree = Tree(root=root, files=files, groups=self._context.groups, lists=self._lists)
        self._terms.clear()

    async def run(self) -> None:
        """Own what is under way, until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._group:
                while True:
                    await asyncio.sleep(_TIDY)
                    await self.renderers.tidy()
        finally:
            self._group = None
            await self.renderers.end()

    # -- asking --------------------------------------------------------------------------------

    async def ask(self, question: Question, ids: Sequence[str]) -> dict[str, Answer]:
        """Ask about the settings of peels.

        Raises:
            SettingsUnavailable: no settings tree is known here.
            RendererGone: rendering ended its process.
            LinkError: the basket cannot be read.
        """
        tree = self._tree
        if tree is None:
            raise SettingsUnavailable("this")
        stamps = self._context.facts_at
        peels = [Peel(one, stamps.get(one, 0.0)) for one in ids]
        found = await self.renderers.ask(tree, question, peels)
        wanting = [one for one in ids if found[one].lost]
        baskets: dict[str, dict[str, bytes]] = {}
        secrets: dict[str, str] = {}
        for _ in range(_ROUNDS):
            for at in range(0, len(wanting), COUNT * BATCH):
                some = await self._wholes(wanting[at : at + COUNT * BATCH], baskets, secrets)
                found.update(await self.renderers.ask(tree, question, some))
            wanting = [one for one in ids if found[one].wants or found[one].secrets]
            if not wanting:
                return found
            for one in wanting:
                for name in found[one].secrets:
                    secrets[name] = self._secret(name)
                refused = await self._fetch(one, found[one].wants, baskets.setdefault(one, {}))
                if refused is not None:
                    found[one] = refused
            wanting = [one for one in wanting if not found[one].error]
        text = "its settings ask for one basket after the other"
        return found | {one: Answer(one, error=text) for one in wanting}

    async def _wholes(
        self,
        ids: Sequence[str],
        baskets: Mapping[str, dict[str, bytes]],
        secrets: dict[str, str],
    ) -> list[Peel]:
        found: list[Peel] = []
        until = time.monotonic() + _SLICE
        for one in ids:
            facts = pack(self._context.index.get(one) or {})
            stamp = self._context.facts_at.get(one, 0.0)
            found.append(Peel(one, stamp, facts, baskets.get(one, {}), secrets))
            if time.monotonic() > until:
                await asyncio.sleep(0)
                until = time.monotonic() + _SLICE
        return found

    async def _fetch(
        self, peel_id: str, wants: Iterable[tuple[str, str]], into: dict[str, bytes]
    ) -> Answer | None:
        """Get what a peel may read of the basket, as it would itself; say what it may not."""
        for target, name in wants:
            rows: list[list[object]] = []
            after, more = "", True
            while more:
                ask = BasketAsk(nonce=b"", target=target, name=name, after=after)
                view = await self._baskets.view(peel_id, ask)
                if view.problem:
                    return Answer(peel_id, error=view.problem, hint=view.hint, volatile=True)
                for row in view.rows:
                    value = unpack(row.value, limit=VALUE_LIMIT)
                    rows.append([row.peel, value, max(0.0, view.time - row.at)])
                more, after = view.more, view.rows[-1].peel if view.rows else ""
            into[basket_key(target, name)] = pack(rows)
        return None

    # -- targets -------------------------------------------------------------------------------

    async def settle(self, node: Node) -> Node:
        """Give a target in which lists of ids stand for what asks for settings.

        Raises:
            SettingsUnavailable: no settings tree is known here.
            SettingsUnknown: a peel's settings decide, and cannot be known; the text says why.
            StillRendering: it takes longer than a target may wait.
        """
        return await self._settled(node, None) if asks_settings(node) else node

    async def _settled(self, node: Node, among: Node | None) -> Node:
        if not asks_settings(node):
            return node
        if isinstance(node, And):
            plain = [part for part in node.parts if not asks_settings(part)]
            around = _and([*plain, *([among] if among is not None else [])])
            return And(tuple([await self._settled(part, around) for part in node.parts]))
        if isinstance(node, Or):
            return Or(tuple([await self._settled(part, among) for part in node.parts]))
        if isinstance(node, Not):
            return Not(await self._settled(node.part, among))
        if isinstance(node, Group):
            return Group(node.name, await self._settled(node.node, among))
        index = self._context.index
        ids = index.ids() if among is None else index.resolve(among).ids()
        return Listed(tuple(await self.matching(write(node), ids)))

    async def matching(self, term: str, ids: Sequence[str]) -> list[str]:
        """Give those of some peels for which a term `I@` or `J@` holds.

        Raises:
            ZesterError: as of `settle`.
        """
        if self._tree is None:
            raise SettingsUnavailable(term)
        known = self._terms.get(term) or _Term(self._tree.root)
        self._terms.put(term, known)
        stamps = self._context.facts_at
        missing = [
            one
            for one in ids
            if (said := known.said.get(one)) is None or said.stamp != stamps.get(one, 0.0)
        ]
        if missing:
            problem = await self._wait(known, term, missing, len(ids))
            if problem is not None:
                raise problem
        said = known.said
        return [one for one in ids if one in said and said[one].holds]

    async def _wait(
        self, known: _Term, term: str, missing: Sequence[str], count: int
    ) -> ZesterError | None:
        if self._group is None:
            return await self._learn(known, term, missing)
        if known.task is None or known.task.done() or not known.asked.issuperset(missing):
            known.asked = frozenset(missing)
            known.task = self._group.create_task(self._learn(known, term, missing))
        task = known.task
        await asyncio.wait({task}, timeout=PATIENCE)
        if not task.done():
            raise StillRendering(
                f"the settings of {count} peels are being rendered for {term}, {len(known.said)} "
                "are known",
                hint="ask again in a moment: what is rendered is kept",
            )
        return task.result()

    async def _learn(self, known: _Term, term: str, ids: Sequence[str]) -> ZesterError | None:
        stamps, wrong = self._context.facts_at, list[Answer]()
        try:
            for at in range(0, len(ids), COUNT * BATCH):
                some = ids[at : at + COUNT * BATCH]
                before = {one: stamps.get(one, 0.0) for one in some}
                for one in (await self.ask(Match(term=term), some)).values():
                    if one.error:
                        wrong.append(one)
                    else:
                        # what a basket decided counts for this one question
                        stamp = -1.0 if one.volatile else before[one.id]
                        known.said[one.id] = _Said(stamp, bool(unpack(one.value)))
        except (SettingsUnavailable, RendererGone, LinkError) as error:
            return error
        if not wrong:
            return None
        more = f" and of {len(wrong) - 1} more peels" if len(wrong) > 1 else ""
        return SettingsUnknown(
            f"{term} hangs on settings of {wrong[0].id}{more} that cannot be known here: "
            f"{wrong[0].error}",
            hint=wrong[0].hint or "target by facts, or take these peels out: ... and not web-1",
        )


def _and(parts: Sequence[Node]) -> Node | None:
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else And(tuple(parts))
