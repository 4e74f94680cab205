"""What operators ask about the fleet: target, peels, facts, catalogue, drain, undrain."""

from collections.abc import Iterator
from typing import Any, cast

from zester_master.api.answers import Item, Reply, listing, value
from zester_master.api.requests import Asked, Denied
from zester_master.context import Context
from zester_master.fleet.drains import Drains
from zester_master.fleet.quarantine import Quarantine
from zester_master.jobs.catalogues import Catalogues
from zester_master.jobs.starting import nobody, resolve, resolved, revoked_by_name
from zester_master.site.revocations import LIFE
from zester_proto.codec import pack_normal
from zester_proto.link import LinkError
from zester_proto.messages.jobs import Drain
from zester_proto.messages.operators import (
    CatalogueAsk,
    DrainAsk,
    FactsAsk,
    PeelAsk,
    TargetAsk,
)
from zester_proto.subjects import cmd_peel
from zester_proto.target import parse, walk, write


class FleetVerbs:
    """The verbs about peels."""

    def __init__(
        self, context: Context, drains: Drains, catalogues: Catalogues, quarantine: Quarantine
    ) -> None:
        self._context = context
        self._quarantine = quarantine
        self._drains = drains
        self._catalogues = catalogues

    async def target(self, asked: Asked) -> Reply:
        """Say who matches, and with `explain` how many each part does."""
        ask = asked.arguments(TargetAsk)
        meant = await resolve(self._context, ask.target)
        found: dict[str, object] = {"count": len(meant.ids)}
        if ask.explain:
            node = parse(ask.target, groups=self._context.groups)
            counted = self._context.index.explain(await self._context.settle(node))
            found["explain"] = [
                {"text": write(said), "count": part.count, "depth": part.depth}
                for (_, said), part in zip(walk(node), counted, strict=True)
            ]
        items = (Item(one, state=self._state(one)) for one in meant.ids)
        return listing(self._context, asked, items, found)

    async def peels(self, asked: Asked) -> Reply:
        """Say of each peel where it is and how it does."""
        ask = asked.arguments(TargetAsk)
        ids = (await resolve(self._context, ask.target)).ids
        if ask.target == "*":
            # one that is connected and has brought no facts yet is there all the same
            ids = sorted({*ids, *self._context.presence.connected(), *self._context.quarantined})
        ids = sorted({*ids, *self._revoked(ask.target)})
        return listing(self._context, asked, self._peels(ids))

    def _revoked(self, target: str) -> Iterator[str]:
        """Give the revoked peels to show: by name for ever, in the list while a JWT may live."""
        now = self._context.wall()
        for one in revoked_by_name(self._context, target):
            if target != "*" or now - self._context.revoked[one].at < LIFE:
                yield one

    def _peels(self, ids: list[str]) -> Iterator[Item]:
        for peel_id in ids:
            state = self._state(peel_id)
            yield Item(peel_id, pack_normal(self._peel(peel_id, state)), state)

    def _peel(self, peel_id: str, state: str) -> dict[str, object]:
        presence, seen = self._context.presence, self._context.presence.get(peel_id)
        addresses = presence.addresses(peel_id)
        problem = ""
        if state == "revoked":
            record = self._context.revoked[peel_id]
            problem = f"by {record.by}" + (f": {record.why}" if record.why else "")
        elif state == "quarantined":
            problem = self._context.quarantined[peel_id]
        elif state == "refused":
            problem = f"two live peels bear this id: {' and '.join(addresses)}"
        elif peel_id not in self._context.index:
            problem = "it has brought no facts yet"
        return {
            "state": state,
            "since": seen.since if seen is not None else 0.0,
            "version": (seen.version if seen is not None else "") or self._version(peel_id),
            "address": ", ".join(addresses),
            "instance": seen.instance if seen is not None else "",
            "facts": self._context.facts_at.get(peel_id, 0.0),
            "clock": seen.clock if seen is not None else 0.0,
            "problem": problem,
        }

    def _version(self, peel_id: str) -> str:
        """Give the version that a peel's facts name, for one that was not heard yet."""
        ours: Any = (self._context.index.get(peel_id) or {}).get("zester")
        return str(cast("dict[str, Any]", ours).get("version", "")) if type(ours) is dict else ""

    def _state(self, peel_id: str) -> str:
        if self._context.is_revoked(peel_id):
            return "revoked"
        if peel_id in self._context.quarantined:
            return "quarantined"
        if peel_id in self._context.presence.duplicates:
            return "refused"
        if not self._context.presence.is_present(peel_id):
            return "absent"
        return "drained" if self._drains.get(peel_id).on else "present"

    async def facts(self, asked: Asked) -> Reply:
        """Give facts from the index."""
        ask = asked.arguments(FactsAsk)
        index = self._context.index
        result = await resolved(self._context, ask.target)
        if ask.keys:
            rows = index.query(result, ask.keys)
            items = (Item(peel_id, pack_normal(facts)) for peel_id, facts in rows)
        else:
            whole = ((one, index.get(one)) for one in result.ids())
            items = (Item(one, pack_normal(facts)) for one, facts in whole if facts is not None)
        return listing(self._context, asked, items)

    async def catalogue(self, asked: Asked) -> Reply:
        """Give the digests of all catalogues, or one catalogue."""
        digest = asked.arguments(CatalogueAsk).digest
        if not digest:
            known = self._catalogues.digests()
            return value([{"digest": one, "peels": count} for one, count in known.items()])
        data = await self._catalogues.get(digest)
        return listing(self._context, asked, [Item(digest, data)])

    async def unquarantine(self, asked: Asked) -> Reply:
        """Let a peel in again that was shut out."""
        peel_id = asked.arguments(PeelAsk).id
        try:
            lifted = await self._quarantine.lift(peel_id)
        except LinkError as error:
            raise Denied("unavailable", f"it is not done: {error.message}") from error
        if not lifted:
            text = f"no peel {peel_id!r} is in quarantine"
            raise Denied("no-match", text, hint="zester peel list")
        self._context.journal.audit("peel", "unquarantined", peel_id, operator=asked.operator)
        return value({"peels": [peel_id]})

    async def drain(self, asked: Asked) -> Reply:
        """Have peels take no more jobs."""
        return await self._drain(asked, on=True)

    async def undrain(self, asked: Asked) -> Reply:
        """Have peels take jobs again."""
        return await self._drain(asked, on=False)

    async def _drain(self, asked: Asked, *, on: bool) -> Reply:
        context = self._context
        ids = (await resolve(context, asked.arguments(DrainAsk).target)).ids
        if not ids:
            raise nobody(context, asked.arguments(DrainAsk).target)
        # by the request's own time: a replay of it has a number that was had
        number = int(asked.request.issued * 1000)
        try:
            news = await self._drains.set(ids, number, on=on)
            for peel_id in news:
                order = Drain(
                    site=context.site,
                    id=peel_id,
                    number=number,
                    on=on,
                    issued=context.wall(),
                    operator=asked.operator,
                )
                await context.link.publish(cmd_peel(peel_id), context.signed("drain", order))
        except LinkError as error:
            raise Denied("unavailable", f"not all of it is done: {error.message}") from error
        what = "drained" if on else "undrained"
        context.journal.audit("peel", what, operator=asked.operator, peels=" ".join(news[:50]))
        return value({"peels": ids, "number": number})
