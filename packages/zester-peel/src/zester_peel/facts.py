"""Keeps this host's facts, and puts them where the masters read them, sealed (bus.md 2)."""

import asyncio
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from zester_modules.facts.child import collect_in_child
from zester_modules.facts.collected import FACTS_LIMIT, Collected
from zester_peel.meter import Meter
from zester_proto import PROTOCOL
from zester_proto.codec import digest, encode, pack, unpack
from zester_proto.errors import CodecError, FileProblem, ZesterError
from zester_proto.files import make_private_folder, write_atomic
from zester_proto.health import Condition, Health
from zester_proto.identity.bundle import TrustStore
from zester_proto.identity.creds import read_creds
from zester_proto.identity.sealing import BoxKey, seal_return
from zester_proto.identity.signing import key_id
from zester_proto.ids import token
from zester_proto.link import NatsLink, kv
from zester_proto.logs import Log
from zester_proto.messages.presence import Facts, facts_aad
from zester_proto.secrets.masker import Masker
from zester_proto.subjects import kv as kv_subject

BUCKET: Final = "facts"
LARGEST: Final = 128 * 1024
"""Bytes of sealed facts that masters take (bus.md 7)."""

APART: Final = 11.0
"""Seconds between two puts; masters take one in ten (bus.md 7)."""

_SPREAD: Final = 0.2


class FactsTrouble(ZesterError):
    """Raised when facts cannot be put."""


class Whose(msgspec.Struct, frozen=True, kw_only=True):
    """Whose facts they are, and where things lie."""

    peel_id: str
    instance: str
    version: str
    box: BoxKey
    creds: Path
    facts_dir: Path
    file: Path
    """The newest facts, for workers and for a start without them."""
    tmp: Path
    masker: Masker
    """Takes secrets out of what is put: a script of custom facts may say one."""


class FactsKeeper:
    """Collects facts, and publishes what changed.

    Attributes:
        data: the newest, packed.
        collected: whether this process has collected any.
    """

    def __init__(
        self,
        whose: Whose,
        *,
        link: NatsLink,
        trust: TrustStore,
        health: Health,
        meter: Meter,
        log: Log,
        interval: float,
        collect: Callable[..., Any] = collect_in_child,
    ) -> None:
        self.data = pack({"id": whose.peel_id})
        self.collected = False
        self._whose = whose
        self._link = link
        self._trust = trust
        self._health = health
        self._meter = meter
        self._log = log
        self._interval = interval
        self._collect_facts = collect
        self._put: tuple[bytes, bytes] | None = None
        """Digest of the facts and return key of the last put over this connection."""
        self._put_at = -APART
        self._refresh = asyncio.Event()
        self._changed = asyncio.Event()
        self._tried = asyncio.Event()
        """The first collection of this process is over, well or not."""

    def load(self) -> None:
        """Take what the process before this one knew; the first collection replaces it."""
        try:
            data = self._whose.file.read_bytes()
            unpack(data, limit=FACTS_LIMIT)
        except (OSError, CodecError):
            self._keep()
        else:
            self.data = data

    def values(self) -> dict[str, Any]:
        """Give the facts as a map, made anew."""
        return unpack(self.data, limit=FACTS_LIMIT)

    def take(self, found: Collected) -> None:
        """Take facts that somebody else collected: a job of facts.set or facts.refresh."""
        self.collected = True
        self._health.clear("facts")
        for warning in found.warnings:
            self._log.warn("facts", warning=warning)
        if found.data != self.data:
            self.data = found.data
            self._keep()
        self._changed.set()

    def _keep(self) -> None:
        try:
            write_atomic(self._whose.file, self.data)
        except FileProblem as error:
            self._log.warn("cannot keep the facts", error=error.message)

    def mask_again(self) -> None:
        """Take notice of secrets that were learned after facts were put."""
        self._changed.set()

    async def connected(self, _epoch: int) -> None:
        """Put the facts again: what the masters have may be older than this connection."""
        self._put = None
        self._changed.set()

    # -- collecting ----------------------------------------------------------------------------

    def refresh(self) -> None:
        """Collect soon."""
        self._refresh.set()

    async def serve_collecting(self) -> None:
        """Collect now, and again after each interval."""
        while True:
            self._refresh.clear()
            await self._collect()
            self._tried.set()
            spread = random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311  # no secret
            try:
                async with asyncio.timeout(self._interval * spread):
                    await self._refresh.wait()
            except TimeoutError:
                continue

    async def _collect(self) -> None:
        whose = self._whose
        try:
            make_private_folder(whose.tmp)
            found = await self._collect_facts(
                folder=whose.facts_dir, peel_id=whose.peel_id, version=whose.version, tmp=whose.tmp
            )
        except ZesterError as error:
            self._health.set(Condition("facts", "warning", error.message, error.hint))
            # old facts are better than none, and a peel without any cannot be targeted
            self._changed.set()
            return
        finally:
            shutil.rmtree(whose.tmp, ignore_errors=True)
        self._meter.facts_collect.observe(found.seconds)
        self.take(found)

    # -- publishing ----------------------------------------------------------------------------

    async def serve_publishing(self) -> None:
        """Put the facts whenever they changed, or the connection is new."""
        await self._tried.wait()
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._link.wait_connected()
            loop = asyncio.get_running_loop()
            await asyncio.sleep(max(0.0, self._put_at + APART - loop.time()))
            try:
                await self._publish()
                self._health.clear("facts-refused")
            except ZesterError as error:
                self._health.set(Condition("facts-refused", "warning", error.message, error.hint))
                loop.call_later(60.0, self._changed.set)

    async def _publish(self) -> None:
        keys = self._trust.return_keys
        if not keys:
            raise FactsTrouble("no bundle of this site names a key of the masters")
        data = self._whose.masker.packed(self.data)
        now = (digest(data), keys[0])
        if now == self._put:
            return
        value = encode(self._message(keys[0], data))
        if len(value) > LARGEST:
            raise FactsTrouble(
                f"the facts of this host have {len(value)} bytes, at most {LARGEST} are taken",
                hint="make the custom facts smaller; the masters keep the last ones that fitted",
            )
        self._put_at = asyncio.get_running_loop().time()
        await kv.put_until_acked(self._link, BUCKET, token(self._whose.peel_id), value)
        self._put = now
        self._put_at = asyncio.get_running_loop().time()
        self._log.debug("put the facts", bytes=len(value))

    def _message(self, public: bytes, data: bytes) -> Facts:
        whose, key = self._whose, key_id(public)
        subject = kv_subject(BUCKET, token(whose.peel_id))
        sealed = seal_return(whose.box, public, facts_aad(subject, key, PROTOCOL), data)
        # read again each time: it may have been renewed
        jwt = read_creds(whose.creds).jwt
        return Facts(jwt=jwt, instance=whose.instance, return_key=key, sealed=sealed)
