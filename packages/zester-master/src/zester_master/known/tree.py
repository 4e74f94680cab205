"""Which tree a master renders from: what is published, as far as it has it in its folders."""

import asyncio
from typing import Final

from zester_master.context import Context
from zester_master.known.known import Known
from zester_master.settings.names import is_root
from zester_master.settings.published import Published
from zester_master.settings.publisher import SettingsPublisher

PERIOD: Final = 0.25
"""Seconds until a published change counts here."""


class KnownTree:
    """Follows what is published; an edit that is broken or not published yet changes nothing."""

    def __init__(
        self, context: Context, known: Known, publisher: SettingsPublisher, published: Published
    ) -> None:
        self._context = context
        self._known = known
        self._publisher = publisher
        self._published = published

    async def run(self) -> None:
        """Follow, until cancelled."""
        while True:
            self._look()
            await asyncio.sleep(PERIOD)

    def _look(self) -> None:
        head, sharing = self._published.head, self._publisher.folders.local
        if head is None:
            self._known.forget()
            return
        if head.root == self._known.root or sharing is None:
            return
        keys = self._context.keys
        if not is_root(head.root, sharing.local.digest, (keys.settings, *keys.also)):
            return
        self._known.use(head.root, sharing.local.tree.files)
