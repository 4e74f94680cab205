"""Trust bundles between a master's folder and the bucket from which all read them (bus.md 2)."""

import asyncio
import contextlib
from pathlib import Path
from typing import Final

from zester_master.context import Context
from zester_proto.codec import decode, encode
from zester_proto.errors import CodecError, FileProblem
from zester_proto.health import Condition
from zester_proto.identity.bundle import TrustError, TrustStore
from zester_proto.link import LinkError, WrongRevision, kv
from zester_proto.link.watch import Batch, watch
from zester_proto.logs import Log
from zester_proto.messages.presence import Note
from zester_proto.messages.trust import SignedBundle, TrustBundle
from zester_proto.subjects import note

BUCKET: Final = "trust"
POLL: Final = 2.0
"""Seconds between two looks at the folder, into which add-master and operator add write."""

_log: Final = Log("zester.trust")


class Trusting:
    """Brings what the folder has to the bucket, and what the bucket has to the folder."""

    def __init__(self, context: Context, folder: Path) -> None:
        self._context = context
        self._folder = folder
        self._stamp = 0

    async def run(self) -> None:
        """Keep both at the newest, until cancelled."""
        await self._publish()
        self._check()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look_at_folder(), name="trust folder")
            async with watch(self._context.link, BUCKET) as bundles:
                async for batch in bundles:
                    self._take_stored(batch)

    def _take_stored(self, batch: Batch) -> None:
        found: dict[int, SignedBundle] = {}
        for entry in batch.entries:
            try:
                signed = decode(entry.value, SignedBundle)
                found[decode(signed.bundle.body, TrustBundle).version] = signed
            except CodecError as error:
                _log.warn("a stored trust bundle is malformed", key=entry.key, error=error.message)
        if self._walk([signed for _, signed in sorted(found.items())]):
            try:
                self._context.trust.save(self._folder, all_versions=True)
            except FileProblem as error:
                # a master under systemd's protection may only read its folder
                _log.debug("the newer trust bundle is not kept", error=error.message)

    def _walk(self, bundles: list[SignedBundle]) -> bool:
        trust = self._context.trust
        newer = [
            one for one in bundles if decode(one.bundle.body, TrustBundle).version > trust.version
        ]
        try:
            taken = trust.walk(newer)
        except TrustError as error:
            _log.error("a trust bundle is not taken", error=error.message)
            self._context.journal.audit("trust", "refused", error=error.message)
            return False
        if taken:
            _log.info("took a new trust bundle", version=trust.version)
            self._check()
        return bool(taken)

    async def _look_at_folder(self) -> None:
        while True:
            await asyncio.sleep(POLL)
            stamp = _stamp_of(self._folder)
            if stamp == self._stamp:
                continue
            self._stamp = stamp
            try:
                found = TrustStore.load(self._folder)
            except (FileProblem, TrustError) as error:
                _log.warn("the trust folder cannot be read", error=error.message)
                continue
            if found.site == self._context.site and self._walk(list(found.history)):
                await self._publish()

    async def _publish(self) -> None:
        """Put what the bucket lacks into it, and tell peels that there is something new.

        Raises:
            LinkError: it is not stored.
        """
        link, newest = self._context.link, 0
        for signed in self._context.trust.history:
            version = decode(signed.bundle.body, TrustBundle).version
            with contextlib.suppress(WrongRevision):
                newest = await kv.create(link, BUCKET, f"bundle.{version}", encode(signed))
        if newest:
            with contextlib.suppress(LinkError):
                await link.publish(note(BUCKET), encode(Note(bucket=BUCKET, revision=newest)))

    def _check(self) -> None:
        """Say so if nobody believes this master."""
        context = self._context
        if context.trust.job_key(context.keys.job.id) is None:
            context.health.set(
                Condition(
                    "master-untrusted",
                    "error",
                    f"no trust bundle holds the job key of {context.name}: nobody obeys it",
                    "make its keys with `zester-master add-master`, or take it out of service",
                )
            )
        else:
            context.health.clear("master-untrusted")


def _stamp_of(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0
