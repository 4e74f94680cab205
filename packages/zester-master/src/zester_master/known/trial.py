"""Tries an edit of the settings before it is published: for some peels of all kinds.

What a template asks for is known only when it is rendered, so an undefined variable would reach
every peel and stop its runs. An edit that breaks what could be rendered before stays here instead.
What could not be rendered before either is no fault of the edit, and goes out.
"""

import asyncio
from collections.abc import Collection, Sequence
from typing import Final

from zester_master.context import Context
from zester_master.known.renderers import RendererGone, Renderers
from zester_master.known.wire import Check, Peel, Tree
from zester_master.settings.local import LocalTree
from zester_master.settings.plan import Plan
from zester_proto.codec import pack
from zester_proto.logs import Log
from zester_proto.messages.settings import Lists

PEELS: Final = 32
"""Peels that an edit is tried for, each of another kind."""

SECONDS: Final = 6.0
"""Seconds that trying may take; what is not found by then goes out."""

TOLD: Final = 3
_TIDY: Final = 30.0
_log: Final = Log("zester.settings")


class Trial:
    """Renders trees that are not published, in a process of its own.

    Args:
        context: the master.
        lists: what lists do where two files have one.
    """

    def __init__(self, context: Context, lists: Lists = "replace") -> None:
        self._context = context
        self._lists: Lists = lists
        self._renderers = Renderers(1)

    async def broken(self, before: LocalTree | None, after: LocalTree, plan: Plan) -> list[str]:
        """Say what an edit breaks: which file and line, and for which peel.

        Args:
            before: what is published; None if that was never seen here: then an edit is broken
                that can be rendered for none of some peels.
            after: what is to be.
            plan: who gets what of that.
        """
        ids = self._kinds(plan)
        if before is None:
            ids = ids[:TOLD]
        failing: dict[str, str] = {}
        try:
            async with asyncio.timeout(SECONDS):
                await self._fails(after, ids, failing)
        except TimeoutError:
            _log.warn("an edit of the settings was tried for some peels alone: rendering is slow")
        ill = await self._ill(before, failing, ids)
        told: dict[str, list[str]] = {}
        for one, why in failing.items():
            if one not in ill:
                told.setdefault(why, []).append(one)
        return [f"{why} (on {', '.join(peels)})" for why, peels in told.items()]

    async def _ill(
        self, before: LocalTree | None, failing: Collection[str], ids: Collection[str]
    ) -> Collection[str]:
        """Give those of the failing peels for which the edit is not to blame."""
        if before is None:
            return [] if len(failing) == len(ids) else failing
        if not failing:
            return []
        ill: dict[str, str] = {}
        try:
            async with asyncio.timeout(SECONDS):
                await self._fails(before, list(failing), ill)
        except TimeoutError:
            return failing  # it was slow before
        return ill

    async def run(self) -> None:
        """Own the process, until cancelled: it ends when it was not needed for a while."""
        try:
            while True:
                await asyncio.sleep(_TIDY)
                await self._renderers.tidy()
        finally:
            await self._renderers.end()

    def _kinds(self, plan: Plan) -> list[str]:
        """Give a peel of each kind, present ones first: facts of others may be old."""
        present = self._context.presence.is_present
        kinds: dict[int, str] = {}
        for one in sorted(plan.shares, key=lambda peel_id: (not present(peel_id), peel_id)):
            if len(kinds) >= PEELS:
                break
            kinds.setdefault(id(plan.shares[one]), one)
        return list(kinds.values())

    async def _fails(self, local: LocalTree, ids: Sequence[str], failing: dict[str, str]) -> None:
        tree = Tree(
            root=local.digest, files=local.tree.files, groups=self._context.groups,
            lists=self._lists,
        )  # fmt: skip
        for one in ids:
            peel = Peel(one, 0.0, pack(self._context.index.get(one) or {}))
            try:
                answer = (await self._renderers.ask(tree, Check(), [peel]))[one]
            except RendererGone as error:
                failing[one] = error.message
                continue
            if answer.error:
                failing[one] = answer.error + (f" ({answer.hint})" if answer.hint else "")
            if len(failing) >= TOLD:
                return
