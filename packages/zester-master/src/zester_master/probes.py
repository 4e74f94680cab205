"""What /readyz of a master says of its parts: the store, the folders, the fleet (runbook)."""

import asyncio
import os
from pathlib import Path
from typing import Any, Final

import msgspec

from zester_master.context import Context
from zester_proto.health import Check
from zester_proto.link import LinkError, kv
from zester_proto.link.jsapi import ask

PERIOD: Final = 10.0
SECONDS: Final = 3.0
BUCKETS: Final = {"kv_facts": "facts", "kv_jobs": "jobs", "kv_settings": "settings-files"}

_NOT_YET: Final = Check(ok=False, detail={"error": "not looked at yet"})


class _Cluster(msgspec.Struct, frozen=True):
    leader: str = ""


class _StreamInfo(msgspec.Struct, frozen=True):
    cluster: _Cluster | None = None


class Probes:
    """Asks every ten seconds what the answer of /readyz is made of."""

    def __init__(self, context: Context, folders: dict[str, Path], *, min_peels: int) -> None:
        self._context = context
        self._min_peels = min_peels
        self._found: dict[str, Check] = {}
        for name in ("jetstream", *BUCKETS):
            context.health.check(name, lambda name=name: self._found.get(name, _NOT_YET))
        for name, folder in folders.items():
            context.health.check(name, lambda folder=folder: _folder(folder))
        context.health.check("peels", self._peels)

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            await self._context.link.wait_connected()
            self._found["jetstream"] = await self._jetstream()
            for name, bucket in BUCKETS.items():
                self._found[name] = await self._bucket(bucket)
            await asyncio.sleep(PERIOD)

    async def _jetstream(self) -> Check:
        try:
            info = await ask(
                self._context.link, "STREAM.INFO.KV_jobs", {}, _StreamInfo, seconds=SECONDS
            )
        except LinkError as error:
            return Check(ok=False, detail={"error": error.message})
        # a server of its own has no leader to name
        leader = info.cluster.leader if info.cluster else ""
        return Check(ok=True, detail={"leader": leader} if leader else {})

    async def _bucket(self, name: str) -> Check:
        try:
            await kv.get(self._context.link, name, "probe", seconds=SECONDS)
        except LinkError as error:
            return Check(ok=False, detail={"error": error.message})
        return Check(ok=True)

    def _peels(self) -> Check:
        count = sum(1 for one in self._context.presence.present() if one in self._context.index)
        detail: dict[str, Any] = {"present": count, "known": len(self._context.index)}
        return Check(ok=count >= self._min_peels, detail=detail)


def _folder(path: Path) -> Check:
    if not path.exists():
        return Check(ok=True, detail={"path": str(path), "note": "there is none"})
    readable = os.access(path, os.R_OK | os.X_OK)
    return Check(ok=readable, detail={"path": str(path)})
