"""Stands between the peels' messages and who reads them: what is too much is dropped unread."""

import asyncio
import contextlib
from collections.abc import Collection
from typing import Final

from zester_master.context import Context
from zester_master.fleet.budgets import TIMES, Budgets, Verdict
from zester_master.fleet.quarantine import Quarantine
from zester_proto.codec import decode
from zester_proto.errors import CodecError
from zester_proto.identity.claims import UserClaims
from zester_proto.identity.jwt import BadJwt, read_jwt
from zester_proto.ids import token
from zester_proto.link import LinkError, WrongRevision, kv
from zester_proto.link.backoff import Backoff
from zester_proto.link.jsapi import ask
from zester_proto.logs import Log
from zester_proto.messages.presence import Facts

_SINGLY: Final = 100
_log: Final = Log("zester.guard")

OWN_KEYS: Final[tuple[tuple[str, str], ...]] = (
    ("KV_job-returns", "$KV.job-returns.*.{id}"),
    ("KV_job-returns", "$KV.job-returns.*.{id}.*"),
    ("KV_basket", "$KV.basket.{id}.*"),
    ("KV_update-status", "$KV.update-status.{id}.*"),
    ("events", "zester.event.{id}.>"),
)
"""Where a peel may fill a disk. Its facts stay: they are one key, and say who is refused."""


class Guard:
    """Counts what each peel says, and shuts out who floods."""

    def __init__(self, context: Context, quarantine: Quarantine) -> None:
        self._context = context
        self._quarantine = quarantine
        self._budgets = Budgets()
        self._floods: dict[str, str] = {}
        self._gone: set[str] = set()
        self._wake = asyncio.Event()
        quarantine.on_change(self._changed)

    def allows(self, kind: str, peel_id: str, count: int = 1) -> bool:
        """Say whether a message may be read; what may not is counted."""
        if peel_id in self._context.quarantined:
            self._context.meter.dropped.inc(count, reason="quarantined")
            return False
        verdict = self._budgets.spend(kind, peel_id, self._context.clock(), count)
        if verdict is Verdict.WITHIN:
            return True
        self._context.meter.dropped.inc(count, reason=f"{kind}-budget")
        if verdict is Verdict.TEN_TIMES and peel_id not in self._floods:
            self._floods[peel_id] = f"more than {TIMES} times its budget of {kind} messages"
            self._wake.set()
        return False

    def forgotten(self, peel_id: str) -> None:
        """Take away what a peel shares with others that is none any more."""
        self._gone.add(peel_id)
        self._wake.set()

    def _changed(self, peel_id: str, shut: bool) -> None:  # a hook's form
        if not shut:
            self._budgets.forget(peel_id)

    async def run(self) -> None:
        """Shut out who floods, and clear up after who is gone, until cancelled."""
        backoff = Backoff(base=0.5, cap=10.0)
        while True:
            await self._wake.wait()
            self._wake.clear()
            for peel_id, why in list(self._floods.items()):
                try:
                    await self._shut_out(peel_id, why)
                except LinkError as error:
                    _log.warn("a flooding peel is not shut out", peel_id=peel_id,
                              error=error.message)  # fmt: skip
                    await asyncio.sleep(backoff.next())
                    self._wake.set()
                else:
                    backoff.reset()
                    del self._floods[peel_id]
            for peel_id in list(self._gone):
                try:
                    if peel_id not in self._context.index:  # it may have come back
                        await self.purge(peel_id, "KV_basket")
                    if self._context.is_revoked(peel_id):
                        await self._clear_up(peel_id)
                except LinkError as error:
                    _log.warn("what a peel shared is not removed", peel_id=peel_id,
                              error=error.message)  # fmt: skip
                    await asyncio.sleep(backoff.next())
                    self._wake.set()
                else:
                    self._gone.discard(peel_id)

    async def _clear_up(self, peel_id: str) -> None:
        """Remove what a revoked peel says of itself; what it did, it did, and stays.

        Its bundle goes with the next round of the settings, which gives what it read other keys.
        """
        await self.purge(peel_id, "KV_update-status")
        entry = await kv.get(self._context.link, "facts", token(peel_id), fresh=True)
        if entry is None:
            return
        try:
            claims = read_jwt(decode(entry.value, Facts).jwt, UserClaims)
        except (CodecError, BadJwt):
            void = True
        else:
            void = self._context.revoked[peel_id].voids(claims)
        if void:  # and not brought this moment under other keys
            with contextlib.suppress(WrongRevision):
                await kv.delete(self._context.link, "facts", token(peel_id), entry.revision)

    async def _shut_out(self, peel_id: str, why: str) -> None:
        if await self._quarantine.add(peel_id, why):
            self._context.journal.audit("peel", "quarantined", peel_id, why=why)
        await self.purge(peel_id)

    async def purge(self, peel_id: str, stream: str = "") -> None:
        """Remove what a peel has stored, everywhere or in one stream.

        Raises:
            LinkError: not all of it is removed.
        """
        for name, subject in OWN_KEYS:
            if stream in {"", name}:
                await self._purge(name, subject.format(id=token(peel_id)))

    async def purge_returns(self, peel_id: str, jids: Collection[str]) -> None:
        """Remove what a peel returned to some jobs.

        Raises:
            LinkError: not all of it is removed.
        """
        if len(jids) > _SINGLY:
            await self.purge(peel_id, "KV_job-returns")
            return
        for jid in jids:
            key = f"$KV.job-returns.{jid}.{token(peel_id)}"
            await self._purge("KV_job-returns", key)
            await self._purge("KV_job-returns", f"{key}.*")

    async def _purge(self, stream: str, subject: str) -> None:
        await ask(
            self._context.link, f"STREAM.PURGE.{stream}", {"filter": subject}, dict[str, object]
        )
