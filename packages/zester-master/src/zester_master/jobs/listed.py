"""Which peels a job asks: what tells a return that somebody waits for from one that nobody does."""

from typing import Final

from zester_master.context import Context
from zester_master.jobs import store
from zester_master.jobs.desk import Desk
from zester_proto.ids import token
from zester_proto.kept import Kept

KEPT: Final = 32
"""Lists that are kept; each is some MB at 100,000 peels."""


class Listed:
    """The frozen lists of jobs, as they are asked for."""

    def __init__(self, context: Context, desk: Desk) -> None:
        self._context = context
        self._desk = desk
        self._kept = Kept[str, frozenset[str]](KEPT)

    async def asks(self, jid: str, peel_token: str) -> bool:
        """Say whether a job asks a peel; of a job whose list is damaged it is taken for granted.

        Raises:
            LinkError: it cannot be read.
        """
        job = self._desk.live.get(jid) or self._desk.mirrors.get(jid)
        if job is not None:
            return peel_token in job.places
        kept = self._kept.get(jid)
        if kept is None:
            try:
                found = await store.read(self._context.link, jid)
                if found is None:
                    return False
                ids = (await store.members(self._context.link, found.record)).ids
            except store.Gone:
                return True
            kept = frozenset(map(token, ids))
            self._kept.put(jid, kept)
        return peel_token in kept
