"""What operators ask about the site itself: masters, status, whoami, trust."""

from collections import Counter
from typing import Any, Final

from zester_master.api.answers import Reply, value
from zester_master.api.requests import Asked, Denied
from zester_master.context import Context
from zester_master.jobs.desk import Desk
from zester_proto.codec import decode, encode
from zester_proto.errors import CodecError
from zester_proto.link import LinkError, kv
from zester_proto.messages.operators import PAGE_BYTES, TrustAsk
from zester_proto.messages.presence import MasterBeat
from zester_proto.messages.trust import TrustBundle
from zester_proto.permissions import VERBS

HEARTBEATS: Final = "master-heartbeat"


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
            entries = await kv.get_many(self._context.link, HEARTBEATS)
        except LinkError as error:
            raise Denied("unavailable", f"who lives cannot be read: {error.message}") from error
        return value([_beat(entry.value) for _, entry in sorted(entries.items())])

    async def status(self, _asked: Asked) -> Reply:
        """Say what is wrong."""
        context, presence = self._context, self._context.presence
        ids = {*context.index.ids(), *presence.connected()}
        states = Counter("present" if presence.is_present(one) else "absent" for one in ids)
        conditions = [
            {"code": one.code, "severity": one.severity, "text": one.text, "hint": one.remedy}
            for one in context.health.conditions()
        ]
        return value({
            "master": context.name,
            "peels": dict(states),
            "jobs": len(self._desk.live),
            "conditions": conditions,
        })  # fmt: skip

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


def _beat(data: bytes) -> dict[str, Any]:
    try:
        beat = decode(data, MasterBeat)
    except CodecError:
        return {}
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
