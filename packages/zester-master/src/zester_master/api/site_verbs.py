"""What operators ask about the site itself: masters, status, whoami, trust."""

from collections import Counter
from typing import Any

from zester_master.api.answers import Reply, value
from zester_master.api.requests import Asked, Denied
from zester_master.beat import beats
from zester_master.context import Context
from zester_master.jobs.desk import Desk
from zester_proto.codec import decode, encode
from zester_proto.link import LinkError
from zester_proto.messages.operators import PAGE_BYTES, TrustAsk
from zester_proto.messages.presence import MasterBeat
from zester_proto.messages.trust import TrustBundle
from zester_proto.permissions import VERBS
from zester_proto.units import counted


class SiteVerbs:
    """The verbs about masters and operators."""

    def __init__(self, context: Context, desk: Desk) -> None:
        self._context = context
        self._desk = desk

    async def whoami(self, asked: Asked) -> Reply:
        """Say who the operator is to this master."""
        return value({
            "name": asked.operator,
            "role": asked.role,
            "verbs": sorted(VERBS[asked.role]),
            "master": self._context.name,
            "bundle": self._context.trust.version,
            "site": self._context.site,
        })  # fmt: skip

    async def masters(self, _asked: Asked) -> Reply:
        """Say which masters live."""
        try:
            return value([_beat(one) for one in await beats(self._context.link)])
        except LinkError as error:
            raise Denied("unavailable", f"who lives cannot be read: {error.message}") from error

    async def status(self, _asked: Asked) -> Reply:
        """Say what is wrong."""
        context, presence = self._context, self._context.presence
        ids = {*context.index.ids(), *presence.connected()}
        states = Counter(
            "revoked" if context.is_revoked(one)
            else "present" if presence.is_present(one)
            else "absent"
            for one in ids
        )  # fmt: skip
        conditions = [
            {"code": one.code, "severity": one.severity, "text": one.text, "hint": one.remedy}
            for one in context.health.conditions()
        ]
        return value({
            "master": context.name,
            "peels": dict(states),
            "jobs": len(self._desk.live),
            "conditions": [*conditions, *await self._elsewhere()],
        })  # fmt: skip

    async def _elsewhere(self) -> list[dict[str, str]]:
        """Say which other masters cannot publish what their folders hold: one of them may be it."""
        try:
            others = await beats(self._context.link)
        except LinkError:
            return []  # which is a condition of its own
        return [
            {"code": "settings-broken", "severity": "warning",
             "text": f"the settings of {one.name} have {counted(one.settings_problems, 'problem')}",
             "hint": f"on {one.name}: zester-master settings check; the last good ones stay"}
            for one in others
            if one.settings_problems and one.instance != self._context.instance
        ]  # fmt: skip

    async def trust(self, asked: Asked) -> Reply:
        """Give the trust bundles after a version, as many as fit."""
        after = asked.arguments(TrustAsk).after
        found: list[bytes] = []
        size = 0
        for signed in self._context.trust.history:
            if decode(signed.bundle.body, TrustBundle).version > after:
                data = encode(signed)
                size += len(data)
                if size > PAGE_BYTES and found:
                    break
                found.append(data)
        return value(found)


def _beat(beat: MasterBeat) -> dict[str, Any]:
    return {
        "name": beat.name,
        "instance": beat.instance,
        "version": beat.version,
        "started": beat.started,
        "time": beat.time,
        "active": beat.active,
        "bundle": beat.bundle,
        "address": beat.address,
    }
